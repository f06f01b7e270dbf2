"""What an interaction is worth and means, against the plain computation and the planted weights."""

from __future__ import annotations

import numpy as np
import pytest

from autofis_kedro.evidence.base import Term, cross, empirical_ridge, fit_base, terms_of
from autofis_kedro.evidence.columns import Columns
from autofis_kedro.evidence.config import EvidenceConfig
from autofis_kedro.evidence.gain import gain_of, out_of_fold
from autofis_kedro.evidence.gathering import Evidence, gather
from autofis_kedro.evidence.meaning import joint_values
from autofis_kedro.evidence.power import smallest_effect
from autofis_kedro.evidence.testing import ScoreTester
from tests.evidence.logs import draw


@pytest.fixture(scope="module")
def log() -> Columns:
    return draw(11, 10_000, (6, 12, 20), [(0, 1)])


@pytest.fixture(scope="module")
def evidence(log: Columns) -> Evidence:
    return gather(log, EvidenceConfig())


def test_the_base_is_where_the_penalised_likelihood_is_flat(log: Columns) -> None:
    base = fit_base(terms_of(log), log.labels_N)
    for values_N, weight, ridge in zip(log.values_F, base.weights, base.ridges, strict=True):
        slope = np.bincount(values_N, log.labels_N - base.p_N) - ridge * weight
        curvature = np.bincount(values_N, base.p_N * (1 - base.p_N)) + ridge
        # what a further step would gain is negligible, as the fit promises
        assert float((slope**2 / curvature).sum()) < 0.5


@pytest.mark.parametrize("positives", [1, 299])
def test_folds_may_lack_one_of_the_labels(positives: int) -> None:
    rng = np.random.default_rng(0)
    columns = Columns.of_arrays(rng.integers(0, 4, (300, 4)), np.arange(300) < positives, list("abcd"))
    found = gather(columns, EvidenceConfig(orders=(2, 3)))
    scores = [score for choice in found.choices for score in choice.alone.values()]
    assert np.isfinite([(score.z, score.p, score.variance) for score in scores]).all()
    assert np.isfinite([(gain.per_1000_rows, gain.standard_error) for gain in found.gains.values()]).all()
    assert not found.kept


def test_a_ridge_is_one_over_the_variance_of_well_known_weights() -> None:
    weight = np.random.default_rng(0).normal(scale=0.5, size=2000)
    assert empirical_ridge(weight, np.full(2000, 1e6), 4.0) == pytest.approx(4.0, rel=0.1)
    assert empirical_ridge(np.zeros(10), np.ones(10), 1.0) == 300.0


def test_the_gain_is_what_the_step_saves_row_by_row(log: Columns) -> None:
    rows = out_of_fold(log, terms_of(log), 3, seed=0)
    gain = gain_of(rows, (0, 1), effect_variance=1.0)
    step_N = np.zeros(log.n_rows)
    key = log.values_F[1].astype(int) * 6 + log.values_F[0]
    g, h = log.labels_N - rows.p_N, rows.p_N * (1 - rows.p_N)
    for fold in range(3):
        out = rows.fold_N == fold
        G, H = (np.bincount(key[~out], x[~out], minlength=72).reshape(12, 6) for x in (g, h))
        for _ in range(200):
            G = G - H * (G.sum(0) / np.maximum(H.sum(0), 1e-12))
            G = G - H * (G.sum(1) / np.maximum(H.sum(1), 1e-12))[:, None]
        step_N[out] = (np.clip(G / (H + 1.0), -3, 3)).ravel()[key[out]]
    logit = np.log(rows.p_N / (1 - rows.p_N))
    y = log.labels_N
    before, after = (np.logaddexp(0, x) - y * x for x in (logit, logit + step_N))
    saved = 1000 * (before - after)
    assert gain.per_1000_rows == pytest.approx(saved.mean(), rel=1e-3)  # margins are taken out in three rounds
    assert gain.standard_error == pytest.approx(saved.std() / log.n_rows**0.5, rel=1e-3)


def test_planted_pairs_gain_and_others_do_not(evidence: Evidence) -> None:
    planted = evidence.gains[(0, 1)]
    assert planted.per_1000_rows > 5 * planted.standard_error
    for fields in ((0, 2), (1, 2)):
        assert evidence.gains[fields].per_1000_rows < 2 * evidence.gains[fields].standard_error + 0.1
    assert evidence.kept == ((0, 1),)
    assert evidence.together.per_1000_rows > 0.8 * planted.per_1000_rows


def test_intervals_cover_the_planted_effects() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.integers(0, 10, 60_000), rng.integers(0, 8, 60_000)
    effect = rng.normal(size=(10, 8))
    effect -= effect.mean(0)
    effect -= effect.mean(1)[:, None]  # uniform values: what the fields say alone is 0
    labels = rng.random(60_000) < 1 / (1 + np.exp(1.0 - effect[first, second]))
    columns = Columns.of_arrays(np.stack([first, second], axis=1), labels, ["a", "b"])
    base = fit_base(terms_of(columns), columns.labels_N)
    found = joint_values(columns, base, (0, 1), effect_variance=1.0)
    # what endless rows would show: the true rate of a joint value against the base's, without margins
    cell = (found.value_FC[0], found.value_FC[1])
    rate, expected = 1 / (1 + np.exp(1.0 - effect[cell])), found.expected_C / found.rows_C
    true = np.log(rate / (1 - rate)) - np.log(expected / (1 - expected))
    weight, total = np.zeros((10, 8)), np.zeros((10, 8))
    weight[cell], total[cell] = found.rows_C * rate * (1 - rate), true * found.rows_C * rate * (1 - rate)
    for _ in range(200):
        total = total - weight * (total.sum(0) / weight.sum(0))
        total = total - weight * (total.sum(1) / weight.sum(1))[:, None]
    true = (total / weight)[cell]
    is_covered = np.abs(found.effect_C - true) < 1.96 * found.error_C
    # 80 intervals of 95 %: three standard deviations below it
    assert is_covered.mean() > 0.95 - 3 * (0.05 * 0.95 / 80) ** 0.5
    assert np.corrcoef(found.effect_C, true)[0, 1] > 0.95
    table = found.table()
    assert table["log_odds_shrunk"].abs().is_sorted(descending=True)
    assert ((table["low"] < table["odds_ratio"]) & (table["odds_ratio"] < table["high"])).all()


def test_rows_and_positives_of_joint_values_are_counted(log: Columns) -> None:
    found = joint_values(log, fit_base(terms_of(log), log.labels_N), (0, 1), 1.0)
    key = found.value_FC[0] * 12 + found.value_FC[1]
    counted = np.bincount(log.values_F[0] * 12 + log.values_F[1], minlength=72)
    clicks = np.bincount(log.values_F[0] * 12 + log.values_F[1], log.labels_N, minlength=72)
    assert (found.rows_C == counted[key]).all()
    assert (found.positives_C == clicks[key]).all()
    assert len(key) == (counted >= 2).sum()


def test_the_smallest_effect_to_be_seen_shrinks_with_rows() -> None:
    sizes = []
    for n_rows in (4000, 16_000):
        columns = draw(5, n_rows, (8, 12))
        base = fit_base(terms_of(columns), columns.labels_N)
        sizes.append(smallest_effect(ScoreTester(columns, base).scores([(0, 1)])[(0, 1)], 0.01))
    assert sizes[0] is not None
    assert sizes[1] is not None
    assert sizes[1] < sizes[0] < 2.0


def test_crosses_number_joint_values() -> None:
    columns = draw(2, 500, (4, 5, 3))
    term: Term = cross(columns, (0, 1, 2))
    joint = np.stack(columns.values_F, axis=1)
    distinct, inverse = np.unique(joint, axis=0, return_inverse=True)
    assert term.size == len(distinct)
    assert len(np.unique(np.stack([term.id_N, inverse.ravel()], axis=1), axis=0)) == term.size
