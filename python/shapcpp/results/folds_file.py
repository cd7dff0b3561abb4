"""The result file of a run in folds: the arrays of each part under its number, and checks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp import _core, checks
from shapcpp.results import kept_doubts, run_file
from shapcpp.storage import files, writing

__all__ = ["holds_folds", "read", "write"]

FORMAT = 1
KIND = "folds"
ARRAYS = ("folds", "ids", "labels")
OPTIONAL = ("groups", "true_labels")


def write(path: files.PathLike, fields: Mapping[str, Any], complete: bool) -> None:
    """Writes the fields of a FoldedValuation, whole or not at all."""
    arrays = {name: fields[name] for name in ARRAYS}
    arrays |= {name: fields[name] for name in OPTIONAL if fields[name] is not None}
    arrays |= kept_doubts.pack(fields["doubts"])
    about = {
        "kind": KIND,
        "format": FORMAT,
        "version": _core.__version__,
        "complete": complete,
        "parts": len(fields["parts"]),
        "arrays": sorted(arrays),  # none of them can be lost without being missed
    }
    for number, part in enumerate(fields["parts"]):
        packed = run_file.pack(vars(part), part.complete)
        arrays |= {f"part{number}.{name}": array for name, array in packed.items()}
    writing.write_npz(path, {"about": np.array(json.dumps(about)), **arrays})


def holds_folds(path: files.PathLike) -> bool:
    """True if a file looks like one of a run in folds."""
    try:
        return {"folds", "part0.gains"} <= set(files.npz_names(path))
    except files.DAMAGED:
        return False


def read(path: files.PathLike) -> dict[str, Any]:
    """The fields of a FoldedValuation, its parts as fields of a Valuation.

    Raises ValueError if the file holds none.
    """
    arrays = files.read_npz(path)
    with files.told(f"{path} is a damaged result file"):
        about = json.loads(str(arrays.pop("about")))
        if not isinstance(about, dict) or about.get("kind") != KIND:
            raise ValueError("it does not say that it holds folds")
        if about.get("format") != FORMAT:
            raise ValueError(f"its format is {about.get('format')}, this version reads {FORMAT}")
        lost = sorted({*ARRAYS, *about["arrays"]} - arrays.keys())
        if lost:
            raise ValueError(f"it lacks {', '.join(lost)}")
        parts = []
        for number in range(checks.positive("parts", about["parts"], len(arrays))):
            prefix = f"part{number}."
            parts.append(
                run_file.unpack(
                    {k.removeprefix(prefix): a for k, a in arrays.items() if k.startswith(prefix)}
                )
            )
        fields = {name: arrays.get(name) for name in (*ARRAYS, *OPTIONAL)}
        _check(fields, parts)
        doubts = kept_doubts.unpack(arrays)
    return {**fields, "parts": parts, "doubts": doubts}


def _check(fields: Mapping[str, Any], parts: list[dict[str, Any]]) -> None:
    """Raises ValueError where samples and parts do not go together."""
    folds: NDArray[np.int64] = fields["folds"]
    if folds.dtype != np.int64 or folds.ndim != 1:
        raise ValueError(f"folds has dtype {folds.dtype} and shape {folds.shape}")
    if not np.array_equal(np.unique(folds), np.arange(len(parts))):
        raise ValueError("folds are not those of its parts")
    for number, part in enumerate(parts):
        outside = folds != number
        for name in ("ids", "labels", "groups", "true_labels"):
            whole, own = fields[name], part[name]
            same = (
                own is None
                if whole is None
                else (whole.shape == folds.shape and np.array_equal(whole[outside], own))
            )
            if not same:
                raise ValueError(f"part {number} has other {name}")
        if part["test_counts"].sum() != len(folds) - outside.sum():
            raise ValueError(f"part {number} has another test set")
        if not np.array_equal(part["classes"], parts[0]["classes"]):
            raise ValueError(f"part {number} has other classes")
        length = {"permutations", "asked", "gain_unit", "metrics"}
        settings = [{k: v for k, v in p["settings"].items() if k not in length}
                    for p in (part, parts[0])]  # fmt: skip
        if settings[0] != settings[1]:
            raise ValueError(f"part {number} has other settings")
