"""A hook that says before any training that more interactions are asked for than there are."""

from math import comb
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from autofis_kedro.config import Options
from autofis_kedro.data.schema import Schema
from autofis_kedro.errors import UserError
from autofis_kedro.roster import SEARCHED_3RD
from autofis_kedro.sources.atomic import AtomicDataset
from autofis_kedro.training import ExtractionConfig

EXTRACTION, SCHEMA = "params:extraction", "schema"


class CheckExtractionSize:
    """Compares ``extraction.size`` with the interactions that the data have, as soon as their number is known.

    The number follows from the fields that bucketing keeps; how many are described is known before. Where a run both
    encodes and trains, the second look comes between the two.
    """

    def __init__(self) -> None:
        self._size, self._orders = 0, frozenset[int]()

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        """Look at the fields that were encoded earlier, or are described.

        Raises:
            UserError: how many interactions there are.
        """
        asking = [node for node in pipeline.nodes if EXTRACTION in node.inputs]
        self._orders = frozenset(3 if node.namespace in SEARCHED_3RD else 2 for node in asking)
        self._size = _size(catalog[EXTRACTION].load()) if asking else 0
        if not self._size:
            return
        known = catalog[SCHEMA] if SCHEMA in pipeline.inputs() else None
        if isinstance(known, AtomicDataset) and known.exists():
            self._check(known.load().n_fields, "encoded")
        elif "raw_rows" in pipeline.inputs():
            self._check(len(catalog["raw_rows"].load().description.fields), "described")

    @hook_impl
    def after_node_run(self, node: Node, outputs: dict[str, Any]) -> None:
        """Look at the fields as soon as they are known.

        Raises:
            UserError: as above.
        """
        schema = outputs.get(SCHEMA)
        if isinstance(schema, Schema) and self._size:
            self._check(schema.n_fields, "kept")

    def _check(self, n_fields: int, how: str) -> None:
        for order in sorted(self._orders):
            if self._size > (there := comb(n_fields, order)):
                what = {2: "pairs", 3: "triples"}[order]
                raise UserError(
                    f"extraction.size is {self._size}: {n_fields} fields are {how}, which are {there} {what}"
                )


def _size(value: Any) -> int:
    found = value if isinstance(value, Options) else ExtractionConfig.model_validate(value)
    assert isinstance(found, ExtractionConfig)
    return found.size or 0
