"""What a data set looks like: the paper's Table 2, and the same field by field."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from autofis_kedro.config import Frozen
from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import UNSEEN, FieldKind, Schema
from autofis_kedro.data.vocabulary import FieldVocabulary, Vocabularies


class SplitStatistics(Frozen):
    """One split.

    Attributes:
        instances: rows.
        positive_ratio: share of rows with label 1.
    """

    instances: int
    positive_ratio: float


class FieldStatistics(Frozen):
    """One field; shares are of train rows (multi-hot: of the values in cells, an empty cell counting as one).

    Attributes:
        name: the field's name.
        kind: its kind.
        ids: local ids, the three special ones included.
        distinct: distinct raw values in the train rows.
        kept: values (numeric: buckets) with an id of their own.
        rare_share: share that is rare, all under one id.
        missing_share: share that is missing.
        unseen_share: by split, the share that the train rows do not hold; empty where it was not counted.
    """

    name: str
    kind: FieldKind
    ids: int
    distinct: int
    kept: int
    rare_share: float
    missing_share: float
    unseen_share: Mapping[str, float]


class DatasetStatistics(Frozen):
    """The paper's Table 2 for one data set, and more.

    Attributes:
        dataset: its name.
        instances: rows of all splits.
        dimension: ids over all fields.
        n_fields: number of fields.
        positive_ratio: over all splits.
        splits: by name.
        fields: in schema order.
        left_out: described fields that have one value in the train rows.
    """

    dataset: str
    instances: int
    dimension: int
    n_fields: int
    positive_ratio: float
    splits: Mapping[str, SplitStatistics]
    fields: tuple[FieldStatistics, ...]
    left_out: tuple[str, ...] = ()

    def table(self) -> pl.DataFrame:
        """Table 2: one row, plus one per split."""
        rows = [("all", self.instances, self.positive_ratio)]
        rows += [(name, split.instances, split.positive_ratio) for name, split in self.splits.items()]
        return pl.DataFrame(rows, schema=["rows", "#instances", "pos ratio"], orient="row").select(
            pl.lit(self.dataset).alias("dataset"),
            "rows",
            "#instances",
            pl.lit(self.dimension).alias("#dimension"),
            pl.lit(self.n_fields).alias("#fields"),
            "pos ratio",
        )

    def field_table(self) -> pl.DataFrame:
        """One row per field."""
        rows = []
        for field in self.fields:
            row = field.model_dump(exclude={"unseen_share"})
            rows.append(row | {f"unseen_share_{split}": share for split, share in field.unseen_share.items()})
        return pl.DataFrame(rows)


def describe(vocabularies: Vocabularies, schema: Schema, splits: Mapping[str, Examples]) -> DatasetStatistics:
    """Statistics of a data set.

    Args:
        vocabularies: fitted on its train rows.
        schema: theirs.
        splits: the encoded splits by name.
    """
    rows = {name: examples.n_rows for name, examples in splits.items()}
    positives = {name: int(examples.labels.sum(dtype=int)) for name, examples in splits.items()}
    return DatasetStatistics(
        dataset=schema.dataset,
        instances=sum(rows.values()),
        dimension=schema.n_ids,
        n_fields=schema.n_fields,
        positive_ratio=sum(positives.values()) / sum(rows.values()),
        splits={
            name: SplitStatistics(instances=rows[name], positive_ratio=positives[name] / rows[name]) for name in splits
        },
        fields=tuple(_describe_field(field, schema, splits) for field in vocabularies),
        left_out=schema.left_out,
    )


def _describe_field(field: FieldVocabulary, schema: Schema, splits: Mapping[str, Examples]) -> FieldStatistics:
    total = sum(field.count(meaning) for meaning in ("missing", "kept", "rare"))
    position = schema.position(field.name)
    return FieldStatistics(
        name=field.name,
        kind=field.kind,
        ids=field.size,
        distinct=field.distinct("kept") + field.distinct("rare"),
        kept=int((field.rows["meaning"] == "kept").sum()),
        rare_share=field.count("rare") / total,
        missing_share=field.count("missing") / total,
        unseen_share={
            name: examples.special[field.name][UNSEEN] / _n_ids(examples, position)
            for name, examples in splits.items()
            if field.name in examples.special
        },
    )


def _n_ids(examples: Examples, position: int) -> int:
    return len(examples.bags[position].values) if position in examples.bags else examples.n_rows
