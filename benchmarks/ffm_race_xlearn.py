"""One fit of xlearn over the files ``train`` and ``valid`` here, by a Python that has it; see ``ffm_race``."""

import ctypes
import json
import sys
import time


def main() -> None:
    """Fit what the job says; the last line tells the seconds."""
    import xlearn

    job = json.loads(sys.argv[1])
    ctypes.CDLL(None).srand(job["seed"] + 1)  # it has no seed of its own; the C library takes 0 for 1
    model = xlearn.create_ffm()
    model.setTrain("train")
    if job["is_evaluated"]:
        model.setValidate("valid")
        model.disableEarlyStop()
    else:
        model.setQuiet()
    model.disableNorm()  # the published formula, and ours, scale no row
    if not job["is_hogwild"]:
        model.disableLockFree()
    start = time.perf_counter()
    model.fit(job["parameters"], "model.bin")
    print(f"\nfit took {time.perf_counter() - start}", flush=True)


if __name__ == "__main__":
    main()
