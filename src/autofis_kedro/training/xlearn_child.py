"""One fit of xlearn, in a process of its own that ``autofis_kedro.training.xlearn`` starts.

xlearn ends the whole process with status 0 where it should raise, and with a signal on a malformed file, so nothing
but a sentinel written last tells success.
"""

import ctypes
import json
import sys
from pathlib import Path


def main() -> None:
    """Fit what the job says in the current folder: ``train`` and ``valid`` to ``model.txt``."""
    import xlearn

    job = json.loads(sys.argv[1])
    # It has no seed of its own; the C library takes 0 for 1.
    ctypes.CDLL(None).srand(job["seed"] + 1)
    model = xlearn.create_ffm()
    model.setTrain("train")
    model.setValidate("valid")
    model.setTXTModel("model.txt")
    model.disableNorm()  # the published formula, and ours, scale no row
    model.disableLockFree()  # else threads race, and no run is like another
    model.fit(job["parameters"], "model.bin")
    Path("done").touch()


if __name__ == "__main__":
    main()
