"""The published values agree with themselves: a misprint or a slip in copying would show."""

from pathlib import Path

import pytest
import yaml

from autofis_kedro.reporting.paper_rows import TABLES
from autofis_kedro.reporting.published import Published, PublishedRow

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = Published.model_validate(yaml.safe_load((ROOT / "conf/base/published.yml").read_text())["published"])
PARTS = [(table, data, rows) for table, found in PUBLISHED.tables.items() for data, rows in found.items()]
TEXT = ROOT.parent / "shared" / "paper" / "autofis-kdd20.txt"
AUC_DIGITS, PERCENT_DIGITS = 1e-4, 1e-4


@pytest.mark.parametrize(("table", "data", "rows"), PARTS)
def test_relative_improvements_follow_from_the_aucs(table, data, rows):
    base = next(iter(rows.values())).auc
    for name, row in rows.items():
        if row.relative_improvement is not None:
            rounding = AUC_DIGITS / base + PERCENT_DIGITS / 2
            assert row.relative_improvement == pytest.approx(row.auc / base - 1, abs=rounding), name


@pytest.mark.parametrize(("table", "data", "rows"), PARTS)
def test_every_row_of_a_table_here_has_its_published_values(table, data, rows):
    assert set(rows) <= set(TABLES[table].models)
    assert set(TABLES[table].models) - set(rows) <= {"all open+BN+alpha"}, "the paper lacks this control alone"


def test_a_model_has_the_same_values_in_every_table():
    same = {"AutoFM(2nd)": "AutoFM", "AutoDeepFM(2nd)": "AutoDeepFM", "Selected by AutoFM": "AutoFM"}
    found: dict[tuple[str, str], set[tuple[float, float]]] = {}
    for _, data, rows in PARTS:
        for name, row in rows.items():
            found.setdefault((data, same.get(name, name)), set()).add((row.auc, row.log_loss))
    assert {key: values for key, values in found.items() if len(values) > 1} == {}


def test_third_order_rows_state_both_shares():
    for _, _, rows in PARTS:
        for name, row in rows.items():
            if row.kept is not None:
                assert (row.kept_triples is not None) == ("3rd" in name), name


@pytest.mark.skipif(not TEXT.exists(), reason="the paper's text is not beside the project")
@pytest.mark.parametrize(("table", "data", "rows"), PARTS)
def test_every_row_stands_in_the_papers_text(table, data, rows):
    lines = TEXT.read_text(encoding="utf-8").replace("<b>", "").replace("</b>", "").replace("*", "").splitlines()
    for name, row in rows.items():
        label = name.replace("-alpha", "- $\\alpha$")
        numbers = _numbers(row)
        assert any(line.startswith(label) and _holds(line, numbers) for line in lines), (name, numbers)


def _numbers(row: PublishedRow) -> list[str]:
    loss = f"{row.log_loss:.5f}" if row.log_loss < 0.1 else f"{row.log_loss:.4f}"
    found = [f"{row.auc:.4f}", loss]
    if row.seconds is not None:
        found.append(f"{row.seconds:.2f}")
    if row.search_minutes is not None:
        found.append(f"{row.search_minutes:.0f} + {row.train_minutes:.0f}")
    if row.kept is not None and row.kept < 1:
        found.append(f"{row.kept:.0%}" + (f" / {row.kept_triples:.0%}" if row.kept_triples is not None else ""))
    if row.relative_improvement:
        found.append(f"{row.relative_improvement:.2%}")
    return found


def _holds(line: str, numbers: list[str]) -> bool:
    cells = [cell.strip() for cell in line.split("\t")]
    return all(number in cells for number in numbers)
