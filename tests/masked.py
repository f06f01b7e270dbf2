"""The numeric tests as on a processor with AVX2 and without AVX-512, whatever this one has.

    python -m tests.masked [arguments of pytest]

numba, torch, oneDNN, MKL and OpenBLAS are told through the environment, before they start, which instructions to take.
Loops compiled for the masked processor are kept apart from the others. Where no file is named, the tests that compiled
loops and library products meet.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MASK = {
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": "+avx2,+fma",
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
    "NUMBA_CACHE_DIR": str(ROOT / ".numba_cache" / "avx2"),
}
TESTS = (
    *("tests/compiled", "tests/models", "tests/optim", "tests/training/test_fast_paths.py"),
    *(
        "tests/training/test_training.py",
        "tests/paper/test_oracle.py",
        "tests/test_rounding.py",
        "tests/test_masked.py",
    ),
)


def run(command):
    """The status of a command under the mask, in the project's folder."""
    return subprocess.run(command, cwd=ROOT, env=os.environ | MASK).returncode


if __name__ == "__main__":
    given = sys.argv[1:]
    names_tests = any((ROOT / argument.partition("::")[0]).exists() for argument in given)
    sys.exit(run([sys.executable, "-m", "pytest", *given, *(() if names_tests else TESTS)]))
