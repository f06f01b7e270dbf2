"""Where a step's time goes: all of it, under the names of the table."""

import pytest
from benchmarks.step_parts import PARTS, loading_ms, summary, table, timed_steps
from benchmarks.step_worker import StepProblem

SMALL = {"fields": 4, "ids": 4000, "embedding_dim": 4, "batch_size": 50, "batches": 2}


@pytest.mark.parametrize(
    ("model", "there", "not_there"),
    [
        ("fm", ("linear part", "pairs"), ("MLP", "read vectors")),
        ("autofm_search", ("linear part", "pairs"), ("MLP", "read vectors")),
        ("deepfm_400x3", ("linear part", "read vectors", "pairs", "MLP"), ()),
        ("ipnn_700x5", ("read vectors", "pairs", "MLP"), ("linear part",)),
    ],
)
def test_the_parts_of_a_step_add_up_to_it(model, there, not_there):
    row = summary(model, timed_steps(StepProblem(model=model, **SMALL), seconds=0.01))
    parts = row["parts_ms"]
    assert list(parts) == list(PARTS)
    assert sum(parts.values()) == pytest.approx(row["step_ms"], abs=0.001 * len(parts))
    for part in ("group reads by row", "bring rows up to date", "update rows", "slice the batch"):
        assert any(ms > 0 for name, ms in parts.items() if name.startswith(part)), part
    for part in there:
        assert parts[f"{part}, forward"] > 0, part
        assert parts[f"{part}, backward"] > 0, part
    for part in not_there:
        assert parts[f"{part}, forward"] == parts[f"{part}, backward"] == 0, part


def test_only_steps_between_the_quartiles_count():
    steps = [{"other": seconds} for seconds in (9.0, 1.0, 2.0, 4.0)]
    row = summary("fm", {"plain_ms": [1.0, 2.0, 3.0], "parts": steps, "others_share": None})
    assert (row["step_ms"], row["parts_ms"]["other"], row["without_stopwatch_ms"]) == (3000, 3000, 2)


def test_a_part_without_a_row_is_an_error():
    with pytest.raises(AssertionError, match="parts without a row"):
        summary("fm", {"plain_ms": [1.0], "parts": [{"new": 1.0}], "others_share": None})


def test_loading_takes_time_and_the_table_has_every_part():
    row = summary("fm", {"plain_ms": [2.0], "parts": [{"other": 0.001, "update rows": 0.003}], "others_share": 0.0})
    lines = table([row], loading_ms(StepProblem(**SMALL), rows=500)).splitlines()
    assert [line.split(" | ")[0].strip("| *") for line in lines[2:-5]] == list(PARTS)
    assert "| update rows | 3.00 (75%) |" in lines
    assert lines[-1].startswith("Opening 500 mapped rows takes ")
