"""Artifacts appear only when they are whole, and damaged ones are named."""

import errno
import json
import os
import shutil

import plotly.graph_objects as go
import polars as pl
import pytest
import torch
from kedro.io.core import DatasetError, Version
from polars.testing import assert_frame_equal

from autofis_kedro.data.description import DataDescription, FieldDescription
from autofis_kedro.data.names import LABEL, ROW
from autofis_kedro.data.reading import RawRows
from autofis_kedro.data.splitting import SPLITS, SplitConfig
from autofis_kedro.errors import UserError
from autofis_kedro.pipelines.ingestion.nodes import split_rows
from autofis_kedro.selection import Interaction, Selection
from autofis_kedro.sources.artifacts import (
    FigureDataset,
    JSONDataset,
    TableDataset,
    WeightsDataset,
)
from autofis_kedro.sources.report import HTMLDataset
from autofis_kedro.sources.rows import RowsViewDataset, TypedRowsDataset

FRAME = pl.DataFrame({"label": [0, 1], "x": ["a", None]})
SELECTION = Selection(
    dataset="shop",
    schema_fingerprint="0f",
    rule="keep_all",
    candidates=1,
    interactions=(Interaction(fields=("x", "y"), alpha=0.5),),
)


def same_weights(a, b):
    assert a.keys() == b.keys()
    assert all(torch.equal(a[name], b[name]) for name in a)


ROW_FIELDS = (FieldDescription(name="a"), FieldDescription(name="b"))
RAW = pl.DataFrame({"label": ["1", "0"], "a": ["x", "y"], "b": ["é", None]})

CASES = {
    "typed_rows.parquet": (
        TypedRowsDataset,
        {},
        RawRows("a frame", DataDescription(fields=ROW_FIELDS), RAW.lazy()),
        lambda a, b: assert_frame_equal(
            a.scan().drop(ROW).collect(), RAW.select(pl.col("label").cast(pl.UInt8).alias(LABEL), "a", "b")
        ),
    ),
    "table.parquet": (TableDataset, {}, FRAME, assert_frame_equal),
    "value.json": (JSONDataset, {}, {"seconds": 1.5}, lambda a, b: a == b or pytest.fail("differs")),
    "selection.json": (
        JSONDataset,
        {"holds": "selection"},
        SELECTION,
        lambda a, b: a == b or pytest.fail("differs"),
    ),
    "figure.json": (
        FigureDataset,
        {},
        go.Figure(go.Scatter(x=[1, 2], y=[3, 4])),
        lambda a, b: json.loads(a.to_json()) == json.loads(b.to_json()) or pytest.fail("differs"),
    ),
    "report.html": (
        HTMLDataset,
        {},
        "<!DOCTYPE html><html><p>ünïcode × pairs</p></html>",
        lambda a, b: a == b or pytest.fail("differs"),
    ),
    "weights.safetensors": (
        WeightsDataset,
        {},
        # A transposed and a shared tensor: what safetensors itself refuses.
        {"seed_0/a": torch.arange(6.0).view(2, 3).T, "seed_0/b": torch.zeros(2, dtype=torch.int64)},
        same_weights,
    ),
}


@pytest.fixture(params=sorted(CASES))
def case(request, tmp_path):
    kind, options, value, same = CASES[request.param]

    def dataset(save=None):
        return kind(filepath=str(tmp_path / request.param), version=Version(None, save), **options)

    return dataset, value, same, tmp_path / request.param


def test_what_is_saved_is_loaded(case):
    dataset, value, same, _ = case
    dataset("2026-01-01").save(value)
    same(dataset().load(), value)


@pytest.mark.parametrize("error", [RuntimeError("killed"), KeyboardInterrupt()])
def test_a_failed_save_leaves_the_newest_version_as_it_was(case, monkeypatch, error):
    dataset, value, same, folder = case
    dataset("2026-01-01").save(value)

    def half(self, path, data):
        path.write_bytes(b"half")
        raise error

    later = dataset("2026-01-02")
    monkeypatch.setattr(type(later), "_write", half)
    with pytest.raises(BaseException, match=str(error) or None):
        later.save(value)
    assert [version.name for version in folder.iterdir()] == ["2026-01-01"]
    same(dataset().load(), value)


def test_a_killed_save_leaves_the_newest_version_as_it_was(case):
    """SIGKILL runs no clean-up: what lies there is a folder with a temporary file."""
    dataset, value, same, folder = case
    dataset("2026-01-01").save(value)
    (folder / "2026-01-02").mkdir()
    (folder / "2026-01-02" / f"{folder.name}.partial").write_bytes(b"half")
    same(dataset().load(), value)


def test_nothing_but_a_killed_save_does_not_exist(case):
    dataset, _, _, folder = case
    (folder / "2026-01-02").mkdir(parents=True)
    (folder / "2026-01-02" / f"{folder.name}.partial").write_bytes(b"half")
    assert not dataset().exists()


def test_a_damaged_artifact_is_named(case):
    dataset, value, _, folder = case
    dataset("2026-01-01").save(value)
    file = folder / "2026-01-01" / folder.name
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(Exception, match="damaged") as raised:
        dataset().load()
    causes = [raised.value, raised.value.__cause__]
    message = next(str(cause) for cause in causes if isinstance(cause, UserError))
    assert str(file) in message


def test_a_full_disk_is_named(case, monkeypatch):
    dataset, value, _, folder = case

    def full(self, path, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(type(dataset()), "_write", full)
    with pytest.raises(Exception, match="No space left") as raised:
        dataset("2026-01-01").save(value)
    assert str(folder) in str(raised.value)


def test_previews_are_what_kedro_viz_asks_for(case):
    dataset, value, _, _ = case
    dataset("2026-01-01").save(value)
    if hasattr(dataset(), "preview"):
        assert dataset().preview()


def test_an_unknown_kind_of_json_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"'selektion'.*selection"):
        JSONDataset(filepath=str(tmp_path / "x.json"), holds="selektion")


@pytest.fixture
def views(tmp_path):
    """Typed rows and their three views, saved as the catalog saves them."""
    labels = [str(i % 2) for i in range(300)]
    raw = pl.DataFrame({"label": labels, "a": list(map(str, range(300))), "b": labels})
    typed = TypedRowsDataset(filepath=str(tmp_path / "two" / "typed.parquet"), version=Version(None, "1"))
    typed.save(RawRows("a frame", DataDescription(fields=ROW_FIELDS), raw.lazy()))
    *views, _ = split_rows(typed.load(), SplitConfig())
    for view in views:
        RowsViewDataset(filepath=str(tmp_path / "three" / view.split), version=Version(None, "1")).save(view)
    return raw


def read_views(folder):
    load = lambda split: RowsViewDataset(filepath=str(folder / "three" / split), version=Version(None, None)).load()
    return [load(split).collect() for split in SPLITS]


def test_views_are_a_partition_in_row_order_wherever_the_folder_is(views, tmp_path):
    before = read_views(tmp_path)
    assert sorted(map(int, pl.concat(before)["a"])) == list(range(300))
    assert all(list(map(int, part["a"])) == sorted(map(int, part["a"])) for part in before)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for name in ("two", "three"):
        (tmp_path / name).rename(moved / name)
    for ours, theirs in zip(read_views(moved), before, strict=True):
        assert_frame_equal(ours, theirs)


def test_a_view_whose_rows_are_gone_says_so(views, tmp_path):
    shutil.rmtree(tmp_path / "two")
    with pytest.raises(DatasetError, match=r"typed rows .* are gone: run the pipeline 'ingestion' again"):
        read_views(tmp_path)
