"""Turned by blocks is turned."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autofis_kedro.compiled.transpose import transposed


@settings(deadline=None)  # the first call compiles
@given(rows=st.integers(0, 40), columns=st.integers(0, 40))
def test_is_the_transpose(rows, columns):
    x = torch.arange(rows * columns, dtype=torch.float32).view(rows, columns)
    found = transposed(x)
    assert found.is_contiguous()
    assert torch.equal(found, x.T)
