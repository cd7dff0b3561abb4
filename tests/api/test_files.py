"""Arrays on disk: what the reader of .npy and .npz refuses, and what it must not."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shapcpp.storage import files


def npy(array: Any) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def with_header(text: str, data: bytes = b"", version: int = 3, length: int | None = None) -> bytes:
    header = text.encode()
    size = struct.pack("<I", len(header) if length is None else length)
    return b"\x93NUMPY" + bytes((version, 0)) + size + header + data


def header(descr: Any = "<f8", shape: Any = (3,)) -> str:
    return repr({"descr": descr, "fortran_order": False, "shape": shape})


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (with_header(header(), length=2**32 - 1), "its header is too long: 4294967295 bytes"),
        (with_header(header(), bytes(24), version=7), "its format has version 7.0"),
        (with_header(header(shape=(2**40, 2**20))), "it is truncated"),
        (with_header(header(shape=(2**70,))), "it is truncated"),
        (with_header(header(shape=(-1, -3)), bytes(24)), r"its shape is \(-1, -3\)"),
        (with_header(header("<U0", (2**40,))), "its entries have size 0: their dtype is <U0"),
        (with_header(header([("a", "<f8", (0,))])), "its entries have size 0"),
        (with_header(header("|O")), "it holds pickled objects, which are never read"),
        (with_header(header("<U1", (1,)), b"\xff" * 4), "characters that do not exist"),
        (with_header(header("<U1", (1,)), b"\x00\xd8\x00\x00"), "characters that do not exist"),
        (with_header("(" * 5000), "its header cannot be parsed"),
        (with_header("[" * 150 + "]" * 150), "Header is not a dictionary"),
        (with_header("9" * 5000), r"Cannot parse header: '9+\.\.\.$"),
        (with_header(header(), bytes(25)), "it goes on after its data: 24 bytes expected, 25 found"),
    ],
)  # fmt: skip
def test_lies_and_damage_in_npy(content: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "f.npy"
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match=f"f.npy is not a readable .npy file: .*{sentence}"
    ) as told:
        files.read_npy(path)
    assert str(told.value).isprintable()


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(6).astype(">i4"),
        np.array("é"),
        np.zeros((0, 3)),
        np.zeros(2, [("a", "<f4", (2,)), ("é", ">U3")]),
    ],
)
def test_every_version_and_layout_is_read(version: Any, array: Any, tmp_path: Path) -> None:
    path = tmp_path / "f.npy"
    with path.open("wb") as file:
        np.lib.format.write_array(file, array, version=version)
    read = files.read_npy(path)
    np.testing.assert_array_equal(read, array)
    assert read.dtype == array.dtype
    np.savez_compressed(tmp_path / "f.npz", a=array)
    np.testing.assert_array_equal(files.read_npz(tmp_path / "f.npz")["a"], array)


def test_names_beyond_latin_are_read(tmp_path: Path) -> None:
    array = np.zeros(2, [("名", "<f4")])
    (tmp_path / "f.npy").write_bytes(with_header(header(array.dtype.descr, (2,)), bytes(8)))
    assert files.read_npy(tmp_path / "f.npy").dtype == array.dtype


def test_what_deflates_well_is_read(tmp_path: Path) -> None:
    path = tmp_path / "f.npz"
    X, y = np.random.default_rng(0).normal(size=(2000, 100)), np.zeros(500_000, dtype=np.int64)
    np.savez_compressed(path, X=X, y=y)
    read = files.read_npz(path)
    np.testing.assert_array_equal(read["X"], X)
    np.testing.assert_array_equal(read["y"], y)


def test_what_expands_without_measure_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "f.npz"
    np.savez_compressed(path, X=np.zeros(3_000_000))
    assert not files.read_npz(path)["X"].any()  # as one-hot columns expand
    monkeypatch.setattr(files, "available_memory", lambda: 40_000_000)
    with pytest.raises(ValueError, match=r"expand to 24000\d+, more than 100 times .*numpy.savez"):
        files.read_npz(path)


def test_strange_members(tmp_path: Path) -> None:
    path = tmp_path / "f.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("a.npy", npy(np.zeros(3)))
    with pytest.raises(ValueError, match="its member a is packed in a way that numpy.savez never"):
        files.read_npz(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", npy(np.zeros(3)))
        archive.writestr("a", npy(np.ones(3)))
    with pytest.raises(ValueError, match="f.npz is not a readable .npz file: it holds a twice"):
        files.read_npz(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a\x1b\n.npy", b"")
    with pytest.raises(ValueError, match=r"its member a\\x1b\\n: EOF"):
        files.read_npz(path)
    np.savez(path, a=np.zeros(3))
    path.write_bytes(b"PK" + path.read_bytes())  # numpy does not read it either
    with pytest.raises(ValueError, match="it does not begin as a zip file"):
        files.read_npz(path)
