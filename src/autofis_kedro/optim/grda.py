"""Generalised regularised dual averaging (paper Eq. 13; Chao and Cheng 2019)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, overload

import torch
from torch import Tensor
from torch.optim.optimizer import Optimizer

from autofis_kedro.errors import UserError


class GRDA(Optimizer):
    """Sparse optimizer: a parameter is exactly 0 while its dual lies within the growing threshold.

    Step t = 0, 1, ... with gradient g and learning rate lr::

        dual      <- dual + [t == 0] * alpha_0 - lr * g
        threshold <- threshold + c * lr**(0.5 + mu) * ((t + 1)**mu - t**mu)
        alpha     <- sign(dual) * max(|dual| - threshold, 0)

    A closed gate keeps collecting its gradient and may re-open; alpha may become negative. Step counter and threshold
    belong to the parameter group, whose parameters share them.

    Args:
        params: gates, or groups of gates each with its own ``lr``, ``c`` and ``mu``.
        lr: learning rate, the paper's gamma; > 0.
        c: strength of the threshold; >= 0, where 0 never closes a gate.
        mu: how fast the threshold grows, ``steps**mu``; >= 0.

    Raises:
        UserError: a value outside its range.
    """

    def __init__(
        self, params: Iterable[Tensor] | Iterable[dict[str, Any]], lr: float = 1.0, c: float = 0.005, mu: float = 0.6
    ) -> None:
        for name, value, is_allowed in (("lr", lr, lr > 0), ("c", c, c >= 0), ("mu", mu, mu >= 0)):
            if not is_allowed:
                raise UserError(f"GRDA {name}={value}: must be {'> 0' if name == 'lr' else '>= 0'}")
        super().__init__(params, {"lr": lr, "c": c, "mu": mu, "t": 0, "threshold": 0.0})

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], float]) -> float: ...
    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """One update of every parameter that has a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            self._step_group(group)
        return loss

    def _step_group(self, group: dict[str, Any]) -> None:
        t, lr = group["t"], group["lr"]
        group["threshold"] += threshold_increment(t, lr, group["c"], group["mu"])
        group["t"] = t + 1
        for alpha in group["params"]:
            if alpha.grad is None:
                continue
            state = self.state[alpha]
            if "dual" not in state:
                state["dual"] = alpha.detach().clone()
            dual = state["dual"]
            dual.sub_(alpha.grad, alpha=lr)
            alpha.copy_(dual.sign() * (dual.abs() - group["threshold"]).clamp_min_(0))


def threshold_increment(t: int, lr: float, c: float, mu: float) -> float:
    """What step ``t`` (from 0) adds to the threshold."""
    return float(c * lr ** (0.5 + mu) * ((t + 1) ** mu - t**mu))


def c_for_final_threshold(final_threshold: float, rates: Iterable[float], mu: float) -> float:
    """The c with which the threshold ends at ``final_threshold`` after one step at each of ``rates``.

    With a constant rate this is ``final_threshold / (lr**(0.5 + mu) * steps**mu)``: the strength of GRDA no longer
    depends on how many steps a data set has.
    """
    unit = sum(threshold_increment(t, lr, 1.0, mu) for t, lr in enumerate(rates))
    if unit <= 0:
        raise UserError("GRDA needs at least one planned step")
    return final_threshold / unit
