"""A table as a paper prints it: typed columns, formatted cells, and exports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import polars as pl
from rich.table import Table
from rich.text import Text

from autofis_kedro.config import Frozen
from autofis_kedro.errors import UserError
from autofis_kedro.reporting.written import on_one_line, plain

Value = str | bool | int | float | None
STAR = "*"


class Column(Frozen):
    """One column.

    Attributes:
        key: its name in the rows and in CSV.
        title: its heading.
        group: a heading above, shared by neighbouring columns: ``here``, ``published``.
        digits: decimals of a number.
        is_percent: a share, printed times 100.
        is_signed: with a plus sign.
        has_thousands: with separators.
        is_p: a probability, printed as ``< 0.0001`` where its digits would be zeros.
        std: key of the standard deviation that is printed behind.
        stars: key of a truth value: significant, printed as a star.
        best: which value is printed bold, among those of this column.
        is_detail: left out of a terminal that is too narrow.
    """

    key: str
    title: str
    group: str = ""
    digits: int = 0
    is_percent: bool = False
    is_signed: bool = False
    has_thousands: bool = False
    is_p: bool = False
    std: str | None = None
    stars: str | None = None
    best: Literal["max", "min"] | None = None
    is_detail: bool = False

    def cell(self, row: Mapping[str, Value]) -> str:
        """The value of a row as printed; empty where there is none."""
        value = row.get(self.key)
        if value is None:
            return ""
        if isinstance(value, str | bool):
            return str(value)
        text = self._number(value)
        deviation = row.get(self.std) if self.std else None
        if isinstance(deviation, float | int):
            text += f" ± {abs(deviation) * self._factor:.{self.digits}f}"
        return text + (STAR if self.stars and row.get(self.stars) else "")

    def _number(self, value: float) -> str:
        if self.is_p and value < 10.0**-self.digits:
            return f"< {10.0**-self.digits:.{self.digits}f}"
        form = f"{'+' if self.is_signed else ''}{',' if self.has_thousands else ''}.{self.digits}f"
        return f"{value * self._factor:{form}}" + ("%" if self.is_percent else "")

    @property
    def _factor(self) -> float:
        return 100.0 if self.is_percent else 1.0


class PaperTable(Frozen):
    """A table of the paper, or one like it.

    Attributes:
        name: ``table1`` and the like: the names of its files.
        title: what it shows, for which data set.
        columns: what is printed, in order.
        rows: values by the columns' keys; further values (standard deviations, p) go into CSV alone.
        notes: what a reader must know, one sentence each.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Value], ...]
    notes: tuple[str, ...] = ()

    def frame(self) -> pl.DataFrame:
        """Every value as a number or text, unrounded: what CSV holds."""
        return pl.DataFrame([dict(row) for row in self.rows], infer_schema_length=None)

    def cells(self) -> list[list[str]]:
        """Every printed cell."""
        return [[column.cell(row) for column in self.columns] for row in self.rows]

    def titles(self) -> list[str]:
        """Headings with their group."""
        return [f"{column.title} ({column.group})" if column.group else column.title for column in self.columns]

    def best(self) -> set[tuple[int, int]]:
        """Places (row, column) of the best values of columns that have one."""
        found = set()
        for at, column in enumerate(self.columns):
            values = {i: row.get(column.key) for i, row in enumerate(self.rows)}
            numbers = {i: float(value) for i, value in values.items() if isinstance(value, int | float)}
            if column.best and numbers:
                wanted = (max if column.best == "max" else min)(numbers.values())
                found |= {(i, at) for i, number in numbers.items() if number == wanted}
        return found

    def column(self, key: str) -> list[Value]:
        """The values of one column or of what stands beside it.

        Raises:
            UserError: no row has it.
        """
        if not any(key in row for row in self.rows):
            raise UserError(f"table '{self.name}' has no '{key}'; it has: {', '.join(self.frame().columns)}")
        return [row.get(key) for row in self.rows]

    def terminal(self, width: int) -> Table:
        """For the end of a run; of what does not fit into ``width`` characters, details are left out."""
        shown = self._fitting(width)
        left_out = [] if len(shown) == len(self.columns) else ["further columns stand in the files"]
        notes = "\n".join(map(on_one_line, [*self.notes, *left_out]))
        given = {"title": plain(self.title), "caption": Text(notes)}
        table = Table(**given, title_justify="left", caption_justify="left")  # type: ignore[arg-type]
        best = self.best()
        for at in shown:
            column, is_text = self.columns[at], self._is_text(self.columns[at])
            title = f"{column.title}\n{column.group}" if column.group else column.title
            table.add_column(Text(title), justify="left" if is_text else "right", no_wrap=is_text)
        for i, row in enumerate(self.cells()):
            table.add_row(*[plain(row[at], "bold" if (i, at) in best else "") for at in shown])
        return table

    def _fitting(self, width: int) -> list[int]:
        """Places of the columns that are shown."""
        cells = [[column.title for column in self.columns], [c.group for c in self.columns], *self.cells()]
        widths = [max(len(row[at]) for row in cells) + 3 for at in range(len(self.columns))]
        shown = list(range(len(self.columns)))
        for at in [place for place, column in enumerate(self.columns) if column.is_detail][::-1]:
            if sum(widths[place] for place in shown) + 1 > width:
                shown.remove(at)
        return shown

    def _is_text(self, column: Column) -> bool:
        return any(isinstance(row.get(column.key), str) for row in self.rows)
