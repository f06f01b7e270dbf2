"""Both ways of the benchmark compute the same, on rows that the schema allows."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.statistics_auc import check_equal, generate, ours, plainly

from autofis_kedro.data.examples import Examples, check_examples

SIZES = (13, 5, 40, 200)


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows")
    return folder, generate(folder, 3000, SIZES)


def test_rows_are_divided_and_within_their_fields(generated):
    folder, schema = generated
    train, rows = (Examples.open(folder / split, schema) for split in ("train", "evaluation"))
    assert (train.n_rows, rows.n_rows) == (2700, 300)
    check_examples(train, schema, "train")
    check_examples(rows, schema, "evaluation")
    assert set(np.unique(train.labels)) == {0, 1}


def test_the_plain_way_computes_the_same(generated):
    folder, schema = generated
    pairs = schema.tuples(2)
    one, other = ours(folder, schema, pairs), plainly(folder, schema, pairs)
    assert one.aucs == pytest.approx(other.aucs, abs=1e-12)
    assert len(set(one.aucs)) == len(pairs)
    check_equal(one, other)
    with pytest.raises(SystemExit, match="the two ways differ by 0"):
        check_equal(one, replace(other, aucs=(one.aucs[0] + 0.1, *one.aucs[1:])))
