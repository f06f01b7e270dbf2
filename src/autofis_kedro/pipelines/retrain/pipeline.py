"""The re-train stage: every variant of every searched model, and the searched models themselves."""

from collections.abc import Collection

from kedro.pipeline import Pipeline

from autofis_kedro.pipelines.training import searched_itself, trained_model
from autofis_kedro.roster import SEARCHED, VARIANTS, searches_of


def create_pipeline(names: Collection[str] = SEARCHED, variants: tuple[str, ...] = VARIANTS) -> Pipeline:
    """Fresh weights over the kept interactions (paper Eq. 15), in every variant."""
    parts = [
        trained_model(name + variant, f"{name}.selection", searches_of(name)) for name in names for variant in variants
    ]
    return Pipeline(parts + [searched_itself(f"{name}_searched", searches_of(name)) for name in names])
