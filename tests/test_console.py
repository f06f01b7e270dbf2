"""A command begins anew where its locale cannot say every path, and only there."""

import os
import subprocess
import sys

import pytest

TELL = """
import sys
from autofis_kedro.console import in_utf8
in_utf8()
print(sys.flags.utf8_mode, sys.flags.optimize, sys.argv[1:])
"""


@pytest.mark.skipif(os.name != "posix", reason="elsewhere paths are Unicode")
@pytest.mark.parametrize(("program", "mode"), [("kedro", 1), ("report.py", 0)])
def test_a_command_begins_anew_with_all_options(tmp_path, program, mode):
    (tmp_path / program).write_text(TELL)
    command = [sys.executable, "-O", str(tmp_path / program), "run", "--params", "a=1 b"]
    surroundings = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    said = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=True).stdout
    assert said == f"{mode} 1 ['run', '--params', 'a=1 b']\n"
