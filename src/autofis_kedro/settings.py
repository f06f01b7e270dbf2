"""Kedro settings."""

import warnings

from autofis_kedro.config_loader import UnsharedConfigLoader, merged, model_to_transfer_to
from autofis_kedro.hooks import CheckInputs, CheckParameters, KeepCheckpoints, PrintSummary, ShowProgress
from autofis_kedro.run_guard import EndWithParent, OneRunAtATime
from autofis_kedro.size_check import CheckExtractionSize

# A stage reads what another model's namespace made ("autofm.selection"), and both spellings of --pipeline are promised.
warnings.filterwarnings("ignore", message="One or more dataset names contain '.'")
warnings.filterwarnings("ignore", message="Option '--pipeline' is deprecated")

HOOKS = (
    CheckParameters(),
    CheckInputs(),
    CheckExtractionSize(),
    ShowProgress(),
    PrintSummary(),
    KeepCheckpoints(),
    OneRunAtATime(),
    EndWithParent(),
)

CONFIG_LOADER_CLASS = UnsharedConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    # The built-in problem: `kedro run` needs no data.
    "default_run_env": "synthetic",
    # The published values are parameters in a file of their own.
    "config_patterns": {"parameters": ["parameters*", "parameters*/**", "**/parameters*", "published*"]},
    "merge_strategy": {"parameters": "soft"},
    "custom_resolvers": {
        "merge": merged,
        "model": model_to_transfer_to,
    },
}
