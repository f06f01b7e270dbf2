"""The bits of a byte say which of eight numbers are positive."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from autofis_kedro.compiled.bits import NUMBERS, positive_bits


@njit
def bits(numbers, start):
    return positive_bits(numbers, start)


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.floats(width=32), min_size=NUMBERS, max_size=30), st.data())
def test_bit_u_is_the_sign_of_number_u(numbers, data):
    start = data.draw(st.integers(0, len(numbers) - NUMBERS))
    array = np.array(numbers, dtype=np.float32)
    found = np.unpackbits(np.uint8(bits(array, start)), bitorder="little")
    np.testing.assert_array_equal(found, array[start : start + NUMBERS] > 0)
