"""The table and figures of several searches hold what they were given."""

import numpy as np
import polars as pl
import pytest

from autofis_kedro.reporting.stability_plots import frequency_heatmap, stability_correlations
from autofis_kedro.reporting.stability_table import stability_table

PAIRS = [("b", "a"), ("b", "c"), ("a", "c")]
ALPHA = {0: [0.9, 0.0, -0.2], 1: [0.7, 0.1, 0.0], 2: [0.5, -0.3, 0.1]}
KEPT = {0: [True, False, True], 1: [True, False, False], 2: [True, False, False]}


def gates_of(variant):
    rows = [
        {"variant": variant, "seed": seed, "field_1": first, "field_2": second, "alpha": alpha, "kept": kept}
        for seed in ALPHA
        for (first, second), alpha, kept in zip(PAIRS, ALPHA[seed], KEPT[seed], strict=True)
    ]
    return pl.DataFrame(rows)


GATES = pl.concat([gates_of("with"), gates_of("without")])
AGREEMENT = pl.DataFrame(
    {
        "first": [0, 0, 1],
        "second": [1, 2, 2],
        "correlation": [0.9, 0.5, None],
        "overlap": [0.5, 0.5, 1.0],
        "overlap_by_chance": [0.2, 0.2, 0.2],
    }
)
NONE = AGREEMENT.with_columns(correlation=pl.lit(None, dtype=pl.Float64))


def test_the_table_has_means_and_the_published_value():
    table = stability_table(
        GATES, {"with": AGREEMENT, "without": NONE}, {"with": 0.86}, dataset="here", published_dataset="Avazu"
    )
    first, second = table.rows
    assert (first["mean"], first["min"], first["max"]) == pytest.approx((0.7, 0.5, 0.9))
    assert (first["n_searches"], first["candidates"], first["published"]) == (3, 3, 0.86)
    assert (first["kept"], first["overlap"]) == pytest.approx((4 / 3, 2 / 3))
    assert second["mean"] is None, "what cannot be computed is blank"
    assert "Avazu (published)" in table.titles()
    assert table.cells()[1][2] == ""


def test_the_figure_has_alpha_of_two_searches_and_every_correlation():
    figure = stability_correlations(GATES, {"with": AGREEMENT, "without": NONE})
    first = figure.data[:3]
    dots = {trace.name: list(zip(trace.x, trace.y, strict=True)) for trace in first}
    assert dots == {"kept by neither": [(0.0, 0.1)], "by one of the two": [(-0.2, 0.0)], "by both": [(0.9, 0.7)]}
    one, other = (trace.z for trace in figure.data if trace.type == "heatmap")
    assert [list(row) for row in one] == [[None, 0.9, 0.5], [0.9, None, None], [0.5, None, None]]
    assert not any(cell for row in other for cell in row)
    assert "with: mean correlation 0.700" in [note.text for note in figure.layout.annotations]
    assert "without: mean correlation undefined" in [note.text for note in figure.layout.annotations]


def test_the_heat_map_has_the_share_of_every_pair():
    figure = frequency_heatmap(GATES.filter(variant="with"), [["b", "a"], ["a", "b", "c"]])
    heat, planted = figure.data
    place = {name: i for i, name in enumerate(heat.x)}
    shares = {(a, b): heat.z[place[b]][place[a]] for a, b in PAIRS}
    assert shares == pytest.approx({("b", "a"): 1, ("b", "c"): 0, ("a", "c"): 1 / 3})
    assert np.sum([cell is None for row in heat.z for cell in row]) == 6
    assert list(zip(planted.x, planted.y, strict=True)) == [("b", "a")]
    assert "1 by all, 1 by some, 1 by none" in figure.layout.title.text
