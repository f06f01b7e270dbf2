"""Gradients by read become the dense gradient, whatever sums them."""

import pytest
import torch
from torch import nn

from autofis_kedro.compiled import is_plain_torch, plain_torch
from autofis_kedro.data.reads import RowGradient
from autofis_kedro.optim.gradient_rows import GradientRows
from tests.rounding import assert_rounded

N = 50


@pytest.mark.parametrize("is_plain", [True, False])
def test_the_gradient_of_each_row_is_the_sum_of_its_reads_and_is_cleared(is_plain, monkeypatch):
    monkeypatch.setattr("autofis_kedro.compiled._is_plain", is_plain)
    tables = [nn.Parameter(torch.zeros(N, width)) for width in (1, 7)]
    rows = GradientRows(tables)
    generator = torch.Generator().manual_seed(0)
    for n_reads in (300, 20):
        ids_Z = torch.randint(0, N, (n_reads,), dtype=torch.int32, generator=generator)
        gradients = [torch.randn(n_reads, table.shape[1], generator=generator) for table in tables]
        expected, sizes = (
            [torch.zeros(N, g.shape[1]).double().index_add_(0, ids_Z, number(g.double())) for g in gradients]
            for number in (torch.clone, torch.abs)
        )
        rows.begin(ids_Z)
        rows.fill([RowGradient(gradient) for gradient in gradients])
        for table, sums in zip(tables, expected, strict=True):
            most = int(torch.bincount(ids_Z).max())
            assert_rounded(table.grad, sums, most, sizes.pop(0))
        rows.clear()
        assert not any(table.grad.any() for table in tables)


def test_sums_by_row_are_added_to_what_single_reads_have():
    table = nn.Parameter(torch.zeros(N, 7))
    rows, generator = GradientRows([table]), torch.Generator().manual_seed(0)
    ids_Z = torch.randint(0, N, (300,), dtype=torch.int32, generator=generator)
    reads = rows.begin(ids_Z)
    of_reads_ZK = torch.randn(300, 7, generator=generator)
    of_rows_UK = torch.randn(len(reads.rows_U), 7, generator=generator)
    for gradient in (RowGradient(of_reads_ZK, of_rows_UK), RowGradient(None, of_rows_UK)):
        rows.fill([gradient])
        expected, size = (torch.zeros(N, 7).double() for _ in range(2))
        for summed, number in ((expected, torch.clone), (size, torch.abs)):
            summed.index_add_(0, reads.rows_U, number(of_rows_UK.double()))
            if gradient.of_reads_ZK is not None:
                summed.index_add_(0, ids_Z, number(of_reads_ZK.double()))
        assert_rounded(table.grad, expected, int(torch.bincount(ids_Z).max()) + 1, size)
        rows.clear()
        assert not table.grad.any()


def test_plain_torch_ends_with_its_block():
    with plain_torch():
        assert is_plain_torch()
    assert not is_plain_torch()
