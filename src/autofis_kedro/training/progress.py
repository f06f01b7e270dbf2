"""Progress of a training as people see it: a bar on a terminal, a line per evaluation elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

logger = logging.getLogger(__name__)


class TrainingProgress:
    """Rows done, rows/s, loss, validation AUC and open gates of one training.

    rich draws the bar because kedro's logging already uses it, so that log lines do not tear the bar.
    """

    def __init__(self, name: str, total_rows: int, done_rows: int = 0) -> None:
        self.name = name
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            TextColumn("{task.fields[status]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            refresh_per_second=4,
        )
        self._bar.disable = not self._bar.console.is_terminal
        self._task = self._bar.add_task(name, total=total_rows, completed=done_rows, status="")
        self._validation = ""

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def advance(self, rows: int, rows_per_second: float, loss: float) -> None:
        """Rows trained since the last call."""
        status = f"{rows_per_second:,.0f} rows/s  loss {loss:.4f}{self._validation}"
        self._bar.update(self._task, advance=rows, status=status)

    def evaluated(self, epoch: float, log_loss: float, auc: float, gates: str, rows_per_second: float) -> None:
        """An evaluation on the validation rows."""
        self._validation = f"  valid AUC {auc:.4f}{gates}"
        line = f"{self.name}: epoch {epoch:.4g}: valid log loss {log_loss:.5f}, AUC {auc:.5f}{gates}"
        logger.info("%s, %s rows/s", line, f"{rows_per_second:,.0f}")


class Steps:
    """Progress of work in stages of known numbers of steps: a bar per stage on a terminal, a line elsewhere."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            refresh_per_second=4,
        )
        self._bars.disable = not self._bars.console.is_terminal

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def begin(self, stage: str, n_steps: int) -> Callable[[], None]:
        """A stage begins; what is returned is called after each of its steps, from whatever thread."""
        logger.info("%s: %s: %s", self.name, stage, f"{n_steps:,}")
        task = self._bars.add_task(f"{self.name}: {stage}", total=n_steps)
        return lambda: self._bars.advance(task)
