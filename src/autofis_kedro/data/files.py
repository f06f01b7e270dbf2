"""Raw files: which of them belong to a path. What is in them: ``unpacking``, ``kinds``."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from glob import glob, has_magic
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import fsspec
from fsspec.implementations.local import LocalFileSystem

from autofis_kedro.errors import UserError

NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
"""What Hive and Spark write into a folder's name for a missing value."""

IRREGULAR = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
TABLES = {"_delta_log": "a Delta table", ".hoodie": "a Hudi table"}
"""Whose folders hold files that are data no more."""


@dataclass(frozen=True)
class RawFile:
    """One file to read.

    Attributes:
        path: of a local file, or a URL.
        root: the folder that was asked for: names of folders below it (``date=2026-03-01``) are columns.
    """

    path: str
    root: str = ""

    @property
    def relative(self) -> str:
        """The path below ``root``."""
        return self.path.removeprefix(self.root).lstrip("/") if self.root else PurePosixPath(self.path).name

    @property
    def columns(self) -> FolderColumns:
        """What the names of its folders give."""
        above = self.path.removesuffix(self.relative)
        outer = PurePosixPath(above if "://" in above else os.path.abspath(above or "."))
        return FolderColumns(_columns(PurePosixPath(self.relative).parent), _columns(outer))


@dataclass(frozen=True)
class FolderColumns:
    """Columns that the names of folders give (``date=2026-03-01``); None is a missing value.

    Attributes:
        below: of folders below the path that was asked for.
        above: of the others, which are columns only where the description asks for them and the file has none.
    """

    below: Mapping[str, str | None] = field(default_factory=dict)
    above: Mapping[str, str | None] = field(default_factory=dict)


def _columns(folders: PurePosixPath) -> dict[str, str | None]:
    pairs = [part.partition("=") for part in folders.parts]
    return {
        unquote(key): None if value == NO_VALUE else unquote(value) for key, is_one, value in pairs if key and is_one
    }


def find_files(raw_path: str, pattern: str = "*") -> list[RawFile]:
    """Files of a path, sorted: a file, a folder (``pattern`` inside), a glob, or an fsspec URL of one of these.

    A path that exists is that file or folder, whatever characters it holds. In folders, whose folders are searched as
    well, what begins with ``_`` or ``.`` is no data.

    Raises:
        UserError: nothing is there, or something that is no file.
    """
    if not raw_path:
        raise UserError("raw_path is empty: name a file, folder, glob or URL")
    with accessible(raw_path):
        if "://" in raw_path and not os.path.lexists(raw_path):
            return _at_url(raw_path, pattern)
        if os.path.isdir(raw_path):
            found = matching(_below(raw_path, raw_path, {os.path.realpath(raw_path)}), pattern)
            if not found:
                raise UserError(
                    f"raw_path '{raw_path}': no file in this folder matches '{pattern}'; names that begin with _ or . "
                    "are no data"
                )
        elif os.path.lexists(raw_path):
            found = [RawFile(raw_path)]
        else:
            found = list(_at_glob(raw_path))
        for file in found:
            _check_regular(file.path)
    return sorted(found, key=lambda file: file.path)


def matching(files: Iterable[RawFile], pattern: str) -> list[RawFile]:
    """Those whose name (or path below the folder, where the pattern holds a slash) matches a glob pattern.

    A pattern that is a file's very name means that file alone.
    """
    candidates = list(files)
    same = [file for file in candidates if pattern in (file.relative, PurePosixPath(file.relative).name)]
    return same or [file for file in candidates if _matches(PurePosixPath(file.relative), pattern)]


def _matches(path: PurePosixPath, pattern: str) -> bool:
    if "/" not in pattern:
        return fnmatchcase(path.name, pattern)
    if "**" in pattern:
        return fnmatchcase(str(path), pattern) or fnmatchcase(str(path), pattern.replace("**/", ""))
    parts = PurePosixPath(pattern).parts
    return len(parts) == len(path.parts) and all(map(fnmatchcase, path.parts, parts))


def is_data(name: str, *, is_folder: bool) -> bool:
    """Whether a name in a folder is data: not ``_SUCCESS``, ``.crc``, ``_temporary``; ``_x=1`` is a column."""
    return not name.startswith(".") and (not name.startswith("_") or (is_folder and "=" in name))


def _below(folder: str, root: str, seen: set[str]) -> Iterator[RawFile]:
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    _check_no_table(folder, [entry.name for entry in found])
    for entry in found:
        is_folder = entry.is_dir()
        if not is_data(entry.name, is_folder=is_folder):
            continue
        if not is_folder:
            yield RawFile(entry.path, root)
            continue
        real = os.path.realpath(entry.path)
        if real not in seen:  # links may run in circles
            seen.add(real)
            yield from _below(entry.path, root, seen)


def _at_glob(raw_path: str) -> Iterator[RawFile]:
    parts = Path(raw_path).parts
    plain = next((i for i, part in enumerate(parts) if has_magic(part)), max(len(parts) - 1, 0))
    root = str(Path(*parts[:plain])) if plain else "."
    found = [
        path
        for path in glob(raw_path, recursive=True)
        if parts[-1].startswith("_") or is_data(os.path.basename(path.rstrip("/")), is_folder=os.path.isdir(path))
    ]
    if not found:
        raise UserError(
            f"raw_path '{raw_path}': no such file, folder or glob; put the data there, or name another place with "
            "--params raw_path=..."
        )
    seen: set[str] = set()
    for path in found:
        inside = _below(path, root, set()) if os.path.isdir(path) else [RawFile(path, root if plain else "")]
        for file in inside:
            if file.path not in seen:  # ** finds a folder and what is in it
                seen.add(file.path)
                yield file


def _at_url(url: str, pattern: str) -> list[RawFile]:
    if "::" in url or url.startswith(("http://", "https://")):
        return [RawFile(url)]
    try:
        system, path = fsspec.core.url_to_fs(url)
        if isinstance(system, LocalFileSystem):
            return find_files(path, pattern)
        if system.isfile(path):
            return [RawFile(url)]
        is_folder = system.isdir(path)
        roots = [path] if is_folder else [place for place in system.glob(path) if system.isdir(place)]
        single = [] if is_folder else [RawFile(system.unstrip_protocol(p)) for p in system.glob(path) if p not in roots]
        inside = [
            RawFile(system.unstrip_protocol(place), system.unstrip_protocol(root))
            for root in roots
            for place in system.find(root)
        ]
    except UserError:
        raise
    except Exception as error:  # every file system has errors of its own
        raise UserError(f"raw_path '{url}' cannot be read: {type(error).__name__}: {error}") from error
    found = single + matching([file for file in inside if _all_data(file.relative)], pattern)
    if not found:
        raise UserError(f"raw_path '{url}': no such file, or no file there matches '{pattern}'")
    return sorted(found, key=lambda file: file.path)


def _all_data(relative: str) -> bool:
    parts = PurePosixPath(relative).parts
    _check_no_table(relative, parts)
    return all(is_data(part, is_folder=part is not parts[-1]) for part in parts)


def _check_no_table(folder: str, names: Sequence[str]) -> None:
    for name, what in TABLES.items():
        if name in names:
            raise UserError(
                f"'{folder}' is {what} ({name} is in it), whose files may be data no more; write the table as plain "
                "parquet files into another folder and read those"
            )


def _check_regular(path: str) -> None:
    """No pipe, device or socket, which may never end, or never begin; no name that only the file system can write."""
    try:
        path.encode()
    except UnicodeEncodeError as error:
        shown = path.encode("utf-8", "backslashreplace").decode()
        raise UserError(f"'{shown}': the name is not UTF-8; give the file or folder another one") from error
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError as error:
        raise UserError(f"'{path}' is a link to a file that does not exist") from error
    for is_kind, what in IRREGULAR:
        if is_kind(mode):
            raise UserError(f"'{path}' is {what}, not a file; write its contents into a file and name that")


@contextmanager
def accessible(name: str) -> Iterator[None]:
    """Errors of the file system as one message."""
    try:
        yield
    except OSError as error:
        raise UserError(f"'{error.filename or name}' cannot be read: {error.strerror or error}") from error
