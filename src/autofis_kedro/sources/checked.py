"""Configuration in the catalog, checked with one clear message."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from autofis_kedro.errors import UserError

Model = TypeVar("Model", bound=BaseModel)


def checked(model: type[Model], value: Any, where: str) -> Model:
    """The value as a typed configuration.

    Raises:
        UserError: names the place and the value of every mistake.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise UserError(explain_validation(error, where)) from error


def explain_validation(error: ValidationError, where: str) -> str:
    """One line per mistake: the path of the value, the value, and what is allowed."""
    lines = []
    for mistake in error.errors():
        path = ".".join([where, *(str(step) for step in mistake["loc"])])
        value = mistake.get("input")
        shown = "" if isinstance(value, dict | list) else f" (found: {value!r})"
        lines.append(f"{path}: {mistake['msg']}{shown}")
    return "; ".join(lines)
