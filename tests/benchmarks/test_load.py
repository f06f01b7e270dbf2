"""What a process and its children have worked is theirs, not others'."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.load import process_seconds

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc")


@needs_proc
def test_the_work_of_a_child_that_has_ended_counts():
    before = process_seconds(os.getpid())
    subprocess.run([sys.executable, "-c", "import time\nwhile time.process_time() < 0.3: pass"], check=True)
    assert process_seconds(os.getpid()) - before >= 0.25
