"""The result file: the fields of a Valuation as arrays without pickles, checked when read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp import _core, files

__all__ = ["read", "write"]

FORMAT = 1

# Arrays of integers, and the axes of each: players, classes, samples, ranges.
INTEGER_ARRAYS = {
    "gains": "pk",
    "products": "pkk",
    "empty_counts": "k",
    "full_counts": "k",
    "test_counts": "k",
    "ranges": "r2",
    "classes": "k",
    "players": "n",
    "labels": "n",
}
SETTINGS = {
    "permutations", "seed", "C", "class_weight", "scale", "empty", "single_class", "by_group"
}  # fmt: skip
OPTIONAL_ARRAYS = ("groups", "true_labels", "scaling")
NEEDED = ("about", *INTEGER_ARRAYS, "ids")


def write(path: files.PathLike, fields: Mapping[str, Any], complete: bool) -> None:
    """Writes the fields of a Valuation, whole or not at all."""
    arrays = {name: fields[name] for name in (*INTEGER_ARRAYS, "ids")}
    arrays |= {name: fields[name] for name in OPTIONAL_ARRAYS if fields[name] is not None}
    about = {
        "format": FORMAT,
        "version": _core.__version__,
        "complete": complete,
        **{name: fields[name] for name in ("uncertified", "settings", "fingerprint")},
    }
    files.write_npz(path, {"about": np.array(json.dumps(about)), **arrays})


def read(path: files.PathLike) -> dict[str, Any]:
    """The fields of a Valuation; ValueError in one sentence if the file holds none."""
    arrays = files.read_npz(path)
    missing = [name for name in NEEDED if name not in arrays]
    if missing:
        raise ValueError(f"{path} is not a result file of shapcpp: it lacks {', '.join(missing)}")
    try:
        about = json.loads(str(arrays["about"]))
        if about["format"] != FORMAT:
            raise ValueError(f"its format is {about['format']}, this version reads {FORMAT}")
        _check(arrays, about)
        return {
            **{name: arrays[name] for name in (*INTEGER_ARRAYS, "ids")},
            **{name: arrays.get(name) for name in OPTIONAL_ARRAYS},
            "uncertified": int(about["uncertified"]),
            "settings": dict(about["settings"]),
            "fingerprint": str(about["fingerprint"]),
        }
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path} is a damaged result file: {error}") from None


def _check(arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> None:
    sizes: dict[str, int] = {"2": 2, "k": len(arrays["classes"]), "n": len(arrays["players"])}
    for name, axes in INTEGER_ARRAYS.items():
        array = arrays[name]
        expected = tuple(
            sizes.setdefault(a, array.shape[i]) for i, a in enumerate(axes[: array.ndim])
        )
        if array.dtype != np.int64 or array.ndim != len(axes) or array.shape != expected:
            raise ValueError(f"{name} has dtype {array.dtype} and shape {array.shape}")
    players = arrays["players"]
    if players.min() < 0 or players.max() >= sizes["p"]:
        raise ValueError("players points outside gains")
    edges = arrays["ranges"].reshape(-1)
    if (edges[:-1] >= edges[1:]).any() or (edges < 0).any():
        raise ValueError("ranges are not sorted, disjoint and within the 64-bit integers")
    for name in ("ids", "groups", "true_labels"):
        if name in arrays and arrays[name].shape != (sizes["n"],):
            raise ValueError(f"{name} has shape {arrays[name].shape}")
    missing = SETTINGS - set(about["settings"])
    if missing:
        raise ValueError(f"its settings lack {', '.join(sorted(missing))}")
