"""Where time goes inside a running program: every moment belongs to the one part that is open, so that parts add up."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from torch import Tensor


class Stopwatch:
    """Seconds by part. Parts nest: while an inner one is open, its time is not the outer one's.

    Args:
        clock: tells seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.seconds: dict[str, float] = {}
        self._clock, self._open = clock, [""]
        self._since = 0.0

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """What happens here belongs to the part."""
        self._book()
        self._open.append(name)
        try:
            yield
        finally:
            self._book()
            self._open.pop()

    def change(self, name: str) -> None:
        """What follows belongs to this part in place of the open one, until that would end."""
        self._book()
        self._open[-1] = name

    def _book(self) -> None:
        now = self._clock()
        name = self._open[-1]
        if name:
            self.seconds[name] = self.seconds.get(name, 0.0) + now - self._since
        self._since = now


@dataclass(frozen=True)
class Point:
    """A function whose time belongs to a part.

    Attributes:
        owner: its class, or the module that calls it.
        name: its name there.
        part: what the time belongs to.
        backward: what the way back through its (first) result belongs to; None if it has none. Autograd goes back
            through what was computed last first, so this lasts until it comes to the result of another point.
    """

    owner: type | ModuleType
    name: str
    part: str
    backward: str | None = None

    def timed(self, watch: Stopwatch) -> Callable[..., Any]:
        """The function, which tells the stopwatch when it begins and ends."""
        plain = getattr(self.owner, self.name)

        @functools.wraps(plain)
        def call(*given: Any, **named: Any) -> Any:
            with watch.part(self.part):
                result = plain(*given, **named)
            first = result[0] if isinstance(result, tuple) else result
            if self.backward is not None and isinstance(first, Tensor) and first.requires_grad:
                first.register_hook(lambda gradient: watch.change(self.backward or ""))
            return result

        return call


@contextmanager
def installed(points: tuple[Point, ...], watch: Stopwatch) -> Iterator[None]:
    """The points' functions are timed in here."""
    plain = {point: vars(point.owner).get(point.name) for point in points}
    for point in points:
        setattr(point.owner, point.name, point.timed(watch))
    try:
        yield
    finally:
        for point, function in plain.items():
            if function is None:  # inherited
                delattr(point.owner, point.name)
            else:
                setattr(point.owner, point.name, function)
