"""How many nodes of a run are done, whichever of its processes did them."""

import os
import tempfile
import weakref
from pathlib import Path

PLACE = "AUTOFIS_NODE_COUNTER"
"""Environment variable that hands total and file on to the processes of a run, forked or spawned."""


class NodeCounter:
    """Counts by the length of a file: what each process appends is one more, and its own number is where it ends."""

    def begin(self, total: int) -> None:
        """Count ``total`` nodes, from none.

        Raises:
            OSError: no folder for temporary files.
        """
        file, name = tempfile.mkstemp(prefix="autofis_nodes_")
        os.close(file)
        os.environ[PLACE] = f"{total}:{name}"
        self.end = weakref.finalize(self, Path(name).unlink, missing_ok=True)

    @staticmethod
    def next() -> tuple[int, int] | None:
        """The number of the node that was done just now, and of all; None where nobody counts."""
        total, _, name = os.environ.get(PLACE, "").partition(":")
        try:
            file = os.open(name, os.O_WRONLY | os.O_APPEND)
        except OSError:
            return None
        try:
            os.write(file, b".")
            return os.lseek(file, 0, os.SEEK_CUR), int(total)
        finally:
            os.close(file)
