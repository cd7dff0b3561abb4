"""The file of a result in closed form: its fields as arrays without pickles, checked on reading."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp import _core, checks
from shapcpp.results import components
from shapcpp.storage import files, writing

__all__ = ["read", "write"]

FORMAT = 1
ARRAYS = ("contributions", "test_counts", "classes", "ids", "labels")
OPTIONAL = ("groups", "true_labels")


def write(path: files.PathLike, fields: Mapping[str, Any]) -> None:
    """Writes the fields of an ExactValuation, whole or not at all."""
    arrays = {name: fields[name] for name in ARRAYS}
    arrays |= {name: fields[name] for name in OPTIONAL if fields[name] is not None}
    arrays |= components.pack(fields["components"])
    about = {
        "kind": "exact",
        "format": FORMAT,
        "version": _core.__version__,
        "arrays": sorted(arrays),  # none of them can be lost without being missed
        "settings": fields["settings"],
        "fingerprint": fields["fingerprint"],
    }
    writing.write_npz(path, {"about": np.array(json.dumps(about)), **arrays})


def read(path: files.PathLike) -> dict[str, Any] | None:
    """The fields of an ExactValuation; None if the file is of another kind.

    Raises ValueError if the file is damaged.
    """
    try:
        if "contributions" not in files.npz_names(path):
            return None
    except files.DAMAGED:
        return None
    arrays = files.read_npz(path)
    with files.told(f"{path} is a damaged result file"):
        about = json.loads(str(arrays.pop("about", "{}")))
        if not isinstance(about, dict) or about.get("kind") != "exact":
            raise ValueError("it does not say that it holds values in closed form")
        if about.get("format") != FORMAT:
            raise ValueError(f"its format is {about.get('format')}, this version reads {FORMAT}")
        lost = sorted({*ARRAYS, *about.get("arrays", [])} - arrays.keys())
        if lost:
            raise ValueError(f"it lacks {', '.join(lost)}")
        settings = about.get("settings")
        if not isinstance(settings, dict) or not isinstance(settings.get("model"), str):
            raise ValueError(f"settings are {settings!r}")
        checks.positive("k", settings.get("k"))
        _check(arrays)
        directions = components.unpack(arrays, settings.get("components"))
    return {
        **{name: arrays[name] for name in ARRAYS},
        **{name: arrays.get(name) for name in OPTIONAL},
        "settings": settings,
        "components": directions,
        "fingerprint": str(about.get("fingerprint")),
    }


def _check(arrays: Mapping[str, NDArray[Any]]) -> None:
    n, K = len(arrays["labels"]), len(arrays["classes"])
    shapes: dict[str, tuple[tuple[int, ...], str]] = {
        "contributions": ((n, K), "f"),
        "test_counts": ((K,), "i"),
        "classes": ((K,), "biU"),
        **dict.fromkeys(("ids", "labels", *OPTIONAL), ((n,), "biuU")),
    }
    for name, (shape, kinds) in shapes.items():
        array = arrays.get(name)
        if array is None:
            continue
        if array.shape != shape or array.dtype.kind not in kinds:
            raise ValueError(f"{name} has dtype {array.dtype} and shape {array.shape}")
    classes, counts = arrays["classes"], arrays["test_counts"]
    sound = {
        "classes are not sorted": K > 1 and (classes[1:] > classes[:-1]).all(),
        "labels are not among classes": n > 0 and np.isin(arrays["labels"], classes).all(),
        "test_counts are negative or all zero": (counts >= 0).all() and counts.any(),
        "contributions are not finite": np.isfinite(arrays["contributions"]).all(),
    }
    for complaint, holds in sound.items():
        if not holds:
            raise ValueError(complaint)
    for name in ("ids", "groups"):
        if name in arrays:
            checks.identifiers(name, arrays[name])
