"""Compiled loops take torch's threads, and leave torch's number alone."""

import subprocess
import sys

PROGRAM = """
import torch
torch.set_num_threads(1)
from autofis_kedro.models.attention_scores import SortedPairs, attention_scores
from autofis_kedro.optim.row_kernels_numba import NumbaKernels
from autofis_kedro.compiled.threads import use_torch_threads
import numba
network = [torch.randn(shape) for shape in ((3, 4), (4,), (4,))]
attention_scores(torch.randn(9, 2, 3), SortedPairs([(0, 1)]), *network)
use_torch_threads()
print(torch.get_num_threads(), numba.get_num_threads())
"""


def test_starting_numbas_threads_leaves_torchs_number_as_it_was():
    # in a process of its own: numba starts its threads once
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "1"]
