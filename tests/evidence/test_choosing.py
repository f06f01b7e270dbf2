"""Planted interactions are found, proxies are not kept, and nothing depends on how rows and values are written."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from autofis_kedro.evidence.base import fit_base, terms_of
from autofis_kedro.evidence.choosing import Choice, choose
from autofis_kedro.evidence.columns import Columns
from autofis_kedro.evidence.config import EvidenceConfig
from autofis_kedro.evidence.gathering import gather
from autofis_kedro.evidence.score import Score
from autofis_kedro.evidence.testing import Fields, corrected
from tests.evidence.logs import draw

SIZES = (6, 12, 20, 35, 80, 6)
PLANTED = ((0, 2), (1, 3))


def chosen(columns: Columns, config: EvidenceConfig | None = None) -> Choice:
    pairs = list(combinations(range(columns.n_fields), 2))
    return choose(columns, fit_base(terms_of(columns), columns.labels_N), pairs, config or EvidenceConfig())


@pytest.fixture(scope="module")
def log() -> Columns:
    return draw(7, 12_000, SIZES, PLANTED, copy_of=0)


@pytest.fixture(scope="module")
def found(log: Columns) -> Choice:
    return chosen(log)


def test_exactly_the_planted_pairs_are_kept(found: Choice) -> None:
    assert set(found.kept) == set(PLANTED)


def test_a_pair_with_a_copy_of_a_planted_field_is_its_proxy(found: Choice) -> None:
    assert found.alone[(2, 5)].p < 1e-6
    assert found.proxy_of[(2, 5)] == (0, 2)


def test_nothing_is_kept_where_nothing_was_planted() -> None:
    assert not chosen(draw(8, 12_000, SIZES, copy_of=0)).kept


def test_power_grows_with_rows() -> None:
    z = [chosen(draw(9, n_rows, SIZES, PLANTED, strength=0.5)).alone[(0, 2)].z for n_rows in (3000, 12_000, 48_000)]
    assert z[0] < z[1] < z[2]


def test_values_may_have_any_numbers_and_rows_any_order(log: Columns, found: Choice) -> None:
    rng = np.random.default_rng(0)
    order = rng.permutation(log.n_rows)
    renamed = [rng.permutation(size)[values][order] for values, size in zip(log.values_F, log.sizes, strict=True)]
    again = chosen(Columns.of_arrays(np.stack(renamed, axis=1), log.labels_N[order], log.names))
    _same(found, again, lambda fields: fields)


def test_fields_may_have_any_order(log: Columns, found: Choice) -> None:
    turned = Columns.of_arrays(np.stack(log.values_F[::-1], axis=1), log.labels_N, log.names[::-1])
    last = log.n_fields - 1
    again = chosen(turned)
    assert {tuple(sorted(last - field for field in fields)) for fields in again.kept} == set(found.kept)


def test_a_field_of_one_value_adds_nothing(log: Columns, found: Choice) -> None:
    constant = np.zeros(log.n_rows, dtype=int)
    more = Columns.of_arrays(np.stack([*log.values_F, constant], axis=1), log.labels_N, (*log.names, "constant"))
    again = chosen(more)
    assert set(again.kept) == set(found.kept)
    assert all(again.alone[fields].p == 1.0 for fields in again.alone if log.n_fields in fields)


def test_at_most_so_many_are_kept_and_it_is_said() -> None:
    cut = gather(draw(7, 12_000, SIZES, PLANTED), EvidenceConfig(max_kept=1))
    assert len(cut.kept) == 1
    assert cut.limits(20_000) == [
        "a uniform sample of 12,000 of 20,000 rows was read (evidence.max_rows, max_pair_rows)",
        "more pairs passed than the 1 that are kept (evidence.max_kept)",
    ]


def test_a_planted_triple_is_found_beside_the_pairs() -> None:
    columns = draw(3, 20_000, (5, 6, 7, 9), [(0, 1), (0, 2, 3)], strength=0.8)
    pairs = list(combinations(range(4), 2))
    config = EvidenceConfig()
    first = choose(columns, fit_base(terms_of(columns), columns.labels_N), pairs, config)
    triples = list(combinations(range(4), 3))
    second = choose(columns, first.base, triples, config, tuple(first.kept))
    assert set(second.kept) == {(0, 2, 3)}


def test_triples_that_a_screen_left_out_count_for_the_others() -> None:
    columns = draw(4, 2000, (3, 4, 3, 4, 3))
    found = gather(columns, EvidenceConfig(orders=(2, 3), max_triples=3))
    pairs, triples = found.choices
    assert (len(pairs.alone), pairs.n_looked_at) == (10, 10)
    assert (len(triples.alone), triples.n_looked_at, found.n_unscreened) == (3, 10, 7)
    for fields, score in triples.alone.items():
        assert found.p_corrected[fields] == pytest.approx(min(1.0, 10 * score.p))
    assert found.limits(2000) == ["3 of 10 triples were tested in full (evidence.max_triples)"]


def test_holm_is_bonferroni_for_the_smallest_p_and_never_larger() -> None:
    scores: dict[Fields, Score] = {
        (0, i): Score(0.0, 1.0, 0.0, 0.0, p, 1, 0.0) for i, p in enumerate((0.001, 0.2, 0.01, 0.04))
    }
    holm, bonferroni = corrected(scores, "holm", 4), corrected(scores, "bonferroni", 4)
    assert holm == pytest.approx({(0, 0): 0.004, (0, 2): 0.03, (0, 3): 0.08, (0, 1): 0.2})
    assert bonferroni == pytest.approx({(0, 0): 0.004, (0, 2): 0.04, (0, 3): 0.16, (0, 1): 0.8})


def _same(first: Choice, second: Choice, turned) -> None:  # type: ignore[no-untyped-def]
    assert set(first.kept) == {turned(fields) for fields in second.kept}
    for fields, score in first.alone.items():
        # sums over 12,000 rows in another order
        assert second.alone[turned(fields)].z == pytest.approx(score.z, abs=1e-6)
