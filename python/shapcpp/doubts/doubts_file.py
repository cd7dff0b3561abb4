"""The file of doubts: the fields of `Doubts`, without pickles, checked when read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp import _core, checks
from shapcpp.storage import files, writing

__all__ = ["holds_doubts", "pack", "read", "unpack", "write"]

FORMAT = 1
KIND = "doubts"
ARRAYS = ("score", "suggestion", "classes", "rates", "counts", "deviations", "labels", "ids")
OPTIONAL = ("groups", "true_labels", "reviewed")


def write(path: files.PathLike, fields: Mapping[str, Any]) -> None:
    """Writes the fields of a Doubts, whole or not at all."""
    writing.write_npz(path, pack(fields))


def pack(fields: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """The fields of a Doubts as arrays."""
    arrays = {name: fields[name] for name in ARRAYS}
    arrays |= {name: fields[name] for name in OPTIONAL if fields[name] is not None}
    about = {
        "kind": KIND,
        "format": FORMAT,
        "version": _core.__version__,
        **{
            name: fields[name]
            for name in ("by_direction", "evidence", "total_deviation", "settings")
        },
    }
    return {"about": np.array(json.dumps(about)), **arrays}


def holds_doubts(path: files.PathLike) -> bool:
    """True if a file looks like saved doubts rather than a run."""
    try:
        names = files.npz_names(path)
    except files.DAMAGED:
        return False
    return {"about", "score"} <= set(names) and "gains" not in names


def read(path: files.PathLike) -> dict[str, Any]:
    """The fields of a Doubts; ValueError in one sentence if the file is damaged."""
    arrays = files.read_npz(path, ("about", *ARRAYS, *OPTIONAL))
    missing = [name for name in ARRAYS if name not in arrays]
    if missing:
        raise ValueError(f"{path} is not a file of doubts: it lacks {', '.join(missing)}")
    with files.told(f"{path} is a damaged file of doubts"):
        return unpack(arrays)


def unpack(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """The fields of a Doubts from its arrays; TypeError or ValueError for damaged ones."""
    about = json.loads(str(arrays["about"]))
    if not isinstance(about, dict) or about.get("kind") != KIND:
        raise ValueError("it does not say that it holds doubts")
    if about.get("format") != FORMAT:
        raise ValueError(f"its format is {about.get('format')}, this version reads {FORMAT}")
    missing = [name for name in ARRAYS if name not in arrays]
    if missing:
        raise ValueError(f"it lacks {', '.join(missing)}")
    _check(arrays)
    by_direction = about["by_direction"]
    if not isinstance(by_direction, bool) or not isinstance(about["settings"], dict):
        raise TypeError("its settings are not those of doubts")
    for name in ("features", "varying"):
        checks.natural(name, about["settings"].get(name))
    return {
        **{name: arrays[name] for name in ARRAYS},
        **{name: arrays.get(name) for name in OPTIONAL},
        "by_direction": by_direction,
        "evidence": checks.real("evidence", about["evidence"]),
        "total_deviation": checks.real("total_deviation", about["total_deviation"]),
        "settings": about["settings"],
    }


def _check(arrays: Mapping[str, NDArray[Any]]) -> None:
    n, n_classes = len(arrays["labels"]), len(arrays["classes"])
    shapes: dict[str, tuple[int, ...]] = {
        "classes": (n_classes,),
        **dict.fromkeys(("score", "suggestion", "labels", "ids", *OPTIONAL), (n,)),
        **dict.fromkeys(("rates", "counts", "deviations"), (n_classes, n_classes)),
    }
    numbers = {"score", "rates", "counts", "deviations"}
    for name, shape in shapes.items():
        array = arrays.get(name)
        if array is None and name in OPTIONAL:
            continue
        kinds = "f" if name in numbers else "biuU"
        if array is None or array.shape != shape or array.dtype.kind not in kinds:
            found = "nothing" if array is None else f"dtype {array.dtype} and shape {array.shape}"
            raise ValueError(f"{name} has {found}")
    for name in numbers:
        if not np.isfinite(arrays[name]).all():
            raise ValueError(f"{name} is not finite")
    classes = arrays["classes"]
    if n_classes < 2 or not (classes[1:] > classes[:-1]).all():
        raise ValueError("classes are not sorted")
    for name in ("labels", "suggestion"):
        if not np.isin(arrays[name], classes).all():
            raise ValueError(f"{name} are not among classes")
    for name in ("rates", "counts", "deviations"):
        if (arrays[name] < 0).any():
            raise ValueError(f"{name} are negative")
    for name in ("ids", "groups", "reviewed"):
        if name in arrays:
            checks.identifiers(name, arrays[name])
