"""The re-train stage: every variant of every searched model, and the searched models themselves."""

from kedro.pipeline import Pipeline

from autofis_kedro.pipelines.training import searched_itself, trained_model
from autofis_kedro.roster import SEARCHED, VARIANTS


def create_pipeline(names: tuple[str, ...] = SEARCHED) -> Pipeline:
    """Fresh weights over the kept interactions (paper Eq. 15), in every variant."""
    parts = [trained_model(name + variant, f"{name}.selection", name) for name in names for variant in VARIANTS]
    return sum(parts, Pipeline([])) + sum((searched_itself(f"{name}_searched", name) for name in names), Pipeline([]))
