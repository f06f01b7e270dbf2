"""Joint values are counted whatever blocks they come in."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from autofis_kedro.data.joint_values import JointCounts

numbers = st.integers(0, 2**63 - 1) | st.integers(0, 5) | st.integers(2**63 - 5, 2**63 - 1)
rows = st.lists(st.tuples(numbers, st.integers(0, 1)), min_size=1, max_size=30)


@given(st.lists(rows, min_size=1, max_size=6))
def test_rows_and_clicks_of_every_value(blocks):
    counted = JointCounts()
    for block in blocks:
        keys, labels = zip(*block, strict=True)
        counted.add(np.array(keys, dtype=np.uint64), np.array(labels, dtype=np.uint8))
    counted.merge()
    seen = Counter(key for block in blocks for key, _ in block)
    clicks = Counter(key for block in blocks for key, label in block if label)
    assert counted.key_V.tolist() == sorted(seen)
    assert counted.counts_V2.tolist() == [[seen[key], clicks[key]] for key in sorted(seen)]


def test_nothing_counted_is_nothing():
    assert len(JointCounts().merge().key_V) == 0
