"""How far rounding takes batch norm and its gradients: each error is carried through the formula, to the first order.

Shapes: B rows, U units.
"""

from typing import NamedTuple

import torch

from tests.rounding import bound

FEW = 8
"""Roundings at the end of a sum: of its last products, of one over a root, of lines made of such numbers."""


class Rounded(NamedTuple):
    """A number in float64, and how far its float32 twin may be off."""

    value: torch.Tensor
    error: torch.Tensor


class RoundedBatchNorm:
    """``y = (z - mean) / sqrt(variance + eps)`` with the batch's own statistics.

    Args:
        z_BU: in float64.
        eps: as above.
        error_BU: how far the twin of ``z_BU`` may be off already.
    """

    def __init__(self, z_BU, eps, error_BU=0.0):
        self.rows, error_BU = len(z_BU), torch.zeros_like(z_BU) + error_BU
        mean_U = z_BU.mean(0)
        self.mean = Rounded(mean_U, self._summed(z_BU.abs().mean(0)) + error_BU.mean(0))
        away_BU = z_BU - mean_U
        self._reach_BU = z_BU.abs() + mean_U.abs()
        off_BU = error_BU + self.mean.error + bound(FEW, self._reach_BU)
        variance_U = away_BU.square().mean(0)
        error_U = (2 * away_BU.abs() * off_BU + off_BU.square()).mean(0) + self._summed(variance_U)
        self.variance = Rounded(variance_U, error_U)
        self.inverse_U = (variance_U + eps).rsqrt()
        self.share_U = 0.5 * error_U * self.inverse_U.square() + bound(FEW, 1.0)
        """Relative error of one over the root."""
        y_BU = away_BU * self.inverse_U
        self.size_BU = self._reach_BU * self.inverse_U
        self.y = Rounded(y_BU, off_BU * self.inverse_U + self.size_BU * self.share_U)

    def into_factor(self, g_BU, error_BU=0.0):
        """``sum_b g y``: [U], g being a gradient and its error."""
        size_U = self._summed((g_BU.abs() * self.size_BU).sum(0))
        return Rounded(
            (g_BU * self.y.value).sum(0), size_U + (g_BU.abs() * self.y.error + error_BU * self.size_BU).sum(0)
        )

    def into_z(self, g_BU, error_BU=0.0):
        """The gradient of z, from that of y: ``(g - mean g - y mean(g y)) / sqrt(variance + eps)``."""
        error_BU = torch.zeros_like(g_BU) + error_BU
        total, product = g_BU.mean(0), self.into_factor(g_BU, error_BU)
        mean_U = product.value / self.rows
        value_BU = (g_BU - total - self.y.value * mean_U) * self.inverse_U
        terms_BU = g_BU.abs() + g_BU.abs().mean(0) + self.size_BU * mean_U.abs()
        off_BU = error_BU + error_BU.mean(0) + self._summed(g_BU.abs().mean(0))
        off_BU = off_BU + self.size_BU * product.error / self.rows + self.y.error * mean_U.abs()
        return Rounded(value_BU, self.inverse_U * (off_BU + terms_BU * (2 * self.share_U + bound(FEW, 1.0))))

    def _summed(self, size):
        return bound(self.rows + FEW, size)
