"""What killed runs left is removed, and nothing else is."""

import polars as pl
import pytest

from autofis_kedro.sources.leftovers import clear_leftovers
from autofis_kedro.sources.tables import SpreadsheetDataset

VERSION = "2026-01-01T00.00.00.000Z"


@pytest.mark.parametrize(
    ("path", "stays"),
    [
        (f"06_models/shop/fm.weights/{VERSION}/fm.weights.partial", False),
        (f"04_feature/shop/train/{VERSION}/.train.partial.x1y2/labels.npy", False),
        (f"08_reporting/shop/report.html/{VERSION}/.report.html.crc32", False),
        (f"06_models/shop/fm.weights/{VERSION}/fm.weights", True),
        (f"06_models/other/fm.weights/{VERSION}/fm.weights.partial", True),
        ("01_raw/shop/day.csv.partial", True),
        ("12_projects/shop/film.mp4.partial", True),
    ],
)
def test_what_a_killed_run_left_is_removed(tmp_path, path, stays):
    place = tmp_path / path
    place.parent.mkdir(parents=True)
    place.write_text("x")
    assert clear_leftovers(tmp_path / ".shop.lock") == (not stays)
    assert place.exists() == stays
    assert stays or not list(tmp_path.rglob(VERSION))


def test_folders_of_versions_that_did_not_come_to_be_go(tmp_path):
    empty = tmp_path / f"08_reporting/shop/scored.parquet/{VERSION}"
    whole = tmp_path / f"06_models/shop/fm.weights/{VERSION}"
    for folder in (empty, whole):
        folder.mkdir(parents=True)
    (whole / "fm.weights").write_text("x")
    clear_leftovers(tmp_path / ".shop.lock")
    assert not empty.exists()
    assert (whole / "fm.weights").exists()


def test_a_spreadsheet_may_be_changed_by_hand(tmp_path):
    table = SpreadsheetDataset(filepath=str(tmp_path / "evidence.csv"))
    table.save(pl.DataFrame({"a": [1]}))
    (tmp_path / "evidence.csv").write_text("a;b\n1;2\n")
    assert table.load().columns == ["a;b"]
    assert [file.name for file in tmp_path.iterdir()] == ["evidence.csv"]
