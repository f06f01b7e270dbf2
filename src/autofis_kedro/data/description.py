"""A data set's one declarative description: what its columns are and which become fields."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal

from pydantic import field_validator, model_validator

from autofis_kedro.config import Frozen
from autofis_kedro.data.fields import FieldDescription, Label
from autofis_kedro.data.formats import Delimited, Format, expand
from autofis_kedro.data.names import refusal
from autofis_kedro.data.schema import FieldKind


class DataDescription(Frozen):
    """Everything about a click log that differs from the next one.

    Attributes:
        format: how the files are written; delimited text where no kind is named.
        files: which files of a folder, as a glob pattern.
        split_files: files of the train, valid and test rows where they are given, as glob patterns.
        label: the label column; None where the rows have none to learn from.
        fields: columns that become fields, in order.
        drop: columns that are left out.
        optional: columns that are left out and need not be there.
        missing: text that means a missing value, beside the empty cell.
        on_bad_row: a row with the wrong number of columns is an error, or skipped and counted.
    """

    format: Format = Delimited()
    files: str = "*"
    split_files: Mapping[Literal["train", "valid", "test"], str] | None = None
    label: Label | None = Label()
    fields: tuple[FieldDescription, ...]
    drop: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    on_bad_row: Literal["error", "skip"] = "error"

    @field_validator("format", mode="before")
    @classmethod
    def _is_delimited(cls, form: Any) -> Any:
        return {"kind": "delimited", **form} if isinstance(form, Mapping) else form

    @field_validator("fields", mode="after")
    @classmethod
    def _expand(cls, fields: tuple[FieldDescription, ...]) -> tuple[FieldDescription, ...]:
        return tuple(f.model_copy(update={"name": name}) for f in fields for name in expand(f.name))

    @model_validator(mode="after")
    def _names_are_unique(self) -> DataDescription:
        names = list(self.kinds)
        described = [*(field.name for field in self.fields), *self._label_column, *self.drop]
        for name in described:
            if reason := refusal(name):
                raise ValueError(f"'{name}' cannot be described: {reason}; give the column another name")
        twice = {name for name in described if described.count(name) > 1}
        if twice or len(names) != sum(len(f.parts) or 1 for f in self.fields):
            raise ValueError(f"described more than once: {', '.join(sorted(twice)) or self._alike()}")
        if len(names) < 2:
            raise ValueError(f"{len(names)} field: interactions need at least 2")
        return self

    @property
    def kinds(self) -> dict[str, FieldKind]:
        """Fields with their kinds in order, timestamps replaced by their parts."""
        kinds: dict[str, FieldKind] = {}
        for field in self.fields:
            if field.kind == "timestamp":
                kinds |= dict.fromkeys(self.part_names(field).values(), "categorical")
            else:
                kinds[field.name] = field.kind
        return kinds

    def part_names(self, timestamp: FieldDescription) -> dict[str, str]:
        """The field of each part: named after the part, or ``<column>.<part>`` where another field has that name."""
        taken = [field.name for field in self.fields if field.kind != "timestamp"]
        taken += [part for field in self.fields for part in dict.fromkeys(field.parts)]
        return {part: part if taken.count(part) == 1 else f"{timestamp.name}.{part}" for part in timestamp.parts}

    def _alike(self) -> str:
        names = [name for f in self.fields for name in (self.part_names(f).values() if f.parts else (f.name,))]
        repeated = [part for f in self.fields for part in f.parts if f.parts.count(part) > 1]
        return ", ".join(sorted({name for name in names if names.count(name) > 1} | {*repeated}))

    def with_column(self, name: str) -> DataDescription:
        """The same, with one more column that must be there and is no field."""
        return self if name in self.columns else self.model_copy(update={"drop": (*self.drop, name)})

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that the files must have, in no order."""
        return (*self._label_column, *(field.name for field in self.fields), *self.drop)

    @property
    def _label_column(self) -> tuple[str, ...]:
        return (self.label.column,) if self.label is not None else ()

    def keeping(self, names: Collection[str]) -> DataDescription:
        """The same with these fields alone: the columns of the others need not be there.

        A timestamp stays where one of its parts does, or where another one's parts would change their names without it.
        """
        parts = {field.name: {*self.part_names(field).values()} for field in self.fields if field.kind == "timestamp"}
        kept = tuple(field for field in self.fields if parts.get(field.name, {field.name}) & {*names})
        fewer = self.model_copy(update={"fields": kept})
        if {*names} <= {*fewer.kinds}:
            return fewer
        with_times = tuple(field for field in self.fields if field.kind == "timestamp" or field.name in names)
        return self.model_copy(update={"fields": with_times})

    def without_label(self) -> DataDescription:
        """The same for rows to predict: neither label nor dropped columns need be there, others may, no split is given.

        A file without header line lacks the label column; libfm files have a label in any case.
        """
        form = self.format
        if isinstance(form, Delimited) and form.columns is not None:
            form = form.model_copy(update={"columns": tuple(c for c in form.columns if c not in self._label_column)})
        optional = (*self._label_column, *self.drop, *self.optional)
        changes = {"format": form, "label": None, "drop": (), "optional": optional, "split_files": None}
        return self.model_copy(update=changes)
