"""What all figures have in common. plotly, because kedro viz shows it interactively."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl

from autofis_kedro.errors import UserError
from autofis_kedro.reporting.written import escape_traces, for_plotly

# Okabe and Ito's palette: distinguishable with any colour vision.
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#B0B0B0"
COLOURS = (BLUE, ORANGE, GREEN, "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")


def need_columns(frame: pl.DataFrame, *columns: str) -> None:
    """Check that a table has columns.

    Raises:
        UserError: names the missing ones.
    """
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise UserError(f"figure needs columns {', '.join(missing)}; the table has: {', '.join(frame.columns)}")


def finish(figure: go.Figure, title: str, height: int = 480) -> go.Figure:
    """Title and layout; names are shown as written. Returns the figure itself."""
    escape_traces(figure)
    layout = {"template": "plotly_white", "height": height, "margin": {"l": 70, "r": 30, "t": 60, "b": 60}}
    figure.update_layout(title={"text": for_plotly(title), "x": 0.02, "font": {"size": 16}}, **layout)
    return figure
