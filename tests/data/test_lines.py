"""What is irregular in the lines of a text file, beside Python's own parser."""

import csv
import io
import re
from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autofis_kedro.data import blanks, byte_scan, byte_scan_numba
from autofis_kedro.data.byte_scan import (
    AFTER_QUOTE,
    LONE_RETURN,
    NO_FAULT,
    NUL,
    OPEN_QUOTE,
    SOUND,
    START,
    STRAY_QUOTE,
)
from autofis_kedro.data.lines import Layout, irregular_rows

TEXT = st.text(st.sampled_from(['"', ",", "\n", "a", "é"]), max_size=40)
FILES = {"suppress_health_check": [HealthCheck.function_scoped_fixture], "deadline": None}


def found_in(tmp_path, text, layout, block=1 << 20):
    file = tmp_path / "u.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with mock.patch("autofis_kedro.data.lines.BLOCK", block):
        return irregular_rows(file, layout)


def is_sound(text):
    """Whether quotes stand where RFC 4180 lets them: around whole cells, doubled within."""
    cell = r'(?:"(?:[^"]|"")*"|[^",\n]*)'
    return re.fullmatch(rf"{cell}(?:[,\n]{cell})*", text) is not None


@given(text=TEXT, line_end=st.sampled_from(["\n", "\r\n"]), block=st.integers(1, 50))
@settings(max_examples=300, **FILES)
def test_uneven_rows_are_found_as_pythons_parser_finds_them(tmp_path, text, line_end, block):
    content = ("h1,h2,h3\n" + text).replace("\n", line_end)
    found = found_in(tmp_path, content, Layout(",", '"', 3, 1, 1), block)
    assert (found.fault == SOUND) == is_sound(text)
    if found.fault != SOUND:
        return
    reader = csv.reader(io.StringIO(content, newline=""))
    parsed, begins = [], [1]
    for cells in reader:
        parsed.append(cells)
        begins.append(reader.line_num + 1)
    expected = [
        (row - 1, len(cells), begins[row]) for row, cells in enumerate(parsed) if row and cells and len(cells) != 3
    ]
    assert list(found.rows) == expected
    assert found.blank.tolist() == [row for row, cells in enumerate(parsed[1:]) if not cells]


@given(text=TEXT, block=st.integers(1, 50))
@settings(max_examples=100, **FILES)
def test_blocks_side_by_side_find_the_same(tmp_path, text, block):
    lines = text.split("\n")
    found = found_in(tmp_path, text, Layout(",", None, 3, 0, 0), block)
    columns = [(row, line.count(",") + 1, row + 1) for row, line in enumerate(lines) if line]
    assert list(found.rows) == [one for one in columns if one[1] != 3]
    assert found.blank.tolist() == [row for row, line in enumerate(lines[:-1]) if not line]


@given(text=st.text(st.sampled_from(['"', ",", "\n", "a", "é", "\r", " ", "\0"]), max_size=40))
@settings(max_examples=100, deadline=None)
def test_the_compiled_loops_are_the_plain_ones(text):
    block, unquoted = (np.frombuffer(t.encode(), dtype=np.uint8) for t in (text, text.replace('"', "a")))
    for rows in (block, unquoted):
        options = {"separator": 44, "n_columns": 2, "quote": 34, "state": START}
        found = [scan.scan_bytes(rows, **options) for scan in (byte_scan, byte_scan_numba)]
        assert said(found[0]) == said(found[1])
        options = {"separator": 44, "quote": 34, "place": 0}
        plain, compiled = (of.strip_blanks(rows, **options) for of in (blanks, byte_scan_numba))
        assert plain == compiled
    several = [scan.scan_unquoted(unquoted, separator=44, n_columns=2) for scan in (byte_scan, byte_scan_numba)]
    assert said(several[0]) == said(several[1])
    assert several[0].fault == found[0].fault
    if found[0].fault == SOUND and not text.endswith("\r"):  # whole rows know that nothing follows
        assert said(several[0])[:-1] == said(found[0])[:-1], "without quotes both loops say the same"


def said(found):
    arrays = (found.blank_B, found.uneven_R, found.columns_R, found.line_R)
    return found.n_rows, found.n_lines, *(array.tolist() for array in arrays), found.fault, found.state


@pytest.mark.parametrize(
    ("text", "quote", "fault"),
    [
        ('a,b\n1,3" wide\n', '"', (STRAY_QUOTE, 2, 2)),
        ('a,b\n"x\ny",1\n"3"w,2\n', '"', (AFTER_QUOTE, 4, 1)),
        ('a,b\n1,2\n3,"4\n5,6\n', '"', (OPEN_QUOTE, 3, 2)),
        ("a,b\n1,2\n3\r,4\n", None, (LONE_RETURN, 3, 1)),
        ("a,b\n1,2\n3\r,4\n", '"', (LONE_RETURN, 3, 1)),
        ("a,b\n1,2\n3,4\0\n", None, (NUL, 3, 2)),
        ('a,b\n"1\n",2\n3,4\0\n', '"', (NUL, 4, 2)),
        ('\ufeff"a",b\r\n"1\r",2\r\n', '"', SOUND),
    ],
)
@pytest.mark.parametrize("block", [1, 7, 1 << 20])
def test_the_first_fault_is_told_by_line_and_cell(tmp_path, text, quote, fault, block):
    found = found_in(tmp_path, text, Layout(",", quote, 2, 1, 1), block)
    assert found.fault == fault
    assert found.fault[0] == NO_FAULT or not found.rows
