"""AutoFIS (KDD 2020): which feature interactions matter in a click-through-rate model."""

import os

__version__ = "0.1.0"

# How often OpenMP's threads look whether the others are done before they sleep; read when torch loads it. With its own
# 300,000 a training beside one other busy process takes eight times as long: a thread that waits keeps the core that
# the thread it waits for needs. On quiet cores it makes no difference.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "2000")
