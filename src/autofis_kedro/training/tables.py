"""How the gradients of a model's tables reach their optimizer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autofis_kedro.data.batches import Batch
from autofis_kedro.errors import UserError
from autofis_kedro.models import CTRModel
from autofis_kedro.models.embeddings import FieldTable
from autofis_kedro.optim.deferred_adam import DeferredAdam
from autofis_kedro.optim.gradient_rows import GradientRows
from autofis_kedro.training.config import TrainingConfig


class TableUpdates:
    """Tables updated row by row (``DeferredAdam``), and tables whose dense gradient another optimizer takes.

    Attributes:
        deferred: the optimizer of the first kind; None if there is none of them.
    """

    def __init__(self, deferred: Mapping[FieldTable, float], dense: Sequence[FieldTable], *, lazy: bool) -> None:
        self._deferred_tables, self._dense_tables = list(deferred), list(dense)
        for table in (*deferred, *dense):
            table.keep_gradient()
        weights = [table.weight for table in deferred]
        self.deferred = DeferredAdam(weights, list(deferred.values()), lazy=lazy) if deferred else None
        self._dense = GradientRows([table.weight for table in dense]) if dense else None

    def begin(self, batch: Batch) -> None:
        """Before the model reads a batch."""
        reads = self.deferred.begin(batch.ids_Z) if self.deferred is not None else None
        if self._dense is not None:
            reads = self._dense.begin(batch.ids_Z, reads)
        if reads is not None:
            for table in (*self._deferred_tables, *self._dense_tables):
                table.begin(batch, reads)

    def step(self) -> None:
        """After the backward pass: the one kind makes its step, the other gets its ``grad``."""
        if self.deferred is not None:
            self.deferred.step([table.take_gradient() for table in self._deferred_tables])
        if self._dense is not None:
            self._dense.fill([table.take_gradient() for table in self._dense_tables])

    def clear(self) -> None:
        """After all steps: the dense gradients back to zero."""
        if self._dense is not None:
            self._dense.clear()

    def flush(self) -> None:
        """Before anything but the next batch reads the tables."""
        if self.deferred is not None:
            self.deferred.flush()

    def release(self) -> None:
        """At the end: the tables are up to date, and their gradients autograd's."""
        self.flush()
        for table in (*self._deferred_tables, *self._dense_tables):
            table.leave_gradient()


def is_deferred(table: FieldTable, model: CTRModel, config: TrainingConfig, l2: float) -> bool:
    """Whether a table is updated row by row.

    ``auto`` defers where a batch reads fewer rows than the table has: else a dense step is as cheap. A penalty moves
    every row at every step, which has no closed form; on a GPU a dense step is bound by launches, not by memory.

    Raises:
        UserError: a penalty together with an update that has none.
    """
    if config.table_adam in ("deferred", "lazy"):
        if l2:
            raise UserError(
                f"table_adam '{config.table_adam}' has no l2 penalty on embeddings or linear weights (found {l2}): set "
                "l2_embedding and l2_linear to 0, or table_adam to auto"
            )
        return True
    is_large = len(table.weight) > config.batch_size * model.schema.n_fields
    return config.table_adam == "auto" and is_large and not l2 and table.weight.device.type == "cpu"
