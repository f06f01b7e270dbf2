"""Batch norm without scale and shift."""

import torch

from autofis_kedro.models.mlp import MLP
from autofis_kedro.models.norm import PlainBatchNorm, estimating
from autofis_kedro.models.spec import MLPSpec
from tests.models.batch_norm_bounds import RoundedBatchNorm
from tests.rounding import assert_within, bound


def test_training_normalises_by_the_biased_batch_statistics():
    z_BU = torch.randn(40, 3) * 5 + 2
    out = PlainBatchNorm(3)(z_BU)
    exact_BU = z_BU.double()
    expected = (exact_BU - exact_BU.mean(0)) / (exact_BU.var(0, correction=0) + 1e-3).sqrt()
    law = RoundedBatchNorm(z_BU.double(), 1e-3)
    assert_within(out, expected, law.y.error)


def test_moving_statistics_follow_the_biased_ones():
    norm, z_BU = PlainBatchNorm(3), torch.randn(10, 3)
    norm(z_BU)
    law = RoundedBatchNorm(z_BU.double(), 1e-3)
    (mean_U, off_mean_U), (variance_U, off_variance_U) = law.mean, law.variance
    # the variance comes back from one over its root, with eps
    off_variance_U = off_variance_U + bound(8, variance_U + 1e-3)
    assert_within(norm.mean_U, 0.01 * mean_U, 0.01 * off_mean_U + bound(3, 0.01 * mean_U.abs()))
    assert_within(norm.variance_U, 0.99 + 0.01 * variance_U, 0.01 * off_variance_U + bound(3, 1.0))


def test_estimated_statistics_are_those_of_all_rows_however_they_are_cut():
    rows_BU = torch.randn(101, 4) * torch.tensor([0.1, 1.0, 3.0, 10.0]) + 7
    for cuts in ([101], [50, 51], [10, 90, 1]):
        norm = PlainBatchNorm(4).eval()
        with torch.no_grad(), estimating(norm) as has_norms:
            assert has_norms
            for part in rows_BU.split(cuts):
                norm(part)
        exact_BU = rows_BU.double()
        variance_U, square_U = exact_BU.var(0, correction=0), exact_BU.square().mean(0)
        # means and squares are averaged over the parts; the variance is what their difference leaves
        sizes = exact_BU.abs().mean(0), square_U
        off_mean_U, off_variance_U = (bound(101 + 8 * len(cuts), size_U) for size_U in sizes)
        assert_within(norm.mean_U, exact_BU.mean(0), off_mean_U)
        assert_within(norm.variance_U, variance_U, 3 * off_variance_U)
        off_U = (off_mean_U + bound(101, exact_BU.abs().mean(0))) * 2 / variance_U.sqrt()
        assert_within(norm(rows_BU).mean(0), torch.zeros(4), off_U)


def test_estimated_statistics_are_those_that_training_sees_behind_dropout():
    torch.manual_seed(3)
    mlp, rows_BD = MLP(6, MLPSpec(hidden=(200, 5), dropout=0.5)), torch.randn(4000, 6)
    for name, weight in mlp.named_parameters():
        torch.nn.init.normal_(weight, mean=0.2 if name.endswith("bias") else 0.0)
    behind, state = mlp.hidden[1].norm, torch.get_rng_state()
    found = []
    for _ in range(2):
        with torch.no_grad(), estimating(mlp.eval()):
            mlp(rows_BD)
        found.append(behind.variance_U.clone())
    assert torch.equal(*found), "the same masks"
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(mlp(rows_BD), mlp(rows_BD)), "dropout is off again"
    behind.momentum = 1.0
    mlp.train()(rows_BD)
    # two estimates from 4,000 rows each, of nearly normal values: five standard errors of their difference
    torch.testing.assert_close(found[0], behind.variance_U, rtol=5 * (2 * 2 / 4000) ** 0.5, atol=0)
    without = mlp.eval().hidden[0](rows_BD) @ mlp.hidden[1].weight
    assert (without.var(0) < 0.8 * found[0]).all()
