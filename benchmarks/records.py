"""What a benchmark keeps: numbers of a quiet machine, with its kind, without paths or names."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any

from autofis_kedro.compiled import processor
from benchmarks.step_process import THREADS


def keep_if_quiet(path: Path, content: dict[str, Any], *, is_quiet: bool) -> bool:
    """Write the numbers, with the kind of machine, unless it was busy; says whether they are kept."""
    if not is_quiet:
        print("other processes kept the cores busy: nothing kept; measure again on a quiet machine")
        return False
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"machine": machine()} | content, indent=1) + "\n")
    return True


def machine() -> dict[str, object]:
    """The kind of machine."""
    return {
        "system": platform.system(),
        "processor": processor.described(),
        "cores": os.cpu_count(),
        "threads": THREADS,
        "python": platform.python_version(),
    }
