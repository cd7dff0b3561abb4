"""Files of torch: written whole or not at all, and refused if a single bit has changed."""

from __future__ import annotations

import hashlib
import pickle
import zipfile
from collections.abc import Mapping
from typing import IO, Any

import torch
from torch import Tensor

from shapcpp.storage import files, writing

__all__ = ["DAMAGED", "read_torch", "write_torch"]

DIGEST = "sha256"
DAMAGED = "it is damaged: its content is not that of its SHA-256"


def write_torch(path: files.PathLike, content: Mapping[str, Any]) -> None:
    """Runs ``torch.save`` on numbers, text and tensors, with their SHA-256 beside them.

    A full disk raises an OSError, as for other files.
    """
    whole = {**content, DIGEST: _digest(content)}

    def write(file: IO[bytes]) -> None:
        told = _ToldErrors(file)
        try:
            torch.save(whole, told)  # type: ignore[arg-type]
        except RuntimeError:
            if told.error is not None:
                raise told.error from None
            raise

    writing.write_atomically(path, write)


def read_torch(path: files.PathLike) -> tuple[dict[str, Any], bool]:
    """Reads the content of a file, and whether it is what `write_torch` wrote, to the last bit.

    No code in the file is run.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError, or whatever torch raises for damaged files
        If it is not such a file.
    """
    with open(path, "rb") as file:
        if not zipfile.is_zipfile(file):
            raise ValueError("it is not a zip file, as torch.save writes them")
        file.seek(0)
        try:
            content: Any = torch.load(file, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError:
            raise ValueError("it holds more than numbers") from None
    if not isinstance(content, dict):
        raise ValueError("it is no table of named arrays")
    written = content.pop(DIGEST, None)
    return content, written == _digest(content)


def _digest(content: object) -> str:
    digest = hashlib.sha256()
    _add(digest, content)
    return digest.hexdigest()


def _add(digest: Any, content: object) -> None:
    """Adds every part with its kind and length, so that no two contents share a digest."""
    if isinstance(content, Tensor):
        array = content.detach().cpu().contiguous()
        digest.update(f"tensor {array.dtype} {tuple(array.shape)}\n".encode())
        digest.update(array.reshape(-1).view(torch.uint8).numpy().data)
    elif isinstance(content, Mapping):
        digest.update(f"mapping {len(content)}\n".encode())
        for name, part in content.items():
            _add(digest, name)
            _add(digest, part)
    elif isinstance(content, (list, tuple)):
        digest.update(f"sequence {len(content)}\n".encode())
        for part in content:
            _add(digest, part)
    else:
        text = repr(content).encode()
        digest.update(f"{type(content).__name__} {len(text)}\n".encode() + text)


class _ToldErrors:
    """Keeps the error of a file, which torch.save would hide behind its own."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.flush = file.flush
        self.error: OSError | None = None

    def write(self, content: bytes) -> int:
        try:
            return self._file.write(content)
        except OSError as error:
            self.error = error
            raise
