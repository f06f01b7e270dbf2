"""A table for a paper or a page: Markdown, LaTeX with booktabs."""

from __future__ import annotations

from itertools import groupby

from autofis_kedro.reporting.paper_table import PaperTable
from autofis_kedro.reporting.written import for_latex, for_markdown


def markdown(table: PaperTable) -> str:
    """As GitHub renders it: title, table, notes."""
    best = table.best()
    rows = [
        [f"**{for_markdown(cell)}**" if (i, at) in best else for_markdown(cell) for at, cell in enumerate(row)]
        for i, row in enumerate(table.cells())
    ]
    rules = ["---" if isinstance(table.rows[0].get(column.key), str) else "---:" for column in table.columns]
    lines = [_line(line) for line in ([for_markdown(title) for title in table.titles()], rules, *rows)]
    notes = [f"- {for_markdown(note)}" for note in table.notes]
    return "\n".join([f"**{for_markdown(table.title)}**", "", *lines, *([""] if notes else []), *notes, ""])


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def latex(table: PaperTable) -> str:
    """A table environment; needs ``\\usepackage{booktabs}``."""
    best = table.best()
    rows = [
        " & ".join(
            rf"\textbf{{{for_latex(cell)}}}" if (i, at) in best else for_latex(cell) for at, cell in enumerate(row)
        )
        for i, row in enumerate(table.cells())
    ]
    alignment = "".join("l" if isinstance(table.rows[0].get(c.key), str) else "r" for c in table.columns)
    notes = [rf"\par\footnotesize {for_latex(note)}" for note in table.notes]
    head = [" & ".join(for_latex(column.title) for column in table.columns) + r" \\"]
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{for_latex(table.title)}}}",
            rf"\label{{tab:{table.name}}}",
            rf"\begin{{tabular}}{{{alignment}}}",
            r"\toprule",
            *_groups(table),
            *head,
            r"\midrule",
            *[rf"{row} \\" for row in rows],
            r"\bottomrule",
            r"\end{tabular}",
            *notes,
            r"\end{table}",
            "",
        ]
    )


def _groups(table: PaperTable) -> list[str]:
    """The upper heading with a rule under each group; nothing where there are none."""
    if not any(column.group for column in table.columns):
        return []
    cells, rules, at = [], [], 1
    for name, columns in groupby(column.group for column in table.columns):
        width = len(list(columns))
        cells.append(rf"\multicolumn{{{width}}}{{c}}{{{for_latex(name)}}}")
        rules += [rf"\cmidrule(lr){{{at}-{at + width - 1}}}"] if name else []
        at += width
    return [" & ".join(cells) + r" \\", "".join(rules)]
