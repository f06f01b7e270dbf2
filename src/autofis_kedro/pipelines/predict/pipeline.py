"""The predict stage: from a trained model and rows without labels to probabilities."""

from kedro.pipeline import Node, Pipeline

from autofis_kedro.pipelines.predict.nodes import score, serve


def create_pipeline() -> Pipeline:
    """Bundle the chosen model; score. Trains nothing: a model must have been trained before."""
    trained = ["chosen_model", "trained_models", "vocabularies", "schema", "split_report", "raw_rows", "test_examples"]
    return Pipeline(
        [
            Node(serve, [*trained, "params:predict"], "served_model", name="serve"),
            Node(score, ["served_model", "unlabelled_rows", "params:predict"], "scored_rows", name="score"),
        ],
        tags="predict",
    )
