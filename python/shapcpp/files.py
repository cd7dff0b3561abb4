"""Arrays on disk: read without pickles and without surprises, written whole or not at all."""

from __future__ import annotations

import csv
import io
import lzma
import os
import tempfile
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

__all__ = ["check_writable", "csv_bytes", "read_npy", "read_npz", "write_atomically", "write_npz"]

Array = NDArray[Any]
PathLike = str | os.PathLike[str]

# What reading a damaged archive can raise, beside the ValueError of a damaged array in it.
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)


def read_npy(path: PathLike) -> Array:
    """The array of a ``.npy`` file; ValueError in one sentence where it is not one."""
    with open(path, "rb") as file:
        return _read_array(file, os.fstat(file.fileno()).st_size, os.fspath(path))


def read_npz(path: PathLike) -> dict[str, Array]:
    """The arrays of a ``.npz`` file by name; ValueError where it is not one."""
    name = os.fspath(path)
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = {}
            for member in archive.infolist():
                key = member.filename.removesuffix(".npy")
                with archive.open(member) as file:
                    arrays[key] = _read_array(file, member.file_size, f"{name} ({key})")
            return arrays
    except DAMAGED as error:
        raise ValueError(f"{name} is not a readable .npz file: {error}") from None


def _read_array(file: IO[bytes], size: int, name: str) -> Array:
    try:
        version = npy.read_magic(file)
        header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
        if header is not None:
            shape, _, dtype = header(file)
            if dtype.hasobject:
                raise ValueError("it holds pickled objects, which are never read")
            needed = dtype.itemsize * int(np.prod(shape, dtype=object))
            held = size - file.tell()
            if held < needed:
                raise ValueError(f"it is truncated: {needed} bytes of data expected, {held} found")
        file.seek(0)
        array: Array = npy.read_array(file, allow_pickle=False)
        return array
    except (
        ValueError,
        TypeError,
        EOFError,
        SyntaxError,
        tokenize.TokenError,
        ArithmeticError,
        MemoryError,
    ) as error:
        first_line = str(error).strip().partition("\n")[0].rstrip(".")
        raise ValueError(f"{name} is not a readable .npy file: {first_line}") from None


def write_npz(path: PathLike, arrays: Mapping[str, Array]) -> None:
    """Writes arrays to a ``.npz`` file, whole or not at all."""

    def write(file: IO[bytes]) -> None:
        with zipfile.ZipFile(file, "w") as archive:
            for name, array in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    npy.write_array(member, np.asanyarray(array), allow_pickle=False)

    write_atomically(path, write)


def csv_bytes(header: Iterable[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A CSV file as bytes, UTF-8 with unix line ends."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def write_atomically(path: PathLike, write: Callable[[IO[bytes]], object]) -> None:
    """Calls `write` on a temporary file and renames it to `path` once it is on the disk."""
    try:
        if os.path.exists(path) and not os.path.isfile(path):  # a pipe, a terminal, /dev/null
            with open(path, "wb") as file:
                write(file)
        else:
            _write_beside(Path(os.path.realpath(path)), write)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, os.fspath(path)) from error


def _write_beside(target: Path, write: Callable[[IO[bytes]], object]) -> None:
    descriptor, temporary = tempfile.mkstemp(prefix=".shapcpp-", dir=target.parent)
    try:
        with open(descriptor, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, target.stat().st_mode if target.exists() else 0o666 & ~mask)
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def check_writable(path: PathLike) -> None:
    """OSError now if `path` could not be written later."""
    if os.path.isdir(path):
        raise IsADirectoryError(21, "it is a directory", os.fspath(path))
    if os.path.exists(path) and not os.access(path, os.W_OK):
        raise PermissionError(13, "permission denied", os.fspath(path))
    if os.path.exists(path) and not os.path.isfile(path):
        return
    target = Path(os.path.realpath(path))
    try:
        tempfile.TemporaryFile(dir=target.parent).close()
    except OSError as error:
        raise type(error)(error.errno, error.strerror, os.fspath(path)) from None
