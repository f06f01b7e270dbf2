"""How many threads compiled loops take: as many as torch."""

from __future__ import annotations

import numba
import torch


def use_torch_threads() -> None:
    """Give numba's next parallel loops torch's number of threads.

    numba starts its OpenMP threads at the first call, one per core, and thereby sets the number for everyone who
    shares them: torch's is put back, or OMP_NUM_THREADS=1 would hold only until then.
    """
    wanted = torch.get_num_threads()
    numba.set_num_threads(min(wanted, numba.config.NUMBA_NUM_THREADS))  # type: ignore[attr-defined]
    if torch.get_num_threads() != wanted:
        torch.set_num_threads(wanted)
