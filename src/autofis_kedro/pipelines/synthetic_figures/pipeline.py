"""Figures 4 and 5: AutoFM against FM during training, and alpha of the planted pairs."""

from kedro.pipeline import Node, Pipeline

from autofis_kedro.pipelines.synthetic_figures.nodes import draw_alpha, draw_training

HISTORIES = {
    "fm": "fm.history",
    "autofm": "autofm.history",
    "autofm_searched": "autofm.search_history",
    "all_open": "all_open.history",
}
"""The trainings of Figure 4, by the model that each ends in."""


def create_pipeline() -> Pipeline:
    """Draw both."""
    nodes = [
        Node(draw_training, HISTORIES, "figure4", name="draw_figure4"),
        Node(draw_alpha, ["autofm.gates", "autofm.selection", "planted_interactions"], "figure5", name="draw_figure5"),
    ]
    return Pipeline(nodes, tags="synthetic_figures")
