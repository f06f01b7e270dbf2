"""A market of seconds, and rankings whose quality is known."""

import numpy as np

from autofis_kedro.analysis.online import ExperimentConfig
from autofis_kedro.data.synthetic import SyntheticConfig, make_synthetic

TRUTH = make_synthetic(SyntheticConfig(n_rows=3_000, n_values=8, noise=0.5, positive_share=0.3)).click_model
SMALL = ExperimentConfig(candidates=8, slots=3, users_per_day=150, requests_per_day=300)


def truly(rows):
    """The true probabilities of typed rows, read from their cells."""
    names = [field.name for field in TRUTH.description.fields]
    values = {i: rows[name].str.strip_prefix("v").cast(int).to_numpy()[None] for i, name in enumerate(names)}
    return TRUTH.probability(values)


def score(rows):
    """By the truth, by nothing, and by the sum of the values' numbers, which says nothing either."""
    blind = np.random.default_rng(len(rows)).random(len(rows))
    fixed = sum(rows[name].str.strip_prefix("v").cast(int).to_numpy() for name in ("x3", "x4"))
    return {"truth": truly(rows), "blind": blind, "fixed": fixed}
