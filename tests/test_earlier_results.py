"""What other pipelines left is found by name, the newest of it; nothing has to be there."""

import polars as pl
import pytest

from autofis_kedro.errors import UserError
from autofis_kedro.reporting.paper_table import Column, PaperTable
from autofis_kedro.trained_models import EarlierResults


def put(folder, dataset, name, version, value, layer="08_reporting"):
    place = folder / layer / dataset / name / version
    place.mkdir(parents=True)
    if isinstance(value, pl.DataFrame):
        value.write_parquet(place / name)
        return
    (place / name).mkdir()
    (place / name / f"{name}.json").write_text(value)


def table(name, title):
    return PaperTable(name=name, title=title, columns=(Column(key="a", title="A"),), rows=({"a": 1},))


def test_there_may_be_nothing(tmp_path):
    found = EarlierResults(tmp_path, "own")
    assert found.table("selection_frequency") is None
    assert found.paper_tables() == []


def test_the_newest_table_of_the_data_set_is_read(tmp_path):
    for dataset, version, number in (("own", "2026-01-02", 2), ("own", "2026-01-01", 1), ("other", "2026-01-03", 3)):
        put(tmp_path, dataset, "counts.parquet", version, pl.DataFrame({"n": [number]}))
    put(tmp_path, "own", "counts.parquet", "2026-01-02b", pl.DataFrame({"n": [4]}), layer="06_models")
    found = EarlierResults(tmp_path, "own").table("counts")
    assert found is not None
    assert found["n"].item() == 4


def test_paper_tables_come_in_their_order_and_newest(tmp_path):
    for name in ("table10", "table2", "table6_7"):
        put(tmp_path, "own", name, "2026-01-01", table(name, "old").model_dump_json())
        put(tmp_path, "own", name, "2026-01-02", table(name, "new").model_dump_json())
    found = EarlierResults(tmp_path, "own").paper_tables()
    assert [(t.name, t.title) for t in found] == [("table2", "new"), ("table6_7", "new"), ("table10", "new")]


def test_a_table_that_cannot_be_read_is_named(tmp_path):
    put(tmp_path, "own", "table1", "2026-01-01", '{"name": "table1"}')
    with pytest.raises(UserError, match=r"table1\.json' cannot be read"):
        EarlierResults(tmp_path, "own").paper_tables()
