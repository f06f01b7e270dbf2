"""Deferred Adam against dense Adam in float64."""

import numpy as np
import pytest
import torch

from autofis_kedro.data.reads import RowGradient
from autofis_kedro.optim.deferred_adam import DeferredAdam, kernels_for
from autofis_kedro.optim.row_kernels import TorchKernels
from tests.rounding import assert_within, bound

N, K = 60, 3
STEPS = 300
KERNELS = ["torch", "best"]


def kernels(name):
    return TorchKernels() if name == "torch" else kernels_for(torch.zeros(1, 1))


def problem(seed, scale=1e-5):
    """Initial weights, and per step: rate, ids and gradients. Many rows are seldom read."""
    rng = np.random.default_rng(seed)
    weight = rng.normal(size=(N, K)) * 0.01
    popularity = np.arange(1, N + 1) ** -1.5
    steps = []
    for t in range(STEPS):
        ids = rng.choice(N, size=8, p=popularity / popularity.sum())
        steps.append((1e-3 * 0.8 ** (t // 100), ids, rng.normal(size=(8, K)) * scale))
    return weight, steps


def dense(weight, steps, lazy=False):
    """Adam in float64 that moves every row (``lazy``: the touched rows) at every step."""
    return dense_and_allowed(weight, steps, lazy)[0]


def dense_and_allowed(weight, steps, lazy=False):
    """Also how far rounding may take each weight in float32.

    A step's relative error grows with the steps that its averages remember, which is at most all: twice as many
    roundings in m, as many in the root of v. The weight itself is rounded once a step.
    """
    weight, m, v = weight.copy(), np.zeros((N, K)), np.zeros((N, K))
    m_terms, v_terms, path = np.zeros((N, K)), np.zeros((N, K)), np.zeros((N, K))
    for t, (rate, ids, gradients) in enumerate(steps, 1):
        total, terms = np.zeros((N, K)), np.zeros((N, K))
        np.add.at(total, ids, gradients)
        np.add.at(terms, ids, np.abs(gradients))
        rows = np.unique(ids) if lazy else slice(None)
        m[rows] = 0.9 * m[rows] + 0.1 * total[rows]
        v[rows] = 0.999 * v[rows] + 0.001 * total[rows] ** 2
        corrected = rate * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        weight[rows] -= corrected * m[rows] / (np.sqrt(v[rows]) + 1e-8)
        m_terms[rows] = 0.9 * m_terms[rows] + 0.1 * terms[rows]
        v_terms[rows] = 0.999 * v_terms[rows] + 0.001 * terms[rows] ** 2
        cancelled = np.sqrt(v_terms / np.maximum(v, np.finfo(float).tiny))
        path[rows] += corrected * (m_terms * np.maximum(cancelled, 1))[rows] / (np.sqrt(v[rows]) + 1e-8)
    return weight, bound(len(steps), np.abs(weight) + path) + bound(3 * len(steps), path)


def tensor(array, dtype=torch.float32):
    return torch.from_numpy(np.array(array)).to(dtype)


def run(adam, steps, dtype=torch.float32, flush_every=0):
    for t, (rate, ids, gradients) in enumerate(steps, 1):
        adam.rates = [rate] * len(adam.rates)
        adam.begin(torch.from_numpy(ids.astype(np.int32)))
        adam.step([RowGradient(tensor(gradients, dtype)) for _ in adam.rates])
        if flush_every and t % flush_every == 0:
            adam.flush()


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("scale", [1.0, 1e-5, 1e-7, 1e-9])  # where eps is nothing, counts, and is all
def test_equals_dense_adam(name, scale):
    start, steps = problem(0, scale)
    table = tensor(start)
    adam = DeferredAdam([table], [1.0], kernels=kernels(name))
    run(adam, steps)
    adam.flush()
    assert_within(table, *dense_and_allowed(start, steps))


def test_the_series_is_exact_to_float64_rounding_of_its_terms():
    start, steps = problem(1, 1e-6)
    table = tensor(start, torch.float64)
    adam = DeferredAdam([table], [1.0], kernels=TorchKernels())
    run(adam, steps, torch.float64)
    adam.flush()
    moved = dense(start, steps) - start
    assert np.abs(table.numpy() - start - moved).max() < 1e-6 * np.abs(moved).max()


def test_lazy_is_another_algorithm():
    start, steps = problem(2)
    table = tensor(start)
    adam = DeferredAdam([table], [1.0], lazy=True)
    run(adam, steps)
    adam.flush()
    (lazy, allowed), full = dense_and_allowed(start, steps, lazy=True), dense(start, steps)
    assert_within(table, lazy, allowed)
    assert np.abs(lazy - full).max() > 1e-2 * np.abs(full - start).max()


def test_compiled_kernels_equal_the_reference():
    start, steps = problem(3)
    tables = {name: tensor(start) for name in KERNELS}
    for name, table in tables.items():
        adam = DeferredAdam([table], [1.0], kernels=kernels(name))
        run(adam, steps, flush_every=70)
        adam.flush()
    for table in tables.values():
        assert_within(table, *dense_and_allowed(start, steps))


@pytest.mark.parametrize("flush_every", [1, 7, 250])
def test_flushing_changes_nothing(flush_every):
    start, steps = problem(4)
    tables = tensor(start), tensor(start)
    for table, every in zip(tables, (0, flush_every), strict=True):
        adam = DeferredAdam([table], [1.0])
        run(adam, steps, flush_every=every)
        adam.flush()
        adam.flush()  # twice is once
    for table in tables:
        assert_within(table, *dense_and_allowed(start, steps))


def test_rows_just_read_are_up_to_date():
    start, steps = problem(5)
    table, ids = tensor(start), np.arange(40, 48)
    adam = DeferredAdam([table], [1.0])
    run(adam, steps)
    for _ in range(2):  # reading again changes nothing
        adam.begin(torch.from_numpy(ids.astype(np.int32)))
    assert_within(table[ids], *(numbers[ids] for numbers in dense_and_allowed(start, steps)))


def test_resumed_equals_uninterrupted_bit_for_bit():
    start, steps = problem(6)
    whole, first = tensor(start), tensor(start)
    adam = DeferredAdam([whole], [1.0])
    run(adam, steps, flush_every=90)
    adam.flush()
    interrupted = DeferredAdam([first], [1.0])
    run(interrupted, steps[:150], flush_every=90)
    second = first.clone()
    resumed = DeferredAdam([second], [1.0])
    resumed.restore({name: value.clone() for name, value in interrupted.tensors().items()})
    for t, one in enumerate(steps[150:], 151):
        run(resumed, [one])
        if t % 90 == 0:
            resumed.flush()
    resumed.flush()
    assert torch.equal(second, whole)


def test_tables_of_other_widths_and_rates_share_their_rows():
    start, steps = problem(7)
    wide, narrow = tensor(start), tensor(start[:, :1])
    adam = DeferredAdam([wide, narrow], [1.0, 10.0])
    for rate, ids, gradients in steps:
        adam.rates = [rate, 10 * rate]
        adam.begin(torch.from_numpy(ids.astype(np.int32)))
        adam.step([RowGradient(tensor(gradients)), RowGradient(tensor(gradients[:, :1]))])
    adam.flush()
    faster = [(10 * rate, ids, gradients) for rate, ids, gradients in steps]
    for table, taken in ((wide, steps), (narrow, faster)):
        assert_within(table, *(numbers[:, : table.shape[1]] for numbers in dense_and_allowed(start, taken)))


def test_many_steps_without_a_flush():
    start, steps = problem(8)
    table, many = tensor(start), steps * 9  # more than the first room for sums
    adam = DeferredAdam([table], [1.0])
    run(adam, many)
    adam.flush()
    assert_within(table, *dense_and_allowed(start, many))


@pytest.mark.parametrize("name", KERNELS)
def test_sums_by_row_and_what_single_reads_add_are_one_gradient(name):
    start, steps = problem(9)
    by_read, by_row, in_parts = tensor(start), tensor(start), tensor(start)
    for table in (by_read, by_row, in_parts):
        adam = DeferredAdam([table], [1.0], kernels=kernels(name))
        for rate, ids, gradients in steps:
            adam.rates = [rate]
            reads = adam.begin(torch.from_numpy(ids.astype(np.int32)))
            owner_Z = torch.empty(len(ids), dtype=torch.int64)
            owner_Z[reads.order_Z.long()] = torch.repeat_interleave(torch.diff(reads.starts_U)).long()
            of_reads_ZK = tensor(gradients)
            of_rows_UK = torch.zeros(len(reads.rows_U), of_reads_ZK.shape[1]).index_add_(0, owner_Z, of_reads_ZK)
            if table is by_read:
                gradient = RowGradient(of_reads_ZK)
            elif table is by_row:
                gradient = RowGradient(None, of_rows_UK)
            else:
                gradient = RowGradient(0.75 * of_reads_ZK, 0.25 * of_rows_UK)
            adam.step([gradient])
        adam.flush()
    for table in (by_read, by_row, in_parts):
        assert_within(table, *dense_and_allowed(start, steps))
