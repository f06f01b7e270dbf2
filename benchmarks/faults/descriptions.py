"""Descriptions of every kind: odd separators, quotes and names; values that a description may not hold."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

from autofis_kedro.data.bucketing import BucketingConfig
from autofis_kedro.data.description import DataDescription
from autofis_kedro.data.encode import EncodedRows, Encoder
from autofis_kedro.data.names import LABEL
from autofis_kedro.data.rows import TypedRows
from autofis_kedro.data.splitting import SplitConfig, split_rows
from autofis_kedro.data.vocabulary_fitting import fit_vocabularies, kinds_of
from autofis_kedro.errors import UserError
from benchmarks.faults.oracle import Read, typed
from benchmarks.faults.outcome import Ending, Outcome, of_error
from benchmarks.faults.raw import matched, read_by_program
from benchmarks.faults.sample import Sample

# fmt: off
SEPARATORS = [",", ";", "\t", "|", " ", "::", "||", ", ", "\x01", "§", "→", ".*", "\\", "a", "1", "~", "\t\t", "#"]
QUOTES = ['"', '"', '"', "'", None, "", "`", "|", "§", '""', "a", "\\"]
NAMES = ["user[id]", "[/x]", "a=b", "x.y", "a, b", "split", "row", "problem", "__extra", "label", "probability"]
NAMES += ["logit", " a", "", "é", "{x}", "${x}", "a:b", "..", "key:a", "C1..C3", "x" * 300, "a\nb", "'", '"', "hour"]
NAMES += ["<b>", "literal", "*", "^a.*$", "null", "1"]
VALUES: list[Any] = [float("nan"), None, True, 0, -1, 1e300, "", "x", [], {}, ["a"], {"a": 1}, [None], "1..3"]
# fmt: on


def description(number: int, work: Path, room: Path) -> Outcome:
    """A file written by its description, which is odd; or a description that is none."""
    chance = random.Random(f"description:{number}")
    sample = _sample(chance)
    if chance.random() < 0.3:
        return _broken(sample, chance, room)
    separator, quote = sample.separator, sample.quote
    what = f"separator {separator!r}, quote {quote!r}, names {list(sample.header)!r:.200}"
    checked = _checked(sample.description, what)
    if isinstance(checked, Outcome):
        return checked
    path = room / "log.csv"
    path.write_text(_written(sample), encoding="utf-8", newline="")
    found = read_by_program(path, checked, what, must_work=False)
    if isinstance(found, Outcome):
        return found
    rows = [typed(dict(zip(sample.header, record, strict=True)), sample) for record in sample.records]
    outcome = matched(found, [Read(rows, 0)], what)
    return _encoded(room, checked, what) if outcome.ending == Ending.WORKED else outcome


def _sample(chance: random.Random) -> Sample:
    names = ["label", *chance.sample(NAMES, 3)] if chance.random() < 0.7 else ["label", "a", "b", "n"]
    separator, quote = chance.choice(SEPARATORS), chance.choice(QUOTES)
    words = ["u", "v", "w x", "é", f"a{separator}b", "", "0", "-"] + ([f"x{quote}y"] if quote else [])
    records = tuple(
        (str(n % 2), chance.choice(words), chance.choice(words), str(chance.randrange(50))) for n in range(40)
    )
    if not quote:
        records = tuple(tuple(cell.replace(separator, "_") for cell in record) for record in records)
    form: dict[str, Any] = {"kind": "delimited", "separator": separator, "quote": quote}
    has_header = chance.random() < 0.7
    if not has_header:
        form["columns"] = names
    fields = [{"name": names[1]}, {"name": names[2]}, {"name": names[3], "kind": "numeric"}]
    described = {"format": form, "label": {"column": "label"}, "fields": fields}
    return Sample("described", described, tuple(names), records, has_header=has_header)


def _written(sample: Sample) -> str:
    """The file by hand: Python's csv knows separators of one character alone."""
    quote = sample.quote or ""
    rows = ([sample.header] if sample.has_header else []) + list(sample.records)

    def cell(text: str) -> str:
        if quote and (text.strip() != text or any(part in text for part in (sample.separator, quote, "\n"))):
            return f"{quote}{text.replace(quote, quote * 2)}{quote}"
        return text

    return "".join(sample.separator.join(map(cell, row)) + "\n" for row in rows)


def _checked(value: Any, what: str) -> DataDescription | Outcome:
    from autofis_kedro.sources.checked import checked

    try:
        return checked(DataDescription, value, "data")
    except Exception as error:
        found = of_error(error)
        return Outcome(found.ending, f"{what}: {found.detail}")


def _broken(sample: Sample, chance: random.Random, room: Path) -> Outcome:
    """A key of the description holds something else."""
    value = copy.deepcopy(sample.description) | {"drop": ["id"], "missing": ["NA"], "on_bad_row": "error", "files": "*"}
    holder, key = chance.choice(list(_places(value)))
    holder[key] = chance.choice(VALUES)
    what = f"description with {key}: {holder[key]!r}"
    checked = _checked(value, what)
    if isinstance(checked, Outcome):
        return checked
    path = room / "log.csv"
    path.write_text(_written(sample), encoding="utf-8", newline="")
    found = read_by_program(path, checked, what, must_work=False)
    return found if isinstance(found, Outcome) else Outcome(Ending.WORKED, what)


def _places(value: Any) -> Any:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield value, key
        yield from _places(inner)


def _encoded(room: Path, checked: DataDescription, what: str) -> Outcome:
    """The rows go through splits, vocabularies and ids: every field is there under its name, every row once."""
    rows = TypedRows(room / "typed.parquet").scan()
    try:
        assignment, report = split_rows(rows, SplitConfig(fractions=(0.5, 0.25, 0.25)))
        train = assignment.select(rows, "train")
        vocabularies = fit_vocabularies(train, kinds_of(train), BucketingConfig(dataset="x"))
        schema = vocabularies.schema("x")
        examples = EncodedRows(train, Encoder(vocabularies, schema), "train").collect()
    except UserError as error:
        return Outcome(Ending.REFUSED, f"{what}: {error}")
    except Exception as error:
        return Outcome(of_error(error).ending, f"{what}: encoded: {of_error(error).detail}")
    positives = train.select(LABEL).collect()[LABEL].to_list()
    if set(schema.names) - set(checked.kinds) or examples.labels.tolist() != positives:
        return Outcome(Ending.WRONG, f"{what}: encoded as {schema.names}")
    if sum(report.rows.values()) != 40:
        return Outcome(Ending.WRONG, f"{what}: {report.rows} of 40 rows")
    return Outcome(Ending.WORKED, what)
