"""Rows of features kept on disk as they are made, so that work killed at any moment goes on."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.storage.files import PathLike

__all__ = ["KeptRows"]

FORMAT = "shapcpp encoding 1"
LONGEST = 1 << 16  # bytes of the first line
DIGEST = 32  # bytes of a SHA-256


class KeptRows:
    """A file to which blocks of rows are appended, each followed by a hash of all before it.

    A block that was cut off by a kill, or damaged since, ends what is kept: the rows from there on
    are made again.

    Parameters
    ----------
    path : path-like
        The file, created or taken up.
    identity : mapping of str
        Everything that the rows depend on, in types that JSON can hold. A file of another
        identity is begun anew.
    block : int
        Rows of a block; the last one may be shorter.
    total : int
        Rows in all.

    Attributes
    ----------
    rows : list of ndarray
        The blocks that the file held, shape (block, d) each.
    was_other : bool
        True if the file was of another identity.

    Raises
    ------
    OSError
        If the file cannot be opened or written.
    """

    def __init__(self, path: PathLike, identity: Mapping[str, Any], block: int, total: int) -> None:
        self._file: IO[bytes] = open(path, "a+b")  # noqa: SIM115  closed by __exit__
        first = json.dumps({"format": FORMAT, **identity}, sort_keys=True).encode() + b"\n"
        self._chain = hashlib.sha256(first).digest()
        self.rows: list[NDArray[np.float32]] = []
        self._file.seek(0)
        found = self._file.readline(LONGEST)
        self.was_other = bool(found) and found != first
        if found == first:
            self._read(block, total)
        else:
            self._file.truncate(0)
            self._write(first)

    def _read(self, block: int, total: int) -> None:
        """Reads all whole blocks, and cuts off whatever follows them."""
        while (done := sum(map(len, self.rows))) < total:
            place = self._file.tell()
            width = int.from_bytes(self._file.read(4), "little")
            count = min(block, total - done)
            left = os.fstat(self._file.fileno()).st_size - self._file.tell()
            length = 4 * count * width
            if not 0 < length <= left - DIGEST:
                break
            content = self._file.read(length)
            chain = self._chained(content)
            if self._file.read(DIGEST) != chain:
                break
            self._chain = chain
            self.rows.append(np.frombuffer(content, "<f4").reshape(count, width))
        else:
            place = self._file.tell()
        self._file.truncate(place)

    def _chained(self, content: bytes) -> bytes:
        return hashlib.sha256(self._chain + content).digest()

    def append(self, rows: NDArray[np.float32]) -> None:
        """Writes a block; once this returns, the rows outlive a kill of this process."""
        content = np.ascontiguousarray(rows, "<f4").tobytes()
        self._chain = self._chained(content)
        self._write(rows.shape[1].to_bytes(4, "little") + content + self._chain)

    def _write(self, content: bytes) -> None:
        self._file.write(content)
        self._file.flush()

    def __enter__(self) -> KeptRows:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
