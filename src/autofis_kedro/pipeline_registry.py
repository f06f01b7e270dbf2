"""The registered pipelines: parts by name, and sums of them that run from the raw rows."""

from collections.abc import Collection

from kedro.pipeline import Pipeline

from autofis_kedro import roster
from autofis_kedro.pipelines import (
    ablation,
    baselines,
    bucketing,
    comparison,
    evidence,
    gate_extraction,
    ingestion,
    online,
    paper_tables,
    predict,
    report,
    retrain,
    search,
    size_curves,
    stability,
    statistics_auc,
    synthetic_figures,
    transfer,
    trees,
)
from autofis_kedro.reporting.paper_rows import TABLES


def register_pipelines() -> dict[str, Pipeline]:
    """Every stage with all that it needs upstream, so that each runs on a fresh clone.

    ``predict`` and ``transferred`` start from what an earlier run left.
    """
    data = ingestion.create_pipeline() + bucketing.create_pipeline()
    extracted = data + _extracted(roster.SEARCHED)
    retrained = extracted + retrain.create_pipeline()
    autofis = retrained + baselines.create_pipeline(("fm",)) + baselines.create_controls()
    autofis += evidence.create_confirmation() + evidence.create_selections()
    pipelines = _compared(data, autofis)
    plain = {name: pipeline for name, (pipeline, _) in pipelines.items()}
    return {
        "ingestion": ingestion.create_pipeline(),
        "bucketing": data,
        "evidence": data + evidence.create_pipeline(),
        "search": extracted,
        "gate_extraction": extracted,
        "retrain": retrained,
        "predict": predict.create_pipeline(),
        "transferred": transfer.any_transfer(),
        "stability": data + stability.create_pipeline(),
        "figure3": plain["statistics_auc"].to_outputs("statistics_auc_against_alpha"),
        "figure4_5": (plain["autofis"] + synthetic_figures.create_pipeline()).to_outputs("figure4", "figure5"),
        "table2": data + paper_tables.statistics_table(),
        **_tables(sum(plain.values(), data)),
    } | {name: pipeline + comparison.create_pipeline(models) for name, (pipeline, models) in pipelines.items()}


def _compared(data: Pipeline, autofis: Pipeline) -> dict[str, tuple[Pipeline, tuple[str, ...]]]:
    """Pipelines that end in a comparison, each with the models that it compares."""
    both_orders = _retrained(data + baselines.create_pipeline(("fm", "deepfm")), roster.SEARCHED, ("",))
    return {
        "baselines": (
            data + baselines.create_pipeline() + trees.create_pipeline(roster.ON_LEAVES),
            roster.BASELINES,
        ),
        "third_order": (_retrained(both_orders, roster.SEARCHED_3RD, roster.VARIANTS_3RD), roster.THIRD_ORDER),
        "bi_level": (_retrained(both_orders, roster.SEARCHED_BI, ("",)), roster.BI_LEVEL),
        "transfer": (
            data
            + _extracted(roster.TRANSFERRED.values())
            + baselines.create_pipeline(("fm", "ipnn"))
            + transfer.create_pipeline(),
            roster.TRANSFER,
        ),
        "statistics_auc": (
            _retrained(data + baselines.create_pipeline(("fm",)), ("autofm",), ("",))
            + statistics_auc.create_pipeline(),
            roster.STATISTICS,
        ),
        "ablation": (
            _retrained(data + baselines.create_pipeline(("fm",)), ("autofm",), ("", "_no_bn", "_plain"))
            + baselines.create_controls()
            + ablation.create_pipeline(),
            roster.ABLATION,
        ),
        "online": (
            _retrained(data + baselines.create_pipeline(("fm", "deepfm")), ("autodeepfm",), ("",))
            + online.create_pipeline(),
            roster.ONLINE,
        ),
        "autofis": (autofis, roster.AUTOFIS),
        "__default__": (autofis + baselines.create_pipeline(roster.FIRST_BASELINES), roster.MAIN),
        "report": (
            autofis
            + baselines.create_pipeline(roster.FIRST_BASELINES)
            + statistics_auc.create_ranking()
            + size_curves.create_pipeline()
            + report.create_pipeline(roster.MAIN),
            roster.MAIN,
        ),
    }


def _tables(stages: Pipeline) -> dict[str, Pipeline]:
    """The tables of the paper, each with all that its models need."""
    return {name: (stages + paper_tables.create_pipeline(name)).to_outputs(name) for name in TABLES}


def _extracted(names: Collection[str]) -> Pipeline:
    """Search and extraction of the named models."""
    return search.create_pipeline(names) + gate_extraction.create_pipeline(names)


def _retrained(upstream: Pipeline, names: Collection[str], variants: tuple[str, ...]) -> Pipeline:
    return upstream + _extracted(names) + retrain.create_pipeline(names, variants)
