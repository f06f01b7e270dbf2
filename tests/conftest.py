"""Fixtures that several test modules share."""

from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, settings

torch.set_num_threads(1)
# A busy machine, or a loop that is compiled at its first call, is no fault of what is tested.
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder beside the project with recordings and real rows; tests that need it skip where it is missing."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not (folder / "oracle").is_dir():
        pytest.skip("needs ../shared (recordings of the authors' program and real click logs), which is not here")
    return folder
