"""Are two results the same, bit by bit? Everything but what a clock measured and where it lies counts."""

from __future__ import annotations

import hashlib
import io
import json
import re
from pathlib import Path
from typing import Any

from benchmarks.faults.forks import in_child

VERSION = re.compile(r"\d{4}-\d\d-\d\dT\d\d\.\d\d\.\d\d\.\d{3}Z")
TIMES = {"seconds", "rows_per_second", "train_seconds", "search_seconds", "extraction_seconds"}
"""Fields and columns that a clock measured."""
TIMED_HEADS = {"search", "extraction", "training", "rows/s"}
"""The report's columns that it measured."""
APART = {"run_facts.json"}
"""What describes the run itself: its command, its machine."""
LEFT = re.compile(r"\.partial|(^|/)(raw_|predict_|tmp)[^/]*$")


def newest(data: Path) -> dict[str, Path]:
    """Every file of the newest version of every artifact, by its path without the version."""
    found: dict[str, Path] = {}
    for path in sorted(data.rglob("*")):
        if path.is_file():
            found[VERSION.sub("*", path.relative_to(data).as_posix())] = path
    return found


def of_version(data: Path, version: str) -> dict[str, Path]:
    """Every file of one version, likewise."""
    return {
        VERSION.sub("*", path.relative_to(data).as_posix()): path
        for path in data.rglob("*")
        if path.is_file() and version in path.parts
    }


def digests(files: dict[str, Path]) -> dict[str, str]:
    """What each file says, as a digest."""
    return {name: hashlib.sha256(_content(path)).hexdigest()[:16] for name, path in files.items() if counts(name)}


def counts(name: str) -> bool:
    """Whether a file has to be the same: those of one's own bookkeeping (``_...``, ``.…``) need not."""
    last = name.rpartition("/")[2]
    return last not in APART and not any(part.startswith((".", "_")) for part in name.split("/"))


def keep_digests(files: dict[str, Path], place: Path) -> dict[str, str]:
    """As ``digests``, in a child, kept as JSON."""
    in_child(lambda: place.write_text(json.dumps(digests(files))))
    return read_digests(place)


def read_digests(place: Path) -> dict[str, str]:
    """What ``keep_digests`` kept."""
    found: dict[str, str] = json.loads(place.read_text())
    return found


def difference(expected: dict[str, str], found: dict[str, str]) -> str:
    """Which artifacts are missing, new or different; nothing if none is."""
    missing = sorted(set(expected) - set(found))
    changed = sorted(name for name in expected if name in found and found[name] != expected[name])
    parts = [f"missing {', '.join(missing[:4])}"] if missing else []
    return "; ".join(parts + ([f"different {', '.join(changed[:4])}"] if changed else []))


def leftovers(data: Path) -> str:
    """Partial files, temporary folders, checkpoints and empty folders that a run left; nothing if there are none."""
    left = [p for p in data.rglob("*") if LEFT.search(p.relative_to(data).as_posix()) or p.name == "checkpoints"]
    left += [p for p in data.rglob("*") if p.is_dir() and not any(p.iterdir())]
    return ", ".join(sorted(VERSION.sub("*", p.relative_to(data).as_posix()) for p in left)[:4])


def _content(path: Path) -> bytes:
    if path.suffix == ".parquet":
        return _table(path)
    if path.suffix == ".json":
        return json.dumps(_without_times(json.loads(VERSION.sub("*", path.read_text()))), sort_keys=True).encode()
    if path.suffix == ".html":
        return _page(path.read_text(encoding="utf-8")).encode()
    return path.read_bytes()


def _table(path: Path) -> bytes:
    import polars as pl

    frame = pl.read_parquet(path)
    buffer = io.BytesIO()
    frame.drop(*(name for name in frame.columns if name in TIMES)).write_ipc(buffer, compression="uncompressed")
    return buffer.getvalue()


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_times(inner) for key, inner in value.items() if key not in TIMES}
    return [_without_times(inner) for inner in value] if isinstance(value, list) else value


def _page(text: str) -> str:
    """The page without cells that a clock filled, the command and the place."""
    text = re.sub(r"<table.*?</table>", lambda found: _cells(found[0]), VERSION.sub("*", text), flags=re.DOTALL)
    return re.sub(r"/[\w./-]*faults_[\w./-]*", "", text)


def _cells(table: str) -> str:
    """The texts of a table's cells without columns of times."""
    rows = [re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL) for row in re.findall(r"<tr.*?</tr>", table, re.DOTALL)]
    texts = [[" ".join(re.sub(r"<[^>]*>", " ", cell).split()) for cell in row] for row in rows]
    timed = {place for place, head in enumerate(texts[0]) if head in TIMED_HEADS} if texts else set()
    return json.dumps([[cell for place, cell in enumerate(row) if place not in timed] for row in texts])
