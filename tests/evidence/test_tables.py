"""The tables say what was found: one row per interaction, verdicts, names and values as the user wrote them."""

from __future__ import annotations

import polars as pl
import pytest
from pydantic import ValidationError

from autofis_kedro.evidence import EvidenceConfig, gather
from autofis_kedro.evidence.gathering import Evidence
from autofis_kedro.evidence.tables import CANNOT_BE_JUDGED, CONFIRMED, NOT_CONFIRMED, meanings, table_of_tests
from tests.evidence.logs import draw


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return gather(draw(7, 12_000, (6, 12, 20, 35, 80, 6), ((0, 2), (1, 3)), copy_of=0), EvidenceConfig())


@pytest.fixture(scope="module")
def tested(evidence: Evidence) -> pl.DataFrame:
    return table_of_tests(evidence)


def test_every_pair_has_a_row_and_a_verdict(tested: pl.DataFrame) -> None:
    assert len(tested) == 15
    assert tested["interaction"].n_unique() == 15
    assert tested.head(2)["verdict"].to_list() == [CONFIRMED, CONFIRMED]
    assert set(tested.head(2)["interaction"]) == {"x0 x x2", "x1 x x3"}
    verdict = dict(tested.select("interaction", "verdict").iter_rows())
    assert verdict["x2 x x5"] == "proxy of x0 x x2"
    assert verdict["x0 x x1"] == NOT_CONFIRMED
    assert (tested["p_corrected"] >= tested["p"]).all()


def test_pairs_whose_joint_values_occur_once_cannot_be_judged() -> None:
    found = table_of_tests(gather(draw(1, 3000, (5, 400, 500)), EvidenceConfig()))
    verdict = dict(found.select("interaction", "verdict").iter_rows())
    alone = dict(found.select("interaction", "share_alone").iter_rows())
    assert alone["x1 x x2"] > 0.5 > alone["x0 x x1"]
    assert verdict["x1 x x2"] == CANNOT_BE_JUDGED
    assert verdict["x0 x x1"] == NOT_CONFIRMED


def test_joint_values_are_named_and_put_into_words(evidence: Evidence) -> None:
    table = meanings(evidence, lambda field, numbers: [f"v{field}_{number}" for number in numbers])
    assert set(table["interaction"]) == {"x0 x x2", "x1 x x3"}
    first = table.row(0, named=True)
    field = first["fields"][0].removeprefix("x")
    assert first["values"][0].startswith(f"v{field}_")
    assert first["sentence"].startswith(f"{first['fields'][0]}={first['values'][0]} with {first['fields'][1]}=")
    assert f"{first['rows']:,} rows" in first["sentence"]


def test_nothing_found_gives_empty_tables_with_their_columns() -> None:
    found = gather(draw(8, 2000, (4, 5, 6)), EvidenceConfig())
    assert not found.kept
    assert meanings(found, lambda field, numbers: []).columns[:3] == ["interaction", "fields", "values"]


@pytest.mark.parametrize("given", [2, [2]])
def test_orders_are_pairs_or_triples_too(given: object) -> None:
    assert EvidenceConfig.model_validate({"orders": given}).orders == (2,)
    assert EvidenceConfig.model_validate({"orders": 3}).orders == (2, 3)
    for wrong in (4, [3], [], True):
        with pytest.raises(ValidationError, match="orders"):
            EvidenceConfig.model_validate({"orders": wrong})


def test_many_pairs_are_read_on_fewer_rows_and_measured_where_it_matters() -> None:
    config = EvidenceConfig(max_pair_rows=1e6, max_gains=3, max_rows=50_000)
    assert [config.rows_to_read(n_fields) for n_fields in (2, 10, 400)] == [50_000, 22_222, 20_000]
    found = gather(draw(7, 12_000, (6, 12, 20, 35, 80, 6), ((0, 2), (1, 3)), copy_of=0), config)
    table = table_of_tests(found)
    measured = table.drop_nulls("gain_se")
    assert set(found.kept) <= set(found.gains)
    assert len(measured) == len(found.gains) == 3
    assert set(measured["interaction"]) == {"x0 x x2", "x1 x x3", "x2 x x5"}
    assert any("3 of 15" in said for said in found.limits(12_000))
