"""The bases of every typed value and of every typed configuration."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator
from pydantic import Field as Bounded

LARGEST = 2**31 - 1
"""Of any number in a configuration: what libraries hold in 32 bits."""

Seed = Annotated[int, Bounded(ge=0, le=2_000_000_000)]
"""A seed, with room for those that follow it."""


class Frozen(BaseModel):
    """An immutable value in which a misspelled key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Options(Frozen):
    """A configuration as users give it: no number is larger than libraries take, no truth value is a number."""

    model_config = ConfigDict(allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _is_moderate(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, bool):
            field = cls.model_fields[str(info.field_name)]
            kinds = {field.annotation, *getattr(field.annotation, "__args__", ())}
            if kinds & {int, float} and bool not in kinds:
                raise ValueError("a number is wanted, not true or false")
        elif isinstance(value, int | float) and abs(value) > LARGEST:
            raise ValueError(f"no number here is beyond {LARGEST}")
        return value
