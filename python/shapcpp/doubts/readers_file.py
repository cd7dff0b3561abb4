"""The file of two readers: the arrays of each reader's doubts under a name, and checks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from shapcpp import _core
from shapcpp.doubts import doubts_file
from shapcpp.storage import files, writing

__all__ = ["holds_readers", "read", "write"]

FORMAT = 1
KIND = "readers"
PREFIXES = ("first.", "second.")


def write(path: files.PathLike, names: Sequence[str], doubts: Sequence[Mapping[str, Any]]) -> None:
    """Writes names, and the fields of a Doubts of each reader, whole or not at all."""
    about = {
        "kind": KIND,
        "format": FORMAT,
        "version": _core.__version__,
        "names": list(names),
    }
    arrays = {
        prefix + name: array
        for prefix, fields in zip(PREFIXES, doubts, strict=True)
        for name, array in doubts_file.pack(fields).items()
    }
    writing.write_npz(path, {"about": np.array(json.dumps(about)), **arrays})


def holds_readers(path: files.PathLike) -> bool:
    """True if a file looks like saved readers."""
    try:
        names = files.npz_names(path)
    except files.DAMAGED:
        return False
    return {"about", *(f"{prefix}score" for prefix in PREFIXES)} <= set(names)


def read(path: files.PathLike) -> tuple[tuple[str, str], list[dict[str, Any]]]:
    """Names, and the fields of a Doubts of each reader; ValueError if the file is damaged."""
    arrays = files.read_npz(path)
    with files.told(f"{path} is a damaged file of two readers"):
        about = json.loads(str(arrays["about"]))
        if not isinstance(about, dict) or about.get("kind") != KIND:
            raise ValueError("it does not say that it holds two readers")
        if about.get("format") != FORMAT:
            raise ValueError(f"its format is {about.get('format')}, this version reads {FORMAT}")
        first, second = map(str, about["names"])
        fields = [
            doubts_file.unpack(
                {k.removeprefix(prefix): a for k, a in arrays.items() if k.startswith(prefix)}
            )
            for prefix in PREFIXES
        ]
        if not np.array_equal(fields[0]["ids"], fields[1]["ids"]):
            raise ValueError("its readers have different samples")
    return (first, second), fields
