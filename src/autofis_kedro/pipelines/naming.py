"""Functions with an argument given, of which Kedro still sees the name and the types."""

from collections.abc import Callable
from functools import partial
from typing import Any, get_type_hints


def named(function: Callable[..., Any], *, name: str) -> Callable[..., Any]:
    """``function`` with ``name`` given, and its annotations: Kedro checks parameters by them; partial hides them."""
    given: Any = partial(function, name=name)
    given.__name__ = getattr(function, "__name__", "node")
    given.__annotations__ = get_type_hints(function)
    return given  # type: ignore[no-any-return]
