"""A field may have any name: ours are apart from the user's, or the name is refused where it is described."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autofis_kedro.data.bucketing import BucketingConfig
from autofis_kedro.data.description import DataDescription, expand
from autofis_kedro.data.encode import EncodedRows, Encoder
from autofis_kedro.data.names import KEY, PREFIX, ROW
from autofis_kedro.data.reading import RawRows
from autofis_kedro.data.rows import TypedRows
from autofis_kedro.data.splitting import SPLITS, SplitConfig, split_rows
from autofis_kedro.data.vocabulary_fitting import fit_vocabularies, kinds_of
from autofis_kedro.errors import UserError

RESERVED = Path("../shared/cases/reserved-names/log.csv")
OURS = [
    "label",
    "split",
    "row",
    "problem",
    "__extra",
    "probability",
    "logit",
    "key:x",
    "seed_0",
    "value",
    "count",
    "field",
]
ODD = ["", " ", "a b", "ü", "a/b", "a\nb", "[/x]", "user[id]", "a=b", "x.y", "a, b", "{x}", "%", "count ", "tree_1"]


def encoded(raw, folder):
    """Typed, split, fitted and encoded: the examples of all three splits."""
    raw.write(folder / "typed.parquet")
    typed = TypedRows(folder / "typed.parquet").scan()
    assignment, report = split_rows(typed, SplitConfig(fractions=(0.6, 0.2, 0.2)))
    parts = {split: assignment.select(typed, split) for split in SPLITS}
    vocabularies = fit_vocabularies(parts["train"], kinds_of(parts["train"]), BucketingConfig())
    schema = vocabularies.schema("d")
    found = {split: EncodedRows(rows, Encoder(vocabularies, schema)).collect() for split, rows in parts.items()}
    assert {split: examples.n_rows for split, examples in found.items()} == report.rows
    return schema, found


def log(names, n=60):
    """Rows in which every field of ``names`` varies in its own way."""
    columns = {name: [str(row * (place % 6 + 1) % 7) for row in range(n)] for place, name in enumerate(names)}
    return pl.DataFrame({"clicked?": [str(row * row % 3 % 2) for row in range(n)], **columns})


def raw_rows(names, folder):
    path = folder / "log.parquet"
    log(names).write_parquet(path)
    fields = [{"name": name} for name in names]
    return RawRows(
        str(path), DataDescription(format={"kind": "parquet"}, label={"column": "clicked?"}, fields=fields), keys=names
    )


@pytest.mark.parametrize("names", [OURS, ODD], ids=["ours", "odd"])
def test_any_name_gives_what_plain_names_give(tmp_path, names):
    plain = [f"plain_{place}" for place in range(len(names))]
    for folder in ("any", "plain"):
        (tmp_path / folder).mkdir()
    schema, found = encoded(raw_rows(names, tmp_path / "any"), tmp_path / "any")
    _, expected = encoded(raw_rows(plain, tmp_path / "plain"), tmp_path / "plain")
    assert schema.names == tuple(names)
    for split in SPLITS:
        assert (found[split].one_hot == expected[split].one_hot).all()
        assert (found[split].labels == expected[split].labels).all()
    typed = TypedRows(tmp_path / "any" / "typed.parquet").scan().collect()
    assert typed[ROW].to_list() == list(range(60))
    for name in names:
        assert typed[f"{KEY}{name}"].to_list() == typed[name].to_list() == log(names)[name].to_list()


@given(
    st.lists(
        st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=5),
        min_size=2,
        max_size=4,
        unique=True,
    )
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_drawn_name_works_or_is_refused_where_it_is_described(tmp_path, names):
    names = [name for name in names if name not in ("clicked?", "a..b", "last")] + ["a..b", "last"]
    names = [name for name in names if expand(name) == (name,)]  # 1..3 stands for three columns
    if any(name == "*" or (name.startswith("^") and name.endswith("$")) for name in names):
        with pytest.raises(ValueError, match="cannot be described"):
            raw_rows(names, tmp_path)
    else:
        assert encoded(raw_rows(names, tmp_path), tmp_path)[0].names == tuple(names)


@pytest.mark.parametrize("name", [f"{PREFIX}row", f"{PREFIX}label", PREFIX, "*", "^a$"])
def test_a_name_that_cannot_be_is_refused_by_name(tmp_path, name):
    for part in ({"fields": [{"name": name}, {"name": "b"}]}, {"label": {"column": name}}, {"drop": [name]}):
        with pytest.raises(ValueError, match="cannot be described"):
            DataDescription(**{"fields": [{"name": "a"}, {"name": "b"}], **part})
    if name.startswith(PREFIX):
        (tmp_path / "log.csv").write_text(f"label,a,b,{name}\n1,x,y,z\n0,y,x,z\n")
        description = DataDescription(fields=[{"name": "a"}, {"name": "b"}], optional=["x"])
        with pytest.raises(UserError, match=f"has a column '{name}'"):
            RawRows(str(tmp_path / "log.csv"), description).write(tmp_path / "typed.parquet")


@pytest.mark.skipif(not RESERVED.exists(), reason="../shared/cases is not here")
def test_the_case_reserved_names(tmp_path):
    names = pl.read_csv(RESERVED, n_rows=0).columns[1:]
    description = DataDescription(fields=[{"name": name} for name in names])
    schema, found = encoded(RawRows(str(RESERVED), description), tmp_path)
    assert schema.names == tuple(names)
    assert sum(examples.n_rows for examples in found.values()) == 400
