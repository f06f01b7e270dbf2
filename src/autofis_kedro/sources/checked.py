"""Configuration in the catalog and the parameters, checked with one clear message."""

import re
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from autofis_kedro.errors import UserError

Model = TypeVar("Model", bound=BaseModel)

LISTED = 30

_MAPPING = re.compile(r"a valid dictionary( or .*)?$")


def checked(model: type[Model], value: Any, where: str) -> Model:
    """The value as a typed configuration.

    Raises:
        UserError: names the place and the value of every mistake.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise UserError(explain_validation(error, where, model)) from error


def explain_validation(error: ValidationError, where: str, model: type[BaseModel] | None = None) -> str:
    """One line per mistake: the path of the value, the value, and what is allowed."""
    lines = []
    for mistake in error.errors():
        path = ".".join([where, *(str(step) for step in mistake["loc"])])
        if mistake["type"] == "extra_forbidden":
            lines.append(unknown("parameter", path, _fields_at(model, mistake["loc"][:-1])))
            continue
        value = mistake.get("input")
        shown = "" if isinstance(value, dict | list) else f" (found: {value!r})"
        said = _MAPPING.sub("a mapping, {name: value}", mistake["msg"].removeprefix("Value error, "))
        said = said.replace("a valid tuple", "a list")  # YAML's words, not Python's
        lines.append(f"{path}: {said}{shown}")
    return "; ".join(lines)


def unknown(kind: str, name: str, allowed: Collection[str], first: Sequence[str] = ()) -> str:
    """The message for a misspelled name: the closest one, and what there is, ``first`` before the others."""
    allowed = [*first, *sorted(set(allowed) - set(first))]
    near = get_close_matches(name.rsplit(".", 1)[-1] if kind == "parameter" else name, allowed, n=1)
    hint = f" (did you mean '{near[0]}'?)" if near else ""
    shown = ", ".join(allowed[:LISTED]) + (", ..." if len(allowed) > LISTED else "")
    return f"{kind} '{name}' does not exist{hint}" + (f"; there are: {shown}" if shown else "")


def _fields_at(model: Any, path: Sequence[int | str]) -> Collection[str]:
    """Names of the fields of the model that a path within ``model`` leads to; none where that is not one model."""
    for step in path:
        fields = model.model_fields if model is not None else {}
        annotation = fields[step].annotation if step in fields else None
        candidates = [annotation, *getattr(annotation, "__args__", ())]
        model = next((kind for kind in candidates if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
    return list(model.model_fields) if model is not None else []
