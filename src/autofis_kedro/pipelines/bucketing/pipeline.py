"""The bucketing stage: from split rows to encoded examples."""

from kedro.pipeline import Node, Pipeline

from autofis_kedro.pipelines.bucketing.nodes import describe_dataset, describe_fields, encode, fit


def create_pipeline() -> Pipeline:
    """Fit on the train rows, encode every split, describe the result."""
    examples = ["train_examples", "valid_examples", "test_examples"]
    return Pipeline(
        [
            Node(fit, ["train_rows", "params:bucketing"], "vocabularies", name="fit_vocabularies"),
            Node(describe_fields, ["vocabularies", "train_rows", "params:bucketing"], "schema", name="describe_fields"),
            Node(
                encode,
                ["train_rows", "valid_rows", "test_rows", "vocabularies", "schema"],
                examples,
                name="encode",
            ),
            Node(
                describe_dataset,
                ["vocabularies", "schema", *examples],
                "dataset_statistics",
                name="describe_dataset",
            ),
        ],
        tags="bucketing",
    )
