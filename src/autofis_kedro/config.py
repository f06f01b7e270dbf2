"""The base of every typed configuration."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """An immutable configuration in which a misspelled key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
