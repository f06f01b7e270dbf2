"""The folder that encoded examples live in.

    one_hot.npy             int32 [N, O]   global ids of the one-hot fields
    labels.npy              uint8 [N]
    bag_<p>_values.npy      int32 [Z]      ids of the multi-hot field at position p of the schema
    bag_<p>_offsets.npy     int64 [N + 1]
    meta.json               format, schema fingerprint, sizes; written last

Plain .npy files: any tool maps them without this package. The folder is written under a temporary name
beside its place and renamed when it is whole, so that a crash leaves nothing under the final name.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from pydantic import ValidationError

from autofis_kedro.config import Frozen
from autofis_kedro.data.schema import MISSING, OTHER, UNSEEN, Schema
from autofis_kedro.errors import UserError
from autofis_kedro.integrity import seal, verify

if TYPE_CHECKING:
    from autofis_kedro.data.examples import Examples

FORMAT = 1
META = "meta.json"

_verified: dict[Path, tuple[str, int, int, int]] = {}


class Meta(Frozen):
    """What meta.json holds.

    Attributes:
        format: version of this layout.
        dataset: the schema's data set.
        schema_fingerprint: of the schema that the ids belong to.
        n_rows: rows, N.
        positives: rows with label 1.
        n_one_hot: one-hot fields, O.
        n_values: ids of each multi-hot field, Z, by its position.
        special: how often the ids missing, unseen and other occur, by field; empty where nobody counted.
        checksums: CRC-32 of the values of each file; earlier releases made none.
    """

    format: int
    dataset: str
    schema_fingerprint: str
    n_rows: int
    positives: int
    n_one_hot: int
    n_values: Mapping[int, int]
    special: Mapping[str, tuple[int, int, int]]
    checksums: Mapping[str, int] = {}


@dataclass(frozen=True)
class StoredArrays:
    """A folder's arrays, memory-mapped read-only."""

    meta: Meta
    one_hot: NDArray[np.int32]
    labels: NDArray[np.uint8]
    bags: Mapping[int, tuple[NDArray[np.int32], NDArray[np.int64]]]


class _GrowingArray:
    """An .npy file that rows are appended to; its header is written again at the end."""

    def __init__(self, path: Path, dtype: type[np.generic], row_shape: tuple[int, ...] = ()) -> None:
        self._dtype, self._row_shape, self.length = np.dtype(dtype), row_shape, 0
        self.name, self.checksum = path.name, 0
        self._file = path.open("wb")
        self._write_header()
        self._data_start = self._file.tell()

    def append(self, rows: NDArray[Any]) -> None:
        values = np.ascontiguousarray(rows, dtype=self._dtype)
        self._file.write(values.data)
        self.checksum = crc32(_bytes(values), self.checksum)
        self.length += len(rows)

    def close(self) -> None:
        if not self._file.closed:
            self._file.seek(0)
            self._write_header()
            if self._file.tell() != self._data_start:  # numpy pads headers for growth to 21 digits
                raise RuntimeError("the header of an .npy file grew over its data")
            self._file.close()

    def _write_header(self) -> None:
        header = {"descr": self._dtype.str, "fortran_order": False, "shape": (self.length, *self._row_shape)}
        npy.write_array_header_1_0(self._file, header)


class ExamplesWriter:
    """Appends chunks to a new folder; the folder appears when the ``with`` block ends without an error.

    An existing folder is replaced.
    """

    def __init__(self, folder: Path, schema: Schema) -> None:
        self._folder, self._schema = Path(folder), schema
        self.n_rows = self.positives = 0
        self._special: Counter[tuple[str, int]] = Counter()
        self._counted = True

    def __enter__(self) -> ExamplesWriter:
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        self._temporary = Path(tempfile.mkdtemp(prefix=f".{self._folder.name}.", dir=self._folder.parent))
        place, positions = self._temporary, self._schema.multi_hot_positions
        self._one_hot = _GrowingArray(place / "one_hot.npy", np.int32, (len(self._schema.one_hot_positions),))
        self._labels = _GrowingArray(place / "labels.npy", np.uint8)
        self._values = {p: _GrowingArray(place / f"bag_{p}_values.npy", np.int32) for p in positions}
        self._offsets = {p: _GrowingArray(place / f"bag_{p}_offsets.npy", np.int64) for p in positions}
        for offsets in self._offsets.values():
            offsets.append(np.zeros(1, dtype=np.int64))
        return self

    def append(self, chunk: Examples) -> None:
        """Append rows of the writer's schema."""
        self._one_hot.append(chunk.one_hot)
        self._labels.append(chunk.labels)
        for position, lists in chunk.bags.items():
            self._offsets[position].append(lists.offsets[1:] + self._values[position].length)
            self._values[position].append(lists.values)
        self._counted &= set(chunk.special) == set(self._schema.names)
        for name, counts in chunk.special.items():
            self._special.update({(name, i): count for i, count in enumerate(counts)})
        self.n_rows += chunk.n_rows
        self.positives += int(chunk.labels.sum())

    def __exit__(self, *error: object) -> None:
        try:
            for array in self._arrays:
                array.close()
            if error[0] is None:
                (self._temporary / META).write_text(self._meta().model_dump_json(indent=1), encoding="utf-8")
                seal(self._temporary / META)
                replace_folder(self._temporary, self._folder)
        finally:
            shutil.rmtree(self._temporary, ignore_errors=True)

    @property
    def _arrays(self) -> list[_GrowingArray]:
        return [self._one_hot, self._labels, *self._values.values(), *self._offsets.values()]

    def _meta(self) -> Meta:
        return Meta(
            format=FORMAT,
            dataset=self._schema.dataset,
            schema_fingerprint=self._schema.fingerprint,
            n_rows=self.n_rows,
            positives=self.positives,
            n_one_hot=len(self._schema.one_hot_positions),
            n_values={position: array.length for position, array in self._values.items()},
            special={name: self._triple(name) for name in self._schema.names} if self._counted else {},
            checksums={array.name: array.checksum for array in self._arrays},
        )

    def _triple(self, name: str) -> tuple[int, int, int]:
        return self._special[name, MISSING], self._special[name, UNSEEN], self._special[name, OTHER]


def replace_folder(temporary: Path, folder: Path) -> None:
    """Rename a whole folder to its place; one that is there goes aside first and is deleted after."""
    temporary.chmod(0o755)  # mkdtemp made it private
    if not folder.exists():
        temporary.rename(folder)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    folder.rename(aside / "old")
    temporary.rename(folder)
    shutil.rmtree(aside, ignore_errors=True)


def read_arrays(folder: Path, schema: Schema | None = None) -> StoredArrays:
    """Map a folder's arrays into memory. The first time in a process each is read once, against its checksum (1.8 GB/s
    where the disk is as fast); then it takes milliseconds whatever their size.

    Args:
        schema: if given, the folder must have been encoded with it.

    Raises:
        UserError: the folder is missing, damaged, of another format, or of another schema.
    """
    folder = Path(folder)
    meta = _read_meta(folder)
    if schema is not None and meta.schema_fingerprint != schema.fingerprint:
        raise UserError(
            f"examples {folder}: encoded with another schema ('{meta.dataset}', {meta.schema_fingerprint}) "
            f"than the one in use ('{schema.dataset}', {schema.fingerprint}); run bucketing again"
        )
    try:
        one_hot = _map(folder / "one_hot.npy", np.int32, (meta.n_rows, meta.n_one_hot), meta)
        labels = _map(folder / "labels.npy", np.uint8, (meta.n_rows,), meta)
        if meta.n_rows and labels.max() > 1:
            raise ValueError(f"labels.npy holds {labels.max()}, not 0 and 1 alone")
        bags = {position: _map_lists(folder, position, meta, n) for position, n in meta.n_values.items()}
    except Exception as error:  # numpy has many for what is no array
        raise _damaged(folder, f"{type(error).__name__}: {error}") from error
    return StoredArrays(meta, one_hot, labels, bags)


def _read_meta(folder: Path) -> Meta:
    if not folder.is_dir():
        raise UserError(f"examples {folder}: no such folder; run bucketing first")
    try:
        content = json.loads((folder / META).read_text(encoding="utf-8"))
        if isinstance(content, dict) and content.get("format") == FORMAT:
            meta = Meta.model_validate(content)
            verify(folder / META)
            return meta
    except UserError as error:
        raise _damaged(folder, f"{META} is not what was written") from error
    except ValidationError as error:
        raise _damaged(folder, f"{META} has {error.error_count()} wrong entries") from error
    except (OSError, ValueError, RecursionError) as error:  # ValueError: not JSON, or not UTF-8
        raise _damaged(folder, error) from error
    raise UserError(f"examples {folder}: {META} is not of format {FORMAT}; run bucketing again with this version")


def _damaged(folder: Path, why: object) -> UserError:
    return UserError(f"examples {folder} are damaged: {why}; delete the folder and run bucketing again")


def _map(path: Path, dtype: type[np.generic], shape: tuple[int, ...], meta: Meta) -> NDArray[Any]:
    if not path.is_file():  # a pipe would wait for ever
        raise ValueError(f"{path.name} is no file")
    # an array without elements cannot be mapped
    array = np.load(path, mmap_mode="r" if 0 not in shape else None, allow_pickle=False)
    if array.dtype != dtype or array.shape != shape:
        raise ValueError(f"{path.name} holds {array.dtype} {array.shape}, not {np.dtype(dtype)} {shape}")
    _check(path, array, meta.checksums.get(path.name))
    return np.asarray(array)  # the plain array over the same map: np.memmap's slicing is slower


def _check(path: Path, values: NDArray[Any], checksum: int | None) -> None:
    """Compare with the checksum, once in a process as long as the file does not change."""
    found = path.stat()
    stamp = (str(path), found.st_size, found.st_mtime_ns, found.st_ino)
    if checksum is None or _verified.get(path) == stamp:
        return
    if crc32(_bytes(values)) != checksum:
        raise ValueError(f"{path.name} is not what was written: its checksum is another")
    _verified[path] = stamp


def _bytes(values: NDArray[Any]) -> memoryview:
    return values.reshape(-1).view(np.uint8).data


def _map_lists(folder: Path, position: int, meta: Meta, n_values: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    values = _map(folder / f"bag_{position}_values.npy", np.int32, (n_values,), meta)
    offsets = _map(folder / f"bag_{position}_offsets.npy", np.int64, (meta.n_rows + 1,), meta)
    if offsets[0] != 0 or offsets[-1] != n_values:
        raise ValueError(f"bag_{position}_offsets.npy runs from {offsets[0]} to {offsets[-1]}, not 0 to {n_values}")
    return values, offsets
