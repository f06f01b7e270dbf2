"""The ingestion stage: from raw rows to split rows."""

from kedro.pipeline import Node, Pipeline

from autofis_kedro.pipelines.ingestion.nodes import report_rows, split_rows, type_rows


def create_pipeline() -> Pipeline:
    """Type the raw rows, report, split."""
    return Pipeline(
        [
            Node(type_rows, ["raw_rows", "params:split"], ["typed_rows", "planted_interactions"], name="type_rows"),
            Node(report_rows, "typed_rows", "ingestion_report", name="report_rows"),
            Node(
                split_rows,
                ["typed_rows", "params:split"],
                ["train_rows", "valid_rows", "test_rows", "split_report"],
                name="split_rows",
            ),
        ],
        tags="ingestion",
    )
