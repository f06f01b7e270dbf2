"""Functions with an argument given, of which Kedro still sees name and types; arguments by model; inputs by order."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, get_type_hints

from autofis_kedro.roster import SEARCHED_3RD


def named(function: Callable[..., Any], *, name: str) -> Callable[..., Any]:
    """``function`` with ``name`` given, and its annotations: Kedro checks parameters by them; partial hides them."""
    given: Any = partial(function, name=name)
    given.__name__ = getattr(function, "__name__", "node")
    given.__annotations__ = get_type_hints(function)
    return given  # type: ignore[no-any-return]


def by_model(found: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The arguments ``<kind>_of_<model>`` by model."""
    return {key.partition("_of_")[2]: value for key, value in found.items() if key.startswith(f"{kind}_of_")}


def base_of(searched: str) -> dict[str, str]:
    """The input ``base`` of a third-order search: the selection of the second-order one; nothing in second order."""
    return {"base": f"{SEARCHED_3RD[searched]}.selection"} if searched in SEARCHED_3RD else {}
