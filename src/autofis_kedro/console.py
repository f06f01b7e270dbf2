"""What a command needs of its process: paths in UTF-8, and a console that shows every name as written."""

import locale
import logging
import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path

import rich
from rich.logging import RichHandler

WIDTH_OF_A_FILE = 120
COMMANDS = ("kedro", "autofis-kedro")
PROGRAMS = ("kedro", "autofis_kedro")


def in_utf8() -> None:
    """Begin anew in Python's UTF-8 mode where the locale cannot say every path.

    Under ``LC_ALL=C`` Python takes UTF-8 by itself, unless ``PYTHONUTF8=0`` forbids it; under a locale of another
    encoding it does not. A path that the configuration names in UTF-8 would not be found then.
    """
    encodings = {sys.getfilesystemencoding().lower(), locale.getpreferredencoding(False).lower()}
    if os.name != "posix" or encodings <= {"utf-8", "utf8"} or os.environ.get("PYTHONUTF8") == "1":
        return
    if not _is_command(Path(sys.argv[0])):
        return  # within somebody else's process
    arguments = [sys.executable, "-X", "utf8", *sys.orig_argv[1:]]  # with the options that Python itself was given
    os.execve(sys.executable, arguments, os.environ | {"PYTHONUTF8": "1"})


def _is_command(program: Path) -> bool:
    is_module = program.name == "__main__.py" and program.parent.name in PROGRAMS
    return program.name in COMMANDS or is_module


def show_as_written() -> None:
    """No name ends a run because the terminal lacks a letter, and none is taken for markup.

    A log file has no width of its own: cut nothing, break few lines.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and stream.errors != "backslashreplace":
            with suppress(OSError):  # what was opened twice, as a pipe and as a file, cannot be changed
                stream.reconfigure(errors="backslashreplace")
    for handler in logging.getLogger().handlers:
        if isinstance(handler, RichHandler):  # Kedro's own configuration turns markup on
            handler.markup = False
    console = rich.get_console()
    if not console.is_terminal:
        rich.reconfigure(width=max(console.width, WIDTH_OF_A_FILE))
