"""The result file: the fields of a Valuation as arrays without pickles, checked when read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp import _core, files, ranges

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
LATER_SETTINGS = {"antithetic": False, "until": None}  # which files of earlier versions lack
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
        **{name: fields[name] for name in ("uncertified", "settings", "fingerprint", "stats")},
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
            "settings": _settings(about),
            "fingerprint": str(about["fingerprint"]),
            "stats": {str(k): int(n) for k, n in about.get("stats", {}).items()},
        }
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path} is a damaged result file: {error}") from None


def _settings(about: Mapping[str, Any]) -> dict[str, Any]:
    settings = LATER_SETTINGS | about["settings"]
    return {"asked": [[0, int(settings["permutations"])]], **settings}


def _check(arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> None:
    sizes: dict[str, int] = {"2": 2, "k": len(arrays["classes"]), "n": len(arrays["players"])}
    for name, axes in INTEGER_ARRAYS.items():
        array = arrays[name]
        expected = tuple(
            sizes.setdefault(a, array.shape[i]) for i, a in enumerate(axes[: array.ndim])
        )
        if array.dtype != np.int64 or array.ndim != len(axes) or array.shape != expected:
            raise ValueError(f"{name} has dtype {array.dtype} and shape {array.shape}")
    n, settings = sizes["n"], about["settings"]
    for name, kinds in {"ids": "biuU", "groups": "biuU", "true_labels": "i"}.items():
        optional = arrays.get(name, np.empty(n, dtype=np.int64))
        if optional.shape != (n,) or optional.dtype.kind not in kinds:
            raise ValueError(f"{name} has dtype {optional.dtype} and shape {optional.shape}")
    missing = SETTINGS - set(settings)
    if missing:
        raise ValueError(f"its settings lack {', '.join(sorted(missing))}")
    classes, edges = arrays["classes"], arrays["ranges"].reshape(-1)
    empty, full, totals = (arrays[f"{name}_counts"] for name in ("empty", "full", "test"))
    done = ranges.size(arrays["ranges"])
    asked = ranges.of(_settings(about)["asked"])
    sound = {
        "classes are not sorted": sizes["k"] > 0 and (np.diff(classes) > 0).all(),
        "players points outside gains": np.array_equal(
            np.unique(arrays["players"]), np.arange(sizes["p"])
        ),
        "labels are not among classes": n > 0 and np.isin(arrays["labels"], classes).all(),
        "test_counts are negative or all zero": (totals >= 0).all() and totals.any(),
        "empty_counts lie outside test_counts": ((empty >= 0) & (empty <= totals)).all(),
        "full_counts lie outside test_counts": ((full >= -1) & (full <= totals)).all(),
        "ranges are not sorted and disjoint": (edges >= 0).all() and (np.diff(edges) > 0).all(),
        "permutations is not the number asked for": ranges.size(asked)
        == int(settings["permutations"]),
        "ranges hold permutations that were not asked for": not len(
            ranges.without(arrays["ranges"], asked)
        ),
        "gains do not add up": done == 0
        or np.array_equal(arrays["gains"].sum(axis=0), done * (full - empty)),
    }
    for complaint, holds in sound.items():
        if not holds:
            raise ValueError(complaint)
