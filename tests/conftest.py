"""Fixtures that several test modules share."""

from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder beside the project with recordings and real rows; tests that need it skip where it is missing."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not (folder / "oracle").is_dir():
        pytest.skip("needs ../shared (recordings of the authors' program and real click logs), which is not here")
    return folder
