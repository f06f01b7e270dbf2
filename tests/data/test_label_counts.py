"""Few rows of a label are said with their counts; a split without any is not left so."""

import polars as pl
import pytest

from autofis_kedro.data.label_counts import FEW, RARE, check_counts, count_labels, split_with_both_labels
from autofis_kedro.data.names import LABEL, ROW
from autofis_kedro.data.splitting import SPLITS, SplitConfig, split_rows
from autofis_kedro.errors import UserError


def typed(positives, n_rows=400):
    """Rows of which those in ``positives`` have label 1."""
    labels = pl.Series([int(row in positives) for row in range(n_rows)], dtype=pl.UInt8)
    return pl.DataFrame({ROW: pl.Series(range(n_rows), dtype=pl.UInt32), LABEL: labels}).lazy()


@pytest.mark.parametrize("label", [0, 1])
def test_three_rows_of_a_label_go_into_three_splits(label, caplog):
    rare = {10, 150, 399}
    rows = typed(rare if label else set(range(400)) - rare)
    with caplog.at_level("WARNING"):
        config = split_with_both_labels(rows, SplitConfig())
        counts = count_labels(rows, split_rows(rows, config)[0])
        check_counts(counts, "random")
    assert [counts[name][label] for name in SPLITS] == [1, 1, 1]
    assert sum(map(sum, counts.values())) == 400
    assert config.seed != 0
    said = " ".join(caplog.messages)
    assert f"3 of 400 rows have label {label}, none in one of the splits with split.seed 0" in said
    assert f"split.seed {config.seed} is taken" in said
    assert f"label {label} is in 3 of 400 rows (train 1, valid 1, test 1): with 1 of a label" in said
    with_it = SplitConfig(seed=config.seed)
    assert split_with_both_labels(rows, with_it) == with_it, "the same split by its seed"


def test_enough_rows_of_both_labels_change_and_say_nothing(caplog):
    rows = typed(set(range(0, 4000, 2)), 4000)
    with caplog.at_level("WARNING"):
        config = split_with_both_labels(rows, SplitConfig(seed=5))
        check_counts(count_labels(rows, split_rows(rows, config)[0]), "random")
    assert config == SplitConfig(seed=5)
    assert not caplog.messages
    assert RARE < 4000 / 2
    assert FEW < 4000 / 2 * 0.1


def test_a_label_that_cannot_be_everywhere_is_refused_with_its_count():
    with pytest.raises(UserError, match="label 1 is in 2 of 400 rows: the train, validation and test rows need one"):
        split_with_both_labels(typed({5, 6}), SplitConfig())
    with pytest.raises(UserError, match="label 0 is in 0 of 400 rows"):
        split_with_both_labels(typed(set(range(400))), SplitConfig())


def test_a_split_by_time_says_where_a_label_is_missing():
    rows, config = typed({1, 2, 3}), SplitConfig(method="time")
    assert split_with_both_labels(rows, config) == config
    counts = count_labels(rows, split_rows(rows, config)[0])
    with pytest.raises(UserError, match=r"the valid rows have none of label 1: .* \(train 3, valid 0, test 0\)"):
        check_counts(counts, "time")
