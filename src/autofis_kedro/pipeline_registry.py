"""The registered pipelines: parts by name, and sums of them that run from the raw rows."""

from kedro.pipeline import Pipeline

from autofis_kedro import roster
from autofis_kedro.pipelines import baselines, bucketing, comparison, gate_extraction, ingestion, retrain, search


def register_pipelines() -> dict[str, Pipeline]:
    """Every stage with all that it needs upstream, so that each runs on a fresh clone."""
    data = ingestion.create_pipeline() + bucketing.create_pipeline()
    trained = data + baselines.create_pipeline()
    searched = data + search.create_pipeline()
    extracted = searched + gate_extraction.create_pipeline()
    retrained = extracted + retrain.create_pipeline()
    third = roster.SEARCHED_3RD
    third_order = (
        extracted
        + search.create_pipeline(third)
        + gate_extraction.create_pipeline(third)
        + retrain.create_pipeline(third, roster.VARIANTS_3RD)
        + retrain.create_pipeline(roster.SEARCHED, ("",))
        + baselines.create_pipeline(("fm", "deepfm"))
    )
    autofis = retrained + baselines.create_pipeline(("fm",)) + baselines.create_controls()
    everything = autofis + baselines.create_pipeline(roster.FIRST_BASELINES)
    return {
        "ingestion": ingestion.create_pipeline(),
        "bucketing": data,
        "baselines": trained + _compared(roster.BASELINES),
        "search": extracted,
        "gate_extraction": extracted,
        "retrain": retrained,
        "third_order": third_order + _compared(roster.THIRD_ORDER),
        "autofis": autofis + _compared(roster.AUTOFIS),
        "__default__": everything + _compared(roster.MAIN),
    }


def _compared(names: tuple[str, ...]) -> Pipeline:
    return comparison.create_pipeline(names)
