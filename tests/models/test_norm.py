"""Batch norm without scale and shift."""

import torch

from autofis_kedro.models.norm import PlainBatchNorm, estimating


def test_training_normalises_by_the_biased_batch_statistics():
    z_BU = torch.randn(40, 3) * 5 + 2
    out = PlainBatchNorm(3)(z_BU)
    expected = (z_BU - z_BU.mean(0)) / (z_BU.var(0, correction=0) + 1e-3).sqrt()
    torch.testing.assert_close(out, expected)


def test_moving_statistics_follow_the_biased_ones():
    norm, z_BU = PlainBatchNorm(3), torch.randn(10, 3)
    norm(z_BU)
    torch.testing.assert_close(norm.mean_U, 0.01 * z_BU.mean(0))
    torch.testing.assert_close(norm.variance_U, 0.99 + 0.01 * z_BU.var(0, correction=0))


def test_estimated_statistics_are_those_of_all_rows_however_they_are_cut():
    rows_BU = torch.randn(101, 4) * torch.tensor([0.1, 1.0, 3.0, 10.0]) + 7
    for cuts in ([101], [50, 51], [10, 90, 1]):
        norm = PlainBatchNorm(4).eval()
        with torch.no_grad(), estimating(norm) as has_norms:
            assert has_norms
            for part in rows_BU.split(cuts):
                norm(part)
        torch.testing.assert_close(norm.mean_U, rows_BU.mean(0), rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(norm.variance_U, rows_BU.var(0, correction=0), rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(norm(rows_BU).mean(0), torch.zeros(4), rtol=0, atol=1e-3)
