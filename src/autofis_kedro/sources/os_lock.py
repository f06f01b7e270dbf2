"""Exclusive locks on open files, by whichever call the operating system has."""

from __future__ import annotations

import errno
import os
import sys

HELD_BY_ANOTHER = {errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK}

if sys.platform == "win32":
    import msvcrt

    BYTE = 1 << 30
    """The byte that is locked: past the text, for there nobody can read what is locked."""

    def try_lock(file: int) -> bool:
        """Whether the lock was free, and is now held.

        Raises:
            OSError: the file system has no locks.
        """
        return _locking(file, msvcrt.LK_NBLCK)

    def release(file: int) -> None:
        """Give it back."""
        _locking(file, msvcrt.LK_UNLCK)

    def _locking(file: int, mode: int) -> bool:
        os.lseek(file, BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(file, mode, 1)
        except OSError as error:
            if error.errno in HELD_BY_ANOTHER:
                return False
            raise
        return True

else:
    import fcntl

    def try_lock(file: int) -> bool:
        """Whether the lock was free, and is now held.

        Raises:
            OSError: the file system has no locks.
        """
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in HELD_BY_ANOTHER:
                return False
            raise
        return True

    def release(file: int) -> None:
        """Give it back."""
        fcntl.flock(file, fcntl.LOCK_UN)
