"""Values by name: what people see instead of ids."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema
from autofis_kedro.data.vocabulary import FieldVocabulary, Vocabularies

SPECIAL = {"missing": "(missing)", "unseen": "(unseen)", "other": "(rare values)"}


def names_of(vocabulary: FieldVocabulary) -> dict[int, str]:
    """The name of each local id: the value as it is written, a numeric bucket in words."""
    rows = vocabulary.rows.select("meaning", "id", pl.col("value").cast(pl.String)).iter_rows()
    names: dict[int, str] = {}
    for meaning, local, value in rows:
        names.setdefault(local, SPECIAL.get(meaning, value))
    return names


class ValueNames:
    """Names of the values that rows of encoded examples hold.

    Args:
        vocabularies: of the fields.
        schema: of the examples.
        examples: encoded rows.
    """

    def __init__(self, vocabularies: Vocabularies, schema: Schema, examples: Examples) -> None:
        self._vocabularies, self._schema, self._examples = vocabularies, schema, examples
        self._names: dict[int, dict[int, str]] = {}

    def at(self, position: int, rows: Sequence[int]) -> list[str]:
        """What a field holds in each of the rows; a multi-hot cell's values in braces."""
        if position not in self._names:
            self._names[position] = names_of(self._vocabularies[self._schema.names[position]])
        names, offset = self._names[position], self._schema.offsets[position]
        if position not in self._schema.multi_hot_positions:
            column = self._schema.one_hot_positions.index(position)
            return [names[int(self._examples.one_hot[row, column]) - offset] for row in rows]
        lists = self._examples.bags[position]
        cells = (lists.values[lists.offsets[row] : lists.offsets[row + 1]] for row in rows)
        return ["{" + ", ".join(sorted(names[int(i) - offset] for i in cell)) + "}" for cell in cells]
