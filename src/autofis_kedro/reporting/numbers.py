"""Numbers as tables and the report print them: a true minus sign, commas between thousands, units that fit."""

from __future__ import annotations

MINUS = "\N{MINUS SIGN}"


def number(value: float | None, digits: int = 4, *, signed: bool = False) -> str:
    """A number; empty where there is none."""
    if value is None:
        return ""
    return f"{value:{'+' if signed else ''},.{digits}f}".replace("-", MINUS)


def alpha(value: float | None) -> str:
    """What a search left of a gate: with digits that count, however little it is."""
    if value is None:
        return ""
    if value == 0:
        return "closed"
    return number(value, signed=True) if abs(value) >= 1e-3 else f"{value:+.1e}".replace("-", MINUS)


def spread(mean: float | None, std: float | None, digits: int = 4) -> str:
    """Mean ± standard deviation."""
    return number(mean, digits) + (f" ± {number(std, digits)}" if std is not None else "")


def percent(share: float | None, digits: int = 1) -> str:
    """A share; those that would round to none are ``< 0.1 %``."""
    if share is None:
        return ""
    if share == 0:
        return "0%"
    least = 10.0 ** -(digits + 2)
    if 0 < share < least / 2:
        return f"< {100 * least:.{digits}f}%"
    return f"{100 * share:.{digits}f}%"


def seconds(value: float | None) -> str:
    """A duration in the unit that a reader would take; 0 s is none at all."""
    if value is None:
        return ""
    if value < 0.1:
        return "0 s" if value == 0 else "< 0.01 s" if value < 0.01 else f"{value:.2f} s"
    if value < 10:
        return f"{value:.1f} s"
    if value < 120:
        return f"{value:.0f} s"
    return f"{value / 60:.0f} min" if value < 7200 else f"{value / 3600:.1f} h"


def p_value(p: float | None) -> str:
    """p with two digits that count."""
    if p is None:
        return ""
    return "< 0.0001" if p < 1e-4 else f"{p:#.2g}" if p >= 1e-3 else f"{p:.4f}"
