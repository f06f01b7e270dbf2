"""The size curves: AutoFM's re-trained model over the N foremost pairs by alpha, by statistics_AUC and at random."""

from kedro.pipeline import Node, Pipeline

from autofis_kedro.pipelines.size_curves.nodes import draw, train


def create_pipeline() -> Pipeline:
    """Train and draw; in a namespace, by which finished checkpoints are cleared."""
    given = ["train_examples", "valid_examples", "test_examples", "schema", "gates", "statistics_auc", "selection"]
    parameters = ["params:size_curves", "params:model", "params:training", "params:seeds", "params:checkpoints"]
    nodes = [
        Node(train, [*given, *parameters], "size_curves", name="train"),
        Node(draw, ["size_curves", "fm_metrics", "selection"], "size_curves_figure", name="draw"),
    ]
    renamed = {"gates": "autofm.gates", "selection": "autofm.selection", "fm_metrics": "fm.metrics"}
    return Pipeline(
        nodes,
        namespace="size_curves",
        inputs={name: name for name in given} | renamed,
        outputs={"size_curves", "size_curves_figure"},
        parameters={name: name for name in parameters} | {"params:model": "params:autofm"},
        tags="size_curves",
    )
