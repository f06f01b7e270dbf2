"""Raw files with damage: worked with what an independent reader finds, or refused by a message that names the file."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autofis_kedro.data.description import DataDescription
from autofis_kedro.data.names import LABEL
from autofis_kedro.data.reading import RawRows
from autofis_kedro.data.rows import TypedRows
from autofis_kedro.errors import UserError
from benchmarks.faults.columns import ANY_CELLS, quoted
from benchmarks.faults.mutations import ANY_BYTES, ANY_LINES, ENCODINGS, HARMLESS
from benchmarks.faults.oracle import Read, Row, comparable, read
from benchmarks.faults.outcome import Ending, Outcome, of_error
from benchmarks.faults.records import Problem
from benchmarks.faults.sample import Sample
from benchmarks.faults.samples import samples

SUFFIX = {"delimited": ".csv", "libfm": ".libfm", "libffm": ".ffm", "jsonl": ".jsonl"}


def text(number: int, work: Path, room: Path) -> Outcome:
    """A text file with one to three mutations."""
    chance = random.Random(f"text:{number}")
    sample, data, done, is_harmless = damaged(chance)
    path = room / f"log{SUFFIX[sample.form['kind']]}"
    path.write_bytes(data)
    return judged(path, data, sample, f"{sample.name}: {', '.join(done)}", must_work=is_harmless)


def damaged(chance: random.Random) -> tuple[Sample, bytes, list[str], bool]:
    """A sample, its bytes after mutations, their names, and whether they must not matter."""
    sample = chance.choice(list(samples().values()))
    if chance.random() < 0.3:
        sample = Sample(**{**vars(sample), "description": sample.description | {"on_bad_row": "skip"}})
    done: list[str] = []
    level = chance.choice(("cells", "lines", "bytes", "encoding", "harmless", "mixed"))
    n_cells = {"cells": chance.randint(1, 2), "mixed": 1}.get(level, 0)
    for _ in range(n_cells):
        change = chance.choice(ANY_CELLS)
        sample = change(sample, chance)
        done.append(change.__name__)
    is_quoted = bool(sample.quote) and chance.random() < 0.3
    data = (quoted(sample) if is_quoted else sample.text()).encode()
    done += ["quoted"] if is_quoted else []
    kinds: dict[str, tuple[Any, ...]] = {
        "lines": ANY_LINES,
        "bytes": ANY_BYTES,
        "encoding": ENCODINGS,
        "harmless": HARMLESS,
    }
    for change in chance.sample(kinds.get(level, ()) or (*ANY_LINES, *ANY_BYTES), _how_many(level, chance)):
        data = change(data, chance)
        done.append(change.__name__)
    return sample, data, done, level == "harmless"


def _how_many(level: str, chance: random.Random) -> int:
    """Changes of bytes; of an encoding there is one."""
    return {"cells": 0, "encoding": 1}.get(level, chance.randint(1, 2))


def judged(
    path: Path, data: bytes | None, sample: Sample, what: str, *, must_work: bool, otherwise: bytes | None = None
) -> Outcome:
    """What the program makes of a file beside what the oracle makes of ``data``; None cannot be read at all.

    ``otherwise`` is what was there before the damage, which may have struck what nothing is read from.
    """
    found = read_by_program(path, DataDescription.model_validate(sample.description), what, must_work=must_work)
    if isinstance(found, Outcome):
        return found
    return matched(found, [_expected(otherwise, sample), *_readings(data, sample)], what)


@dataclass(frozen=True)
class Found:
    """What the program read: rows of label and fields, and the numbers that it reports."""

    rows: list[Row]
    n_rows: int
    n_skipped: int


def read_by_program(path: Path, description: DataDescription, what: str, *, must_work: bool) -> Found | Outcome:
    """The typed rows of a file, or how it was refused."""
    target = path.parent / "typed.parquet"
    try:
        RawRows(str(path), description).write(target)
        typed = TypedRows(target)
        frame, report = typed.scan().collect(), typed.report()
    except UserError as error:
        return refusal(error, path, what, must_work=must_work)
    except BaseException as error:
        return Outcome(of_error(error).ending, f"{what}: {of_error(error).detail}")
    return Found(frame.select(LABEL, *description.kinds).rows(), report.rows, report.skipped_rows)


def matched(found: Found, readings: list[Read | Problem], what: str) -> Outcome:
    """Did the program find what one of the readings is? The last is told if it did not."""
    outcomes = [compared(found, one, what) for one in readings]
    return next((one for one in outcomes if one.ending == Ending.WORKED), outcomes[-1])


def _expected(data: bytes | None, sample: Sample, *, are_blanks_taken_off: bool = True) -> Read | Problem:
    try:
        return (
            read(data, sample, are_blanks_taken_off=are_blanks_taken_off)
            if data is not None
            else Problem("the file is damaged")
        )
    except Problem as problem:
        return problem


def _readings(data: bytes | None, sample: Sample) -> list[Read | Problem]:
    """What may be made of the bytes: with and without blanks taken off numbers."""
    return [_expected(data, sample, are_blanks_taken_off=False), _expected(data, sample)]


def refusal(error: UserError, path: Path, what: str, *, must_work: bool) -> Outcome:
    """A refusal is clean if it names the file and was due."""
    outcome = of_error(error)
    if must_work:
        return Outcome(Ending.WRONG, f"{what}: refused although nothing is wrong: {error}")
    if path.stem not in str(error):
        return Outcome(Ending.WRONG, f"{what}: the refusal does not name the file: {error}")
    return Outcome(outcome.ending, f"{what}: {error}")


def compared(found: Found, expected: Read | Problem, what: str) -> Outcome:
    """Are the rows those of the oracle, and does the report add up?"""
    if isinstance(expected, Problem):
        return Outcome(Ending.WRONG, f"{what}: read {found.n_rows} rows of a file that is wrong: {expected}")
    rows, n_expected = found.rows, len(expected.rows)
    if not found.n_rows == len(rows) == n_expected or found.n_skipped != expected.skipped:
        told = f"{len(rows)} rows, reported {found.n_rows}, {found.n_skipped} skipped"
        return Outcome(Ending.WRONG, f"{what}: {told}; there are {n_expected}, {expected.skipped} to skip")
    for number, (one, other) in enumerate(zip(rows, expected.rows, strict=True), 1):
        if comparable(one) != other:
            cells = [(a, b) for a, b in zip(comparable(one), other, strict=True) if a != b]
            return Outcome(
                Ending.WRONG, f"{what}: row {number} is {cells[0][0]!r:.100} and should be {cells[0][1]!r:.100}"
            )
    return Outcome(Ending.WORKED, what)
