"""Arrays on disk, read without pickles and with every damage told in one sentence."""

from __future__ import annotations

import io
import math
import os
import struct
import sys
import tokenize
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from shapcpp.machine.memory import available_memory

__all__ = [
    "is_npy",
    "npz_names",
    "read_npy",
    "read_npz",
    "shown",
    "told",
]

Array = NDArray[Any]
PathLike = str | os.PathLike[str]

# Bytes to which an archive may always expand, and to which it may expand if that much memory is
# free; beyond these, only to a multiple of its size. One-hot columns deflate a thousandfold.
SMALL, LARGE = 1 << 24, 1 << 30
MOST_EXPANSION = 100

# Exceptions that reading a damaged file can raise.
DAMAGED = (
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    LookupError,
    RuntimeError,
    MemoryError,
    EOFError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
# By version of the .npy format: the encoding of its header, and the bytes that hold its length.
HEADERS = {(1, 0): ("latin-1", 2), (2, 0): ("latin-1", 4), (3, 0): ("utf-8", 4)}
LONGEST_HEADER = 10_000  # bytes
MOST_SHOWN = 400  # characters


def read_npy(path: PathLike) -> Array:
    """Reads the array of a ``.npy`` file; raises ValueError if it is not one."""
    with told(f"{os.fspath(path)} is not a readable .npy file"), open(path, "rb") as file:
        return _read_array(file, os.fstat(file.fileno()).st_size)


def is_npy(path: PathLike) -> bool:
    """True if a file begins as a ``.npy`` file."""
    with open(path, "rb") as file:
        return file.read(len(npy.MAGIC_PREFIX)) == npy.MAGIC_PREFIX


def read_npz(path: PathLike, names: Collection[str] | None = None) -> dict[str, Array]:
    """Reads the arrays of a ``.npz`` file by name; raises ValueError if it is not one.

    With `names`, only these are read and checked; others may be anything.
    """
    name = os.fspath(path)
    arrays: dict[str, Array] = {}
    with told(f"{name} is not a readable .npz file"), open(path, "rb") as content:
        if content.read(4) not in ZIP_MAGIC:  # zipfile itself would look further down
            raise ValueError("it does not begin as a zip file")
        with zipfile.ZipFile(content) as archive:
            members = [
                member
                for member in archive.infolist()
                if names is None or member.filename.removesuffix(".npy") in names
            ]
            _check_members(members, os.fstat(content.fileno()).st_size)
            for member in members:
                key = member.filename.removesuffix(".npy")
                with told(f"its member {key}"), archive.open(member) as file:
                    arrays[key] = _read_array(file, member.file_size)
    return arrays


def npz_names(path: PathLike) -> list[str]:
    """Lists the names of the arrays of a ``.npz`` file."""
    with zipfile.ZipFile(path) as archive:
        return [name.removesuffix(".npy") for name in archive.namelist()]


@contextmanager
def told(what: str) -> Iterator[None]:
    """Turns any exception from a damaged file into one sentence."""
    try:
        yield
    except (*DAMAGED, OSError) as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise
        reason = shown(" ".join(str(error).split()).rstrip(".") or type(error).__name__)
        more = "..." if len(reason) > MOST_SHOWN else ""
        raise ValueError(f"{shown(what)}: {reason[:MOST_SHOWN]}{more}") from None


def shown(text: str) -> str:
    """Returns text from a file for use in a message, with unprintable characters escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _check_members(members: Sequence[zipfile.ZipInfo], size: int) -> None:
    keys = [member.filename.removesuffix(".npy") for member in members]
    twice = [key for key, count in Counter(keys).items() if count > 1]
    if twice:
        raise ValueError(f"it holds {twice[0]} twice")
    for key, member in zip(keys, members, strict=True):
        # Other methods unpack without a limit on the bytes that come out at a time.
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"its member {key} is packed in a way that numpy.savez never does")
    expanded = sum(member.file_size for member in members)
    available = available_memory()
    free = LARGE if available is None else min(LARGE, available // 2)
    if expanded > max(SMALL, MOST_EXPANSION * size, free):
        raise ValueError(
            f"its {size} bytes expand to {expanded}, more than {MOST_EXPANSION} times as many: "
            "if that is meant, save it uncompressed, with numpy.savez"
        )


def _read_array(file: IO[bytes], size: int) -> Array:
    """Reads the array in `size` bytes, checking the header before any data is allocated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of ancient headers, of strange escapes
        shape, dtype = _read_header(file)
        if dtype.hasobject:
            raise ValueError("it holds pickled objects, which are never read")
        if min(shape, default=0) < 0:
            raise ValueError(f"its shape is {shape}")
        if dtype.itemsize == 0 and 0 not in shape:
            raise ValueError(f"its entries have size 0: their dtype is {dtype}")
        needed, held = dtype.itemsize * math.prod(shape), size - file.tell()
        if held < needed:
            raise ValueError(f"it is truncated: {needed} bytes of data expected, {held} found")
        if held > needed:
            raise ValueError(f"it goes on after its data: {needed} bytes expected, {held} found")
        file.seek(0)
        array: Array = npy.read_array(file, allow_pickle=False)
    _check_text(array)
    return array


def _check_text(array: Array) -> None:
    for name in array.dtype.names or ():
        _check_text(array[name])
    if array.dtype.kind == "U" and array.size and array.itemsize:
        unsigned = np.dtype(np.uint32).newbyteorder(array.dtype.byteorder)
        points = np.ascontiguousarray(array).view(unsigned)
        if points.max() > sys.maxunicode or ((points >= 0xD800) & (points <= 0xDFFF)).any():
            raise ValueError("it holds text with characters that do not exist")


def _read_header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = npy.read_magic(file)
    if version not in HEADERS:
        raise ValueError(f"its format has version {version[0]}.{version[1]}")
    encoding, width = HEADERS[version]
    length = int.from_bytes(file.read(width), "little")
    if length > LONGEST_HEADER:
        raise ValueError(f"its header is too long: {length} bytes")
    # One parser reads headers of all versions: characters that latin-1 lacks become escapes.
    text = file.read(length).decode(encoding).encode("latin-1", "backslashreplace")
    header = io.BytesIO(len(text).to_bytes(4, "little") + text)
    try:
        shape, _, dtype = npy.read_array_header_2_0(header, max_header_size=len(text))
    except (SyntaxError, tokenize.TokenError, RecursionError, MemoryError):
        raise ValueError("its header cannot be parsed") from None
    return shape, dtype
