"""How far rounding may take a result: the law that tolerances of the numeric tests follow.

A sum of products that is made with at most n roundings on the way of any term, in whatever order, on whatever
processor, with or without fused instructions, is off by at most ``n u / (1 - n u)`` times the sum of the terms'
magnitudes (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., ch. 3); u is half the distance between 1
and the next number. The magnitudes of a polynomial's terms, or of its gradients', add up to the same polynomial of the
``magnitudes``. ``Sized`` carries magnitudes and roundings through formulas that are none.

Where results of float64 are compared, ``pytest.approx`` is ten powers of ten wider than rounding, and no law is needed.
"""

from __future__ import annotations

import numpy as np
import torch


def unit(dtype=torch.float32):
    """The largest relative error of one rounding."""
    return torch.finfo(dtype).eps / 2


def bound(n_operations, magnitude, dtype=torch.float32):
    """How far a result may be off after so many roundings of terms that add up to a magnitude, absolutely.

    Args:
        n_operations: roundings on the way of any term, a number or an array of them.
        magnitude: the sum of the terms' magnitudes, a number or an array.
        dtype: in which is rounded.
    """
    steps = n_operations * unit(dtype)
    tiny = torch.finfo(dtype).tiny  # numbers so small have fewer digits
    return steps / (1 - steps) * magnitude + tiny


def likely(n_operations, dtype=torch.float32):
    """The relative error of a norm after so many roundings of random sign: it grows as their root alone.

    Three standard deviations (Higham and Mary 2019, "A new approach to probabilistic rounding error analysis"); for
    tests of lost digits, which the worst case would hide.
    """
    return 3 * n_operations**0.5 * unit(dtype)


def magnitudes(*tensors):
    """Magnitudes in float64, ready to be differentiated."""
    return [tensor.detach().double().abs().requires_grad_() for tensor in tensors]


def moved_by_rounding(results, tensors, n_operations, draws=8):
    """How far results move, in norm, where each number that they are made of is off by so many roundings.

    For what is no polynomial: what float32 finds is the exact result of numbers that are off by its roundings.

    Args:
        results: makes a list of tensors, in float64, of the ``tensors``, which are changed in place and put back.
        tensors: all numbers of the problem, in float64.
        n_operations: roundings on the way of any number.
        draws: of the signs of the errors; the farthest counts.
    """
    exact, before = [found.detach().clone() for found in results()], [tensor.detach().clone() for tensor in tensors]
    generator, farthest = torch.Generator().manual_seed(0), [0.0] * len(exact)
    for _ in range(draws):
        with torch.no_grad():
            for tensor, whole in zip(tensors, before, strict=True):
                signs = 2 * torch.randint(2, whole.shape, generator=generator) - 1
                tensor.copy_(whole * (1 + n_operations * unit() * signs))
        moves = [float((found.detach() - old).norm()) for found, old in zip(results(), exact, strict=True)]
        farthest = [max(both) for both in zip(farthest, moves, strict=True)]
    with torch.no_grad():
        for tensor, whole in zip(tensors, before, strict=True):
            tensor.copy_(whole)
    return exact, farthest


def assert_near(found, exact, allowed, name=""):
    """In norm."""
    error = float((found.detach().double() - exact).norm())
    assert error <= allowed, f"{name}: off by {error:.3g} in norm, allowed {allowed:.3g}"


def assert_rounded(found, exact, n_operations, magnitude, name=""):
    """Each number is the exact one but for so many roundings, in its own type, of terms of a magnitude."""
    dtype = found.dtype if isinstance(found, torch.Tensor) else torch.from_numpy(np.empty(0, found.dtype)).dtype
    assert_within(found, exact, bound(n_operations, _numbers(magnitude), dtype), name)


def assert_within(found, exact, allowed, name=""):
    """Each number is off by what is allowed at most; says how far the worst is."""
    found, exact, allowed = np.broadcast_arrays(*map(_numbers, (found, exact, allowed)))
    assert np.isfinite(found).all(), f"{name}: not finite"
    if not found.size:
        return
    error = np.abs(found - exact)
    worst = np.unravel_index(np.argmax(error / allowed), error.shape)
    told = f"at {tuple(map(int, worst))} {found[worst]!r} instead of {exact[worst]!r}"
    assert (error <= allowed).all(), f"{name} {told}: off by {error[worst]:.3g}, allowed {allowed[worst]:.3g}"


def _numbers(given):
    if isinstance(given, torch.Tensor):
        given = given.detach().double().numpy()
    return np.asarray(given, dtype=np.float64)


class Sized:
    """A number with the sum of the magnitudes of its terms and the most roundings on the way of any of them.

    Its rounded twin is off by ``bound(operations, size)`` at most, to the first order in u. Operates with others and
    with plain numbers, which are exact; numpy's arrays of objects take it.
    """

    def __init__(self, value, size=None, operations=0):
        self.value, self.size, self.operations = value, abs(value) if size is None else size, operations

    @classmethod
    def of(cls, number):
        """A plain number, or what is sized already."""
        return number if isinstance(number, cls) else cls(float(number))

    def __add__(self, other):
        other = Sized.of(other)
        return Sized(self.value + other.value, self.size + other.size, max(self.operations, other.operations) + 1)

    __radd__ = __add__

    def __neg__(self):
        return Sized(-self.value, self.size, self.operations)

    def __sub__(self, other):
        return self + -Sized.of(other)

    def __rsub__(self, other):
        return Sized.of(other) + -self

    def __mul__(self, other):
        other = Sized.of(other)
        return Sized(self.value * other.value, self.size * other.size, self.operations + other.operations + 1)

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = Sized.of(other)
        inverse = other._mapped(1 / other.value, 1 / other.value**2)
        return self * inverse

    def __rtruediv__(self, other):
        return Sized.of(other) / self

    def __ge__(self, other):
        """Whether its rounded twin may be as large: what np.maximum asks, and then takes this one."""
        return self.value + bound(self.operations, self.size) >= Sized.of(other).value

    def exp(self):
        """e to this power."""
        return self._mapped(np.exp(self.value), np.exp(self.value))

    def sqrt(self):
        """Square root."""
        root = np.sqrt(self.value)
        return self._mapped(root, 0.5 / root)

    def _mapped(self, value, slope):
        """A function of it: an error arrives times the slope, and the result is rounded twice, as libraries promise."""
        return Sized(value, max(abs(value), abs(slope) * self.size), self.operations + 2)
