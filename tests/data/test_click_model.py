"""The closed form of the synthetic problem's clicks against the labels that the source draws."""

import numpy as np
import polars as pl
import pytest

from autofis_kedro.data.names import LABEL
from autofis_kedro.data.synthetic import SyntheticConfig, make_synthetic, synthetic_rows

EVERY_KIND = {"n_fields": 3, "n_values": 3, "planted": ((0, 1), (0, 1, 2)), "numeric_fields": 1, "multi_hot_fields": 1}


def values_of(rows, click_model):
    """Raw rows back to values [V, N] by field."""
    values = {}
    for i, field in enumerate(click_model.description.fields):
        cells = [str(cell).removesuffix(".0").replace("v", "").split("|") for cell in rows[field.name]]
        places = 3 if field.kind == "multi_hot" else 1
        values[i] = np.array([[int(c) for c in cell] + [-1] * (places - len(cell)) for cell in cells]).T
    return values


@pytest.mark.parametrize("noise", [0.3, 1.5])
def test_probabilities_are_the_click_rates_of_the_sources_own_labels(noise):
    problem = make_synthetic(SyntheticConfig(n_rows=400_000, noise=noise, positive_share=0.3, **EVERY_KIND))
    cells = problem.rows.group_by("x0", "x1", "x2").agg(pl.len(), pl.col("label").mean()).filter(pl.col("len") >= 200)
    p = problem.click_model.probability(values_of(cells, problem.click_model))
    assert len(cells) > 50
    assert np.ptp(p) > 0.8
    error = np.sqrt(p * (1 - p) / cells["len"].to_numpy()) + 1e-3  # the threshold is a quantile of these rows
    assert np.abs((cells["label"].to_numpy() - p) / error).max() < 4.5


def test_without_noise_probabilities_are_the_labels():
    problem = make_synthetic(SyntheticConfig(n_rows=2_000, noise=0.0, **EVERY_KIND))
    p = problem.click_model.probability(values_of(problem.rows, problem.click_model))
    assert (p == problem.rows["label"].to_numpy()).all()


def test_rows_drawn_from_it_are_rows_of_the_problem():
    config = SyntheticConfig(n_rows=50_000, positive_share=0.2, noise=0.5, **EVERY_KIND)
    problem = make_synthetic(config)
    truth = problem.click_model
    values = truth.draw(np.random.default_rng(1), 50_000, range(3))
    assert truth.probability(values).mean() == pytest.approx(0.2, abs=0.01)
    drawn = pl.DataFrame(truth.raw_columns(values))
    for name in drawn.columns:
        shares = [frame[name].value_counts(normalize=True, sort=True) for frame in (drawn, problem.rows)]
        joined = shares[0].join(shares[1], on=name, how="full")
        assert (joined["proportion"] - joined["proportion_right"]).abs().max() < 0.015
        assert joined.null_count().sum_horizontal().item() == 0


def test_typed_rows_are_what_the_pipeline_makes_of_raw_ones(tmp_path):
    raw = synthetic_rows(SyntheticConfig(n_rows=300, **EVERY_KIND))
    raw.write(tmp_path / "typed.parquet")
    read = pl.read_parquet(tmp_path / "typed.parquet").drop(LABEL)
    typed = raw.click_model.typed_rows(values_of(raw.frame.collect(), raw.click_model)).drop(LABEL)
    assert typed.equals(read.select(typed.columns))
