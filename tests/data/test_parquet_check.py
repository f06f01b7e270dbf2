"""Damaged parquet files are refused by name, and nothing panics on the way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest

from autofis_kedro.data.description import DataDescription, FieldDescription
from autofis_kedro.data.formats import Parquet
from autofis_kedro.data.reading import RawRows
from autofis_kedro.errors import UserError

DESCRIPTION = DataDescription(format=Parquet(), fields=(FieldDescription(name="a"), FieldDescription(name="b")))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    columns = {"label": rng.integers(0, 2, 3000), "a": rng.integers(0, 900, 3000), "b": rng.integers(0, 70, 3000)}
    path = tmp_path / "log.parquet"
    # without compression a changed byte is another value, which only the checksum of its page tells
    pq.write_table(pl.DataFrame(columns).to_arrow(), path, compression="none", write_page_checksum=True)
    return path


def read(log: Path) -> pl.DataFrame | None:
    """The typed rows; None where the file is refused by name."""
    typed = log.with_name("typed.parquet")
    try:
        RawRows(str(log), DESCRIPTION).write(typed)
    except UserError as error:
        if log.name not in str(error):
            raise
        return None
    return pl.read_parquet(typed)


def test_a_changed_value_is_told_by_its_pages_checksum(log: Path, capfd: pytest.CaptureFixture[str]) -> None:
    expected, whole = read(log), log.read_bytes()
    refused = 0
    for place in np.linspace(100, len(whole) * 0.9, 40).astype(int):
        log.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        found = read(log)
        # a byte of a page's header may mean nothing to who reads all rows
        assert found is None or found.equals(expected)
        refused += found is None
    assert refused > 30
    assert "panicked" not in capfd.readouterr().err


def test_pages_that_cannot_be_decoded_are_no_panic(log: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pl.read_parquet(log).write_parquet(log)  # without checksums: what can be decoded is read
    whole = log.read_bytes()
    rng = np.random.default_rng(1)
    refused = 0
    for _ in range(25):
        place = int(rng.integers(4, len(whole) - 400))
        log.write_bytes(whole[:place] + rng.bytes(24) + whole[place + 24 :])
        refused += read(log) is None
    assert refused > 5
    assert "panicked" not in capfd.readouterr().err


def test_a_damaged_column_that_nobody_asks_for_is_none_of_ours(tmp_path: Path) -> None:
    log = tmp_path / "log.parquet"
    frame = pl.DataFrame({"a": range(500), "b": range(500), "label": [0, 1] * 250, "z": ["x" * 50] * 500})
    pq.write_table(frame.to_arrow(), log, compression="none", use_dictionary=False, write_page_checksum=True)
    whole = log.read_bytes()
    place = whole.rindex(b"x" * 40)
    log.write_bytes(whole[:place] + b"y" + whole[place + 1 :])
    RawRows(str(log), DESCRIPTION.model_copy(update={"drop": (), "optional": ("z",)})).write(tmp_path / "typed.parquet")
