"""One factor at a time: what the points are, and what the table and the figure make of their times."""

import json
from dataclasses import asdict

import pytest
from benchmarks.scaling import BASE, FACTORS, MODELS, figure, keep, measure, problems, table
from benchmarks.step_models import OURS
from benchmarks.step_process import Worker

from benchmarks import scaling


@pytest.mark.parametrize("factor", FACTORS, ids=lambda factor: factor.field)
def test_points_differ_from_the_base_in_one_factor_alone(factor):
    (_, base), *others = problems("fm", factor)
    assert base == BASE
    for value, problem in others:
        different = {name for name, other in asdict(problem).items() if other != asdict(BASE)[name]}
        assert different == {factor.field}
        assert getattr(problem, factor.field) == value
    assert {value for value, _ in problems("fm", factor)} == set(factor.values)


def test_models_are_known():
    assert set(MODELS) <= set(OURS)


def result(model, factor, exponent):
    points = [
        {
            "value": value,
            "step_ms": 10 * value**exponent,
            "rows_per_second": 1000,
            "times_base": (value / getattr(BASE, factor.field)) ** exponent,
            "rows_read_by_a_batch": 1234,
        }
        for value in factor.values
    ]
    return {"model": model, "factor": factor.field, "quiet_rounds": 1, "points": points}


def test_every_point_is_in_the_table_and_in_the_figure():
    results = [result(model, factor, 0.5) for factor in FACTORS for model in ("fm", "fwfm")]
    for factor in FACTORS:
        lines = table(results, factor).splitlines()
        assert len(lines) == 2 + len(factor.values)
        assert lines[0].endswith("| `fm` | `fwfm` |")
    shown = figure(results)
    assert len(shown.data) == len(results)
    for line, row in zip(shown.data, results, strict=True):
        assert list(line.y) == [point["times_base"] for point in row["points"]]
        assert 1.0 in line.y


def test_a_new_measurement_takes_the_place_of_the_old_one(tmp_path):
    path = tmp_path / "scaling.json"
    fields, ids = FACTORS[2], FACTORS[3]
    for row in (result("fwfm", ids, 1), result("fm", ids, 1), result("fm", fields, 1), result("fm", ids, 2)):
        keep(row, path)

    kept = json.loads(path.read_text())["results"]
    assert [(row["factor"], row["model"]) for row in kept] == [("fields", "fm"), ("ids", "fm"), ("ids", "fwfm")]
    assert kept[1]["points"][0]["step_ms"] == 10 * 60_000**2


def test_the_base_point_is_once_its_own_time(monkeypatch):
    def alternate(programs, rounds, seconds, wait):
        found = []
        for _, problem in programs:
            worker = Worker(name="", process=None)
            worker.blocks = [[problem.fields * 1.0], [problem.fields * 2.0]]
            worker.others = [0.0, 0.0]
            found.append(worker)
        return found

    monkeypatch.setattr(scaling, "alternate", alternate)
    points = measure("fm", FACTORS[2], 2, 0)["points"]
    assert [point["value"] for point in points] == sorted(FACTORS[2].values)
    for point in points:
        assert point["times_base"] == pytest.approx(point["value"] / BASE.fields, abs=1e-3)
        assert point["rows_per_second"] == round(1e3 * BASE.batch_size / point["step_ms"])
