"""bfloat16 numbers are read and rounded as torch does it."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from autofis_kedro.compiled.loops import arrays
from autofis_kedro.compiled.vectors import over_rows

_copy = over_rows(lambda rows, _: (rows[1],))


@njit
def copy(into, source):
    _copy(len(source), (into, source), (0, 0), (np.float32(0),))


def copied(source, dtype):
    into = torch.empty(source.shape, dtype=dtype)
    copy(*arrays(into, source))
    return into


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=40))
def test_every_float32_becomes_the_bfloat16_that_torch_takes(bits):
    numbers = torch.from_numpy(np.array(bits, dtype=np.uint32).view(np.float32))
    torch.testing.assert_close(copied(numbers, torch.bfloat16), numbers.bfloat16(), rtol=0, atol=0, equal_nan=True)


def test_every_bfloat16_is_read_as_it_is():
    numbers = torch.arange(-(1 << 15), 1 << 15, dtype=torch.int16).view(torch.bfloat16)
    torch.testing.assert_close(copied(numbers, torch.float32), numbers.float(), rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("number", [1.00390625, 1.01171875, -1.00390625, 3.4e38, float("inf"), -float("inf")])
def test_halves_go_to_the_even_number_and_the_largest_to_infinity(number):
    numbers = torch.full((9,), number)
    assert torch.equal(copied(numbers, torch.bfloat16), numbers.bfloat16())
