"""Tables and figures hold what they were given."""

import io

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from autofis_kedro.data.examples import Examples
from autofis_kedro.errors import UserError
from autofis_kedro.evaluation.metrics import Metrics
from autofis_kedro.evaluation.significance import paired_t_test
from autofis_kedro.pipelines.comparison.nodes import predict_constant
from autofis_kedro.reporting.gate_plots import alpha_heatmap, alpha_trajectories, extraction_curve
from autofis_kedro.reporting.plots import comparison_dots, training_curves
from autofis_kedro.reporting.rows import ModelMetrics, choose
from autofis_kedro.reporting.tables import comparison, kept_interactions, render
from autofis_kedro.selection import Gates, SizeOnCurve, from_gates
from tests.problems import schema_of

SCHEMA = schema_of([4, 4, 4, 4])
GATES = Gates(np.array([0.0, -0.9, 0.3, 0.0, 0.2, 0.0]), np.array([0.1, -1.4, 0.8, -0.4, 0.7, 0.2]), SCHEMA.tuples(2))
CURVE = tuple(
    SizeOnCurve(size=s, log_loss=0.5 - 0.01 * s, difference=0.06 - 0.01 * s, standard_error=0.01) for s in (1, 2, 6)
)
SCHEMA_PAIRS = [(SCHEMA.names[i], SCHEMA.names[j]) for i, j in SCHEMA.tuples(2)]
SELECTION = from_gates(GATES, SCHEMA, 2, "test", CURVE)


def model(name, *losses):
    metrics = [
        Metrics(auc=0.9 - loss / 10, log_loss=loss, calibration=1, rows=90, positive_share=0.5) for loss in losses
    ]
    rest = {"kept": 2, "candidates": 6, "parameters": 10, "rows_per_second": 1e5, "train_seconds": 3.0}
    return ModelMetrics(model=name, valid=tuple(metrics), test=tuple(metrics), **rest)


def test_the_comparison_has_means_spreads_and_the_paired_test():
    models = [model("fm", 0.50, 0.52, 0.51), model("autofm", 0.45, 0.46, 0.47), model("lr", 0.6)]
    table = comparison(models, "autofm")
    row = table.row(1, named=True)
    assert row["test_log_loss"] == pytest.approx(0.46)
    assert row["test_log_loss_std"] == pytest.approx(0.01)
    assert row["difference"] == pytest.approx(-0.05)
    assert row["p"] == pytest.approx(paired_t_test([0.45, 0.46, 0.47], [0.50, 0.52, 0.51]).p)
    assert table["chosen"].to_list() == [False, True, False]
    assert table.row(2, named=True)["p"] is None, "one seed says nothing about chance"


def test_a_lucky_candidate_is_not_chosen_and_a_better_one_is():
    rng = np.random.default_rng(0)
    fm = rng.exponential(size=3000)
    lucky = {f"m{i}": fm + rng.normal(0.002, 0.05, 3000) for i in range(10)}
    assert choose({"fm": fm} | lucky).model == "fm"
    assert choose({"fm": fm, "worse": fm + 0.1}).why == "fm has the lowest validation log loss"
    better = fm - 0.01 + rng.normal(0, 0.05, 3000)
    chosen = choose({"fm": fm, "better": better} | lucky)
    assert chosen.model == "better"
    assert "better than chance" in chosen.why
    assert next(iter(chosen.valid_log_loss)) == "better"


def test_the_choice_says_what_a_constant_prediction_can_do():
    rng = np.random.default_rng(1)
    constant = rng.exponential(size=3000)
    fm = constant + rng.normal(0.0, 0.05, 3000)
    unknown = choose({"fm": fm, "autofm": fm + 0.001}, constant)
    assert (unknown.model, unknown.beats_constant) == ("fm", False)
    assert "fm cannot be told from the constant prediction" in unknown.why
    assert "better than chance" not in unknown.why
    worse = choose({"fm": constant + 0.3, "autofm": constant + 0.1 + rng.normal(0, 0.05, 3000)}, constant)
    assert (worse.model, worse.beats_constant) == ("autofm", False)
    assert "autofm is worse than the constant prediction" in worse.why
    assert "better than chance" not in worse.why
    better = choose({"fm": fm - 0.1, "autofm": fm - 0.2}, constant)
    assert (better.model, better.beats_constant) == ("autofm", True)
    assert "constant" not in better.why


def test_a_model_that_beats_a_constant_is_preferred_to_one_that_does_not():
    """autofm cannot be told from fm, whose losses vary more; fm cannot be told from a constant, autofm can."""
    rng = np.random.default_rng(2)
    constant = rng.exponential(size=400)
    wide = rng.normal(0, 1.0, 400)
    fm = constant + wide - wide.mean() - 0.02
    chosen = choose({"fm": fm, "autofm": constant - 0.05 + rng.normal(0, 0.01, 400)}, constant)
    assert (chosen.model, chosen.beats_constant) == ("autofm", True)
    assert "autofm is better than a constant prediction, fm is not" in chosen.why


def test_the_constant_prediction_is_the_train_rows_click_rate():
    labels = {"train": [1, 0, 0, 0, 0], "valid": [0, 1], "test": [1, 0, 0]}
    ids = {name: np.zeros((len(found), 2)) for name, found in labels.items()}
    found = [Examples.from_arrays(ids[name], np.array(values)) for name, values in labels.items()]
    predictions, metrics = predict_constant(*found, SCHEMA)
    assert predictions["seed_0"].to_list() == pytest.approx([0.2] * 5)
    assert predictions["split"].to_list() == ["valid"] * 2 + ["test"] * 3
    assert metrics.test[0].auc == 0.5
    assert metrics.test[0].log_loss == pytest.approx(-(np.log(0.2) + 2 * np.log(0.8)) / 3)
    table = comparison([model("fm", 0.5), metrics], "fm")
    assert table["model"].to_list() == ["fm", "constant"]
    out = io.StringIO()
    render(Console(file=out, width=120), table, {}, "place")
    (line,) = [line for line in out.getvalue().splitlines() if "constant" in line]
    assert "0.5000" in line
    assert " s" not in line, "it costs nothing"
    assert "constant" not in str(comparison_dots(table).data[0].y), "far from all models"


def test_seeds_that_agree_on_a_handful_of_clicks_prove_nothing():
    def of(name, *losses, rows):
        found = [Metrics(auc=0.6, log_loss=loss, calibration=1, rows=rows, positive_share=3 / 400) for loss in losses]
        return model(name, *losses).model_copy(update={"test": tuple(found)})

    losses = (0.45, 0.451, 0.449), (0.5, 0.501, 0.498)
    few, many = (
        comparison([of("fm", *losses[1], rows=n), of("autofm", *losses[0], rows=n)], "fm") for n in (400, 40000)
    )
    assert few["p"].to_list() == [None, None]
    assert many["p"][1] < 0.005


def test_kept_interactions_are_named_in_order():
    assert kept_interactions(SELECTION).rows() == [(1, "f0 × f2", -0.9), (2, "f0 × f3", 0.3)]


@pytest.mark.parametrize("width", [80, 120])
def test_the_summary_shows_models_pairs_and_place(width):
    out = io.StringIO()
    table = comparison([model("fm", 0.5), model("autodeepfm_no_alpha", 0.4)], "fm")
    losses = {name: np.full(9, loss) for name, loss in (("fm", 0.5), ("autodeepfm_no_alpha", 0.4))}
    render(Console(file=out, width=width), table, {"autofm": SELECTION}, "some/where", choose(losses))
    text = out.getvalue()
    assert "Chosen: autodeepfm_no_alpha" in text
    assert all(part in text for part in ("f0 × f2", "-0.9000", "some/where", "2 of 6", "0.5000"))
    assert max(map(len, text.splitlines())) <= width


def test_figures_hold_the_points_given():
    heat = alpha_heatmap(GATES.frame(SCHEMA), SELECTION, [["f0", "f1"]])
    z = heat.data[0].z
    assert z[2][0] == -0.9
    assert z[1][0] is None, "a closed gate is blank"
    marked = {trace.name: list(zip(trace.x, trace.y, strict=True)) for trace in heat.data[1:]}
    assert marked == {"kept": [("f0", "f2"), ("f0", "f3")], "planted": [("f0", "f1")]}

    curve = extraction_curve(SELECTION)
    assert [trace.x[0] for trace in curve.data if (trace.name or "").startswith("chosen")] == [2]

    steps = pl.DataFrame(
        {"step": [1, 1, 2, 2], "field_1": ["f0"] * 4, "field_2": ["f1", "f2"] * 2, "alpha": [0.6, 0.6, 0.5, 0.0]}
    )
    lines = {trace.name: list(trace.y) for trace in alpha_trajectories(steps, [["f0", "f1"]], SCHEMA_PAIRS, "t").data}
    assert lines == {"others": [0.6, 0.0, None], "f0 × f1": [0.6, 0.5]}

    dots = comparison_dots(comparison([model("fm", 0.5, 0.6), model("lr", 0.7, 0.8)], "fm"))
    assert list(dots.data[0].x) == pytest.approx([0.75, 0.55])

    losses = {"train_loss": [0.6, 0.5], "valid_log_loss": [0.7, 0.6], "valid_auc": [0.5, 0.6]}
    history = pl.DataFrame({"seed": [0, 1], "epoch": [1.0, 1.0]} | losses)
    assert len(training_curves(history, "t").data) == 6
    with pytest.raises(UserError, match="needs columns alpha"):
        alpha_heatmap(pl.DataFrame({"field_1": [], "field_2": []}), SELECTION)
