"""statistics_AUC against a few lines of plain Python, and what it must tell of planted pairs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from autofis_kedro.analysis import StatisticsAUCConfig, statistics_auc
from autofis_kedro.analysis.statistics_auc import groups
from autofis_kedro.data.examples import Examples
from autofis_kedro.errors import UserError
from autofis_kedro.selection import by_statistics_auc
from tests.problems import random_examples, schema_of

SCHEMA = schema_of([4, 5, 3, 4], multi_hot=(1,))


def value(examples, row, position):
    """A row's value of a field, a multi-hot cell as its set of ids."""
    if position in SCHEMA.multi_hot_positions:
        lists = examples.bags[position]
        return tuple(sorted(lists.values[lists.offsets[row] : lists.offsets[row + 1]].tolist()))
    return int(examples.one_hot[row, SCHEMA.one_hot_positions.index(position)])


def by_hand(train, evaluation, fields, smoothing):
    seen = {}
    for row in range(train.n_rows):
        key = tuple(value(train, row, position) for position in fields)
        rows, clicks = seen.get(key, (0, 0))
        seen[key] = (rows + 1, clicks + int(train.labels[row]))
    overall = train.labels.mean()
    scores = []
    for row in range(evaluation.n_rows):
        rows, clicks = seen.get(tuple(value(evaluation, row, position) for position in fields), (0, 0))
        scores.append((clicks + smoothing * overall) / (rows + smoothing) if rows else overall)
    return roc_auc_score(evaluation.labels, scores)


@given(st.integers(0, 1000), st.sampled_from([0.0, 3.0]), st.sampled_from([1, 2, 3]), st.integers(5, 400))
@settings(max_examples=25, deadline=None)
def test_equals_plain_counting_whatever_the_blocks(seed, smoothing, order, block):
    train, evaluation = random_examples(SCHEMA, 300, seed), random_examples(SCHEMA, 80, seed + 1)
    config = StatisticsAUCConfig(smoothing=smoothing, block_rows=block)
    found = statistics_auc(train, evaluation, SCHEMA, SCHEMA.tuples(order), config)
    expected = [by_hand(train, evaluation, fields, smoothing) for fields in SCHEMA.tuples(order)]
    np.testing.assert_allclose(found["statistics_auc"], expected, atol=1e-12)


def test_the_number_of_passes_changes_nothing():
    train, evaluation = random_examples(SCHEMA, 300, 0), random_examples(SCHEMA, 80, 1)
    one, many = (StatisticsAUCConfig(memory_gb=gb) for gb in (1.0, 1e-5))
    passes = [len(list(groups(SCHEMA.tuples(2), SCHEMA, 380, config))) for config in (one, many)]
    assert passes[0] == 1
    assert passes[1] > 3
    assert [f for group in groups(SCHEMA.tuples(2), SCHEMA, 380, many) for f in group] == list(SCHEMA.tuples(2))
    assert statistics_auc(train, evaluation, SCHEMA, config=one).equals(
        statistics_auc(train, evaluation, SCHEMA, config=many)
    )


def test_orders_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="orders beside the pairs are 1"):
        StatisticsAUCConfig(also=(4,))


def test_a_pair_that_says_more_than_its_fields_ranks_first_and_is_selected():
    schema = schema_of([6, 6, 6, 6])
    rng = np.random.default_rng(0)
    x = rng.integers(0, 6, (6000, 4))
    labels = (x[:, 1] + x[:, 3]) % 2 == 0  # neither field alone says anything
    labels ^= rng.random(6000) < 0.2
    ids = x + np.array(schema.offsets[:-1])
    train, valid = (Examples.from_arrays(ids[part], labels[part]) for part in (slice(0, 5000), slice(5000, None)))
    ranked = statistics_auc(train, valid, schema)
    assert ranked.sort("rank").select("field_1", "field_2").row(0) == ("f1", "f3")
    assert ranked["statistics_auc"].max() > 0.75
    assert statistics_auc(train, valid, schema, schema.tuples(1))["statistics_auc"].max() < 0.56
    assert [kept.fields for kept in by_statistics_auc(schema, ranked, 1).interactions] == [("f1", "f3")]
    assert ranked["rank"].sort().to_list() == list(range(1, 7))
    with pytest.raises(UserError, match=r"1\.\.6 are ranked"):
        by_statistics_auc(schema, ranked, 7)


def test_rows_of_one_label_are_refused():
    train = random_examples(SCHEMA, 50, 0)
    train.labels[:] = 1
    with pytest.raises(UserError, match="one label only"):
        statistics_auc(train, train, SCHEMA)
