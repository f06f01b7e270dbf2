"""Timestamps: parts as they are written, plausible counts, and splits by a column that need be no field."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autofis_kedro.data.description import DataDescription
from autofis_kedro.data.names import ORDER, SPLIT
from autofis_kedro.data.reading import RawRows
from autofis_kedro.data.rows import TypedRows
from autofis_kedro.data.splitting import SPLITS, SplitConfig, split_rows
from autofis_kedro.errors import UserError

CASES = Path("../shared/cases")
needs_cases = pytest.mark.skipif(not CASES.exists(), reason="../shared/cases is not here")
FIELDS = [{"name": "a"}, {"name": "b"}]


def read(place, folder, fields=FIELDS, split=None, **description):
    kind = "parquet" if str(place).endswith("parquet") else "delimited"
    about = {
        "format": {"kind": kind},
        "label": {"column": "click"},
        "fields": fields,
        "optional": ["b", "time"],
        **description,
    }
    raw = RawRows(str(place), DataDescription(**about), split=split.by_column if split else None)
    raw.write(folder / "typed.parquet")
    typed = TypedRows(folder / "typed.parquet")
    typed.check_split(split.by_column if split else None)
    return typed.scan()


def log(folder, values, name="log.parquet"):
    n = len(values)
    frame = pl.DataFrame({"click": [row % 2 for row in range(n)], "time": values, "a": ["p"] * n, "b": ["q"] * n})
    frame.write_parquet(folder / name) if name.endswith("parquet") else frame.write_csv(folder / name)
    return folder / name


def parts_of(folder, values, parts=("hour", "weekday", "day", "month"), **field):
    stamp = {"name": "time", "kind": "timestamp", "parts": list(parts), **field}
    return read(log(folder, values), folder, [stamp, {"name": "a"}]).select(parts).collect().rows()


AT = datetime(2026, 3, 1, 8, 5, 30)
SECONDS = int(AT.replace(tzinfo=UTC).timestamp())
PARTS = ("08", "7", "01", "03")


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("2026-03-01 08:05:30", "%Y-%m-%d %H:%M:%S"),
        ("2026-03-01 08:05:30.5", "%Y-%m-%d %H:%M:%S.%f"),
        ("26030108", "%y%m%d%H"),
        (26030108, "%y%m%d%H"),
        (26030108.0, "%y%m%d%H"),
        ("01/Mar/2026:08:05:30 -0700", "%d/%b/%Y:%H:%M:%S %z"),
        ("Sun Mar 01 08:05:30 +0530 2026", "%a %b %d %H:%M:%S %z %Y"),
        ("2026-03-01T08:05:30+05:30", "%Y-%m-%dT%H:%M:%S%z"),
        ("2026-03-01T08:05:30Z", "%Y-%m-%dT%H:%M:%S%z"),
        (str(SECONDS), "%s"),
        (SECONDS, "%s"),
        (float(SECONDS), "%s"),
        (f"{SECONDS}.25", "%s"),
        (SECONDS * 1000, "%ms"),
        (str(SECONDS * 1000), "%ms"),
        (SECONDS * 1_000_000, "%us"),
        ("2026-03-01 08:05:30", None),
        ("2026-03-01T08:05:30.125", None),
        ("2026-03-01T08:05", None),
        ("2026-03-01T08:05:30Z", None),
        ("2026-03-01T08:05:30+05:30", None),
        ("2026-03-01 08:05:30-0800", None),
        (AT, None),
    ],
)
def test_parts_are_as_written(tmp_path, value, form):
    assert parts_of(tmp_path, [value, None], format=form) == [PARTS, (None,) * 4]


@pytest.mark.parametrize(
    "dtype", [pl.Datetime(unit, zone) for unit in ("ms", "us", "ns") for zone in (None, "UTC", "Asia/Kolkata")]
)
def test_a_parquet_files_own_moments_show_their_own_clock(tmp_path, dtype):
    moments = pl.Series([AT, None]).cast(pl.Datetime(dtype.time_unit)).dt.replace_time_zone(dtype.time_zone)
    assert parts_of(tmp_path, moments) == [PARTS, (None,) * 4]


def test_a_date_has_hour_zero(tmp_path):
    assert parts_of(tmp_path, [AT.date(), None])[0] == ("00", *PARTS[1:])
    assert parts_of(tmp_path, ["2026-03-01", None])[0] == ("00", *PARTS[1:])


@given(st.datetimes(datetime(1990, 1, 2), datetime(2099, 12, 30)), st.integers(-14 * 4, 14 * 4))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_clock_is_that_of_the_text_and_the_order_that_of_the_moment(tmp_path, moment, quarters):
    moment, offset = moment.replace(microsecond=0), timedelta(minutes=15 * quarters)
    sign, total = "-" if quarters < 0 else "+", abs(15 * quarters)
    text = f"{moment:%Y-%m-%dT%H:%M:%S}{sign}{total // 60:02d}:{total % 60:02d}"
    for form in (None, "%Y-%m-%dT%H:%M:%S%z"):
        assert parts_of(tmp_path, [text, text], format=form)[0] == tuple(moment.strftime("%H %u %d %m").split())
        split = SplitConfig(method="time", column="time", format=form)
        order = read(log(tmp_path, [text, text]), tmp_path, split=split).collect()[ORDER][0]
        assert order == (moment - offset).replace(tzinfo=UTC).timestamp() * 1e6


@pytest.mark.parametrize(
    ("value", "form", "message"),
    [
        (SECONDS * 1000, "%s", r"'1772352330000', no count .* %s within 1990 to 2099; format: \"%ms\" would read it"),
        (SECONDS, "%ms", r"format: \"%s\" would read it"),
        (SECONDS * 1000, "%us", r"format: \"%ms\" would read it"),
        ("soon", "%s", "'soon', no count since 1970"),
        (5, "%s", "'5', no count since 1970 in the unit of %s within 1990 to 2099$"),
        ("2026-02-30 08", "%Y-%m-%d %H", "'2026-02-30 08', not of the format %Y-%m-%d %H"),
        ("202-03-01 08", "%Y-%m-%d %H", "'202-03-01 08', not of the format %Y-%m-%d %H"),
        ("01.03.2026", None, "'01.03.2026', no ISO 8601; name it under format"),
        (str(SECONDS), None, "no ISO 8601; name it under format: .*%s, %ms, %us"),
        ("202-03-25 19:00:00", "%Y-%m-%d %H:%M:%S", "'202-03-25 19:00:00', not of the format"),
        ("202-03-25", None, "no ISO 8601"),
    ],
)
def test_other_formats_are_named(tmp_path, value, form, message):
    with pytest.raises(UserError, match="row 1: timestamp 'time' is .*" + message):
        parts_of(tmp_path, [value, value], format=form)


@pytest.mark.parametrize("form", ["%Q", "%H:%M", "nonsense", "%Y-%m", "", "%d/%m %H:%M"])
def test_a_format_that_does_not_tell_what_is_asked_is_refused_at_the_description(form):
    stamp = {"name": "t", "kind": "timestamp", "format": form, "parts": ["hour", "weekday"]}
    with pytest.raises(ValueError, match=r"does not tell the .*weekday.* strftime's letters.*%ms"):
        DataDescription(fields=[*FIELDS, stamp])
    with pytest.raises(ValueError, match="does not tell the"):
        SplitConfig(method="time", column="t", format=form)


def test_a_format_may_tell_no_more_than_is_asked(tmp_path):
    assert parts_of(tmp_path, ["08:05", None], ["hour"], format="%H:%M") == [("08",), (None,)]
    assert parts_of(tmp_path, ["2026-03", None], ["month"], format="%Y-%m") == [("03",), (None,)]


def test_parts_of_one_name_are_told_apart():
    two = [
        {"name": name, "kind": "timestamp", "parts": parts} for name, parts in (("s", ["hour", "day"]), ("b", ["hour"]))
    ]
    assert list(DataDescription(fields=two).kinds) == ["s.hour", "day", "b.hour"]
    assert list(DataDescription(fields=[two[1], {"name": "hour"}]).kinds) == ["b.hour", "hour"]
    alone = [{"name": "hour", "kind": "timestamp", "parts": ["hour", "day"]}]
    assert list(DataDescription(fields=alone).kinds) == ["hour", "day"]
    for fields, twice in (([*two, {"name": "s.hour"}], "s.hour"), ([{**two[0], "parts": ["hour", "hour"]}], "hour")):
        with pytest.raises(ValueError, match=f"described more than once: {twice}"):
            DataDescription(fields=[*fields, {"name": "z"}])


# Splits


def split_of(folder, values, name="log.parquet", fields=FIELDS, **config):
    """Each split's values of the split column, in row order."""
    config = SplitConfig(**{"method": "time", "column": "time", "fractions": (0.5, 0.25, 0.25), **config})
    typed = read(log(folder, values, name), folder, fields, split=config)
    assignment, report = split_rows(typed, config)
    held = typed.select(assignment.holds(split).fill_null(False).alias(split) for split in SPLITS).collect()
    assert assignment.select(typed, "train").collect_schema().names()[1:] == [field["name"] for field in fields]
    found = {split: [value for value, is_held in zip(values, held[split], strict=True) if is_held] for split in SPLITS}
    assert {split: len(rows) for split, rows in found.items()} == report.rows
    return found["train"], found["valid"], found["test"]


HOURS = [AT + timedelta(hours=17 * hour) for hour in range(8)]


@pytest.mark.parametrize("name", ["log.csv", "log.parquet"])
@pytest.mark.parametrize(
    ("write", "form"),
    [
        (str, None),
        (lambda at: at.isoformat(), None),
        (lambda at: f"{at:%d.%m.%Y %H:%M}", "%d.%m.%Y %H:%M"),
        (lambda at: int(at.timestamp()), None),
        (lambda at: int(at.timestamp() * 1000), "%ms"),
        (lambda at: at.timestamp() - 1.7e9, None),
        (lambda at: at, None),
        (lambda at: f"{at:%Y w%j-%H}", "text"),
    ],
)
def test_a_column_that_is_no_field_splits_by_time(tmp_path, write, form, name):
    values = [write(at) for at in HOURS]
    shuffled = [values[place] for place in (3, 0, 7, 1, 6, 2, 5, 4)]
    train, valid, test = split_of(tmp_path, shuffled, name, format=form)
    assert (set(train), set(valid), set(test)) == ({*values[:4]}, {*values[4:6]}, {*values[6:]})


def test_numbers_as_text_sort_as_numbers_and_dates_of_parquet_as_dates(tmp_path):
    assert split_of(tmp_path, ["9", "10", "100", "8"], "log.csv") == (["9", "8"], ["10"], ["100"])
    days = [at.date() for at in HOURS[::2]]
    assert split_of(tmp_path, days) == (days[:2], days[2:3], days[3:])


def test_ties_stay_together_and_rows_without_a_time_come_last(tmp_path):
    train, valid, test = split_of(tmp_path, [1, 1, 1, 2, 2, 3, None, 1])
    assert (train, valid, test) == ([1, 1, 1, 1], [2, 2], [3, None])
    for values in ([1, 1, 2, 2, None, None], ["a", "a", "b", "b", None, None]):
        form = "text" if values[0] == "a" else None
        train, valid, test = split_of(tmp_path, values, format=form, fractions=(0.2, 0.3, 0.5))
        assert (train, valid, test) == (values[:2], values[2:4], values[4:]), "all that have no time are the test rows"


def test_a_field_may_be_the_split_column_with_its_own_format(tmp_path):
    values = [f"{at:%d.%m.%y %H}" for at in HOURS]
    stamp = {"name": "time", "kind": "timestamp", "format": "%d.%m.%y %H", "parts": ["hour"]}
    config = SplitConfig(method="time", column="time", fractions=(0.5, 0.25, 0.25))
    typed = read(log(tmp_path, values[::-1], "log.csv"), tmp_path, [stamp, {"name": "a"}], split=config)
    train = split_rows(typed, config)[0].select(typed, "train").collect()["hour"].to_list()
    assert train == [f"{at:%H}" for at in HOURS[:4]][::-1]


def test_a_column_may_give_the_splits(tmp_path):
    values = ["train", "Validation", "TEST", "train"]
    assert split_of(tmp_path, values, "log.csv", method="given") == (["train", "train"], ["Validation"], ["TEST"])
    with pytest.raises(UserError, match=r"the splits are given twice: by split_files and by split.column 'time'"):
        read(tmp_path, tmp_path, split=SplitConfig(method="given", column="time"), split_files={"train": "*"})
    with pytest.raises(UserError, match=r"row 2: split.column 'time' is 'later'; allowed: train, valid"):
        split_of(tmp_path, ["train", "later", "test", "valid"], "log.csv", method="given")


@pytest.mark.parametrize(
    ("values", "config", "message"),
    [
        (
            ["01.03.2026"] * 4,
            {},
            r"row 1: split.column 'time' is '01.03.2026', no ISO 8601; split.format says .*%ms.*text",
        ),
        (["5", "6", "soon", "8"], {}, r"row 3: split.column 'time' is 'soon', no number .*split.format"),
        ([str(SECONDS * 1000)] * 4, {"format": "%s"}, r"split.column 'time' is .* format: \"%ms\" would read it"),
        ([None] * 4, {}, "split.column 'time' is missing in all rows"),
        (["5", "6"], {"column": "when"}, "has no column 'when'; it has: click, time, a, b"),
        ([["x"], ["y"]], {}, "column 'time' is of type List"),
        ([timedelta(1)] * 2, {}, "column 'time' is of type Duration"),
    ],
)
def test_a_column_that_is_no_time_is_refused(tmp_path, values, config, message):
    is_text = all(isinstance(value, str) for value in values)
    with pytest.raises(UserError, match=message):
        split_of(tmp_path, values, "log.csv" if is_text else "log.parquet", **config)


def test_rows_typed_for_another_split_are_refused(tmp_path):
    by_time = SplitConfig(method="time", column="time")
    read(log(tmp_path, [1, 2]), tmp_path, split=by_time)
    typed = TypedRows(tmp_path / "typed.parquet")
    typed.check_split(None)
    with pytest.raises(UserError, match=r"no order by split.column 'time': run the pipeline 'ingestion' again"):
        typed.check_split(SplitConfig(method="time", column="time", format="%s").by_column)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"column": "t"}, "column 't' splits nothing"),
        ({"method": "time", "format": "%s"}, "name the column"),
        ({"method": "given", "column": "t", "format": "%s"}, "name the column"),
        ({"method": "time", "column": "*"}, "a star"),
    ],
)
def test_splits_that_contradict_themselves_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        SplitConfig(**config)


# The cases


@needs_cases
def test_the_case_time_text(tmp_path):
    config = SplitConfig(method="time", column="time")
    typed = read(CASES / "time-text/log.csv", tmp_path, [{"name": "site"}, {"name": "device"}], split=config)
    assignment, report = split_rows(typed, config)
    assert report.rows == {"train": 320, "valid": 40, "test": 40}
    raw = pl.read_csv(CASES / "time-text/log.csv")
    is_train = typed.select(assignment.holds("train")).collect().to_series()
    assert raw.filter(is_train)["time"].max() < raw.filter(~is_train)["time"].min()


@needs_cases
def test_the_case_time_epoch_ms(tmp_path):
    stamp = {"name": "time", "kind": "timestamp", "parts": ["hour"]}
    fields = [{"name": "site"}, {"name": "device"}]
    found = read(CASES / "time-epoch-ms/log.csv", tmp_path, [{**stamp, "format": "%ms"}, *fields]).collect()
    at = pl.read_csv(CASES / "time-epoch-ms/log.csv")["time"].cast(pl.Datetime("ms"))
    assert found["hour"].to_list() == at.dt.strftime("%H").to_list()
    with pytest.raises(UserError, match=r"row 1: .* format: \"%ms\" would read it"):
        read(CASES / "time-epoch-ms/log.csv", tmp_path, [{**stamp, "format": "%s"}, *fields])


@needs_cases
def test_the_case_time_offsets(tmp_path):
    stamps = [
        {"name": name, "kind": "timestamp", "format": "%Y-%m-%dT%H:%M:%S%z", "parts": ["hour"]}
        for name in ("shown", "booked")
    ]
    found = read(CASES / "time-offsets/log.csv", tmp_path, [*stamps, {"name": "site"}]).collect()
    raw = pl.read_csv(CASES / "time-offsets/log.csv")
    for name in ("shown", "booked"):
        assert found[f"{name}.hour"].to_list() == raw[name].str.slice(11, 2).to_list()
    assert SPLIT not in found.columns
