"""Whatever happens to an artifact on its disk is found when it is loaded, and named; nothing in it is ever executed."""

import os
import pickle
import re
from pathlib import Path

import pytest
from kedro.io.core import Version

import autofis_kedro
from autofis_kedro import integrity
from autofis_kedro.errors import UserError
from autofis_kedro.integrity import seal, seal_of, verify
from tests.sources.test_artifacts import CASES

TEXT = {"value.json", "selection.json", "figure.json"}


@pytest.fixture(params=sorted(CASES))
def saved(request, tmp_path):
    """Loads a saved artifact; its file."""
    kind, options, value, _ = CASES[request.param]

    def dataset():
        return kind(filepath=str(tmp_path / request.param), version=Version(None, "2026-01-01"), **options)

    dataset().save(value)
    dataset().load()
    return lambda: dataset().load(), tmp_path / request.param / "2026-01-01" / request.param


def message(load):
    with pytest.raises(Exception, match="damaged") as raised:
        load()
    found = next(error for error in (raised.value, raised.value.__cause__) if isinstance(error, UserError))
    return str(found)


def is_named(load, file):
    said = message(load)
    return str(file) in said and "run again the pipeline that makes it" in said


@pytest.mark.parametrize("place", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_a_flipped_byte_is_found(saved, place):
    load, file = saved
    content = bytearray(file.read_bytes())
    content[round(place * (len(content) - 1))] ^= 4
    file.write_bytes(content)
    assert is_named(load, file)


@pytest.mark.parametrize("damage", ["empty", "doubled", "a folder", "a pipe", "another artifact"])
def test_what_is_no_longer_the_file_is_found(saved, damage):
    load, file = saved
    content = file.read_bytes()
    file.unlink()
    if damage == "a folder":
        file.mkdir()
    elif damage == "a pipe":
        os.mkfifo(file)
    else:
        file.write_bytes({"empty": b"", "doubled": content * 2, "another artifact": b'{"a": 1}'}[damage])
    assert is_named(load, file)


def test_a_link_to_the_same_bytes_is_followed(saved, tmp_path):
    load, file = saved
    moved = file.rename(tmp_path / "elsewhere")
    file.symlink_to(moved)
    load()


def test_without_its_checksum_it_is_taken_as_it_is(saved):
    load, file = saved
    seal_of(file).unlink()
    load()


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": NaN', "\x00", '"text"', "{}", "1e999999", "null"])
def test_hostile_json_that_nobody_sealed_is_named(tmp_path, text):
    kind, options, value, _ = CASES["selection.json"]
    dataset = kind(filepath=str(tmp_path / "selection.json"), version=Version(None, "1"), **options)
    dataset.save(value)
    file = tmp_path / "selection.json" / "1" / "selection.json"
    file.write_text(text)
    seal_of(file).unlink()
    assert is_named(dataset.load, file)


class Trap:
    """Executes something when it is unpickled."""

    def __reduce__(self):
        return Path("trapped").touch, ()


def test_a_pickle_is_never_opened(saved, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    load, file = saved
    file.write_bytes(pickle.dumps(Trap()))
    seal(file)
    assert is_named(load, file)
    assert not (tmp_path / "trapped").exists()


def test_no_code_unpickles():
    """torch.load, pickle and numpy's pickles execute what they read."""
    forbidden = re.compile(r"torch\.load\(|(?:import|from) (?:c?pickle|dill|joblib|shelve|marshal)|allow_pickle=True")
    sources = Path(autofis_kedro.__file__).parent.rglob("*.py")
    assert [str(path) for path in sources if forbidden.search(path.read_text(encoding="utf-8"))] == []


def test_files_of_several_parts_and_folders_are_sealed(tmp_path, monkeypatch):
    monkeypatch.setattr(integrity, "CHUNK", 5)
    (tmp_path / "folder" / "inner").mkdir(parents=True)
    (tmp_path / "folder" / "inner" / "a").write_bytes(b"0123456789ab")
    (tmp_path / "folder" / "b").write_bytes(b"")
    seal(tmp_path / "folder")
    verify(tmp_path / "folder")
    (tmp_path / "folder" / "inner" / "a").write_bytes(b"0123456789ac")
    with pytest.raises(UserError, match="not what was written in inner/a"):
        verify(tmp_path / "folder")
    (tmp_path / "folder" / "inner" / "a").write_bytes(b"0123456789ab")
    (tmp_path / "folder" / "b").unlink()
    with pytest.raises(UserError, match="not what was written in b"):
        verify(tmp_path / "folder")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        PermissionError(13, "Permission denied"),
        OSError(24, "Too many open files"),
    ],
)
def test_a_fault_of_the_machine_is_no_damage(tmp_path, error):
    (tmp_path / "a").write_text("whole")

    def read(path):
        raise error

    with pytest.raises(type(error)) as raised:
        integrity.read_whole(tmp_path / "a", read)
    assert raised.value is error
