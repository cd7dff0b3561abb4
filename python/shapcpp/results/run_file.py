"""The result file: the fields of a Valuation as arrays without pickles, checked on reading."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp import _core, checks
from shapcpp.labels import empty_rule
from shapcpp.metrics import Metric
from shapcpp.results import components, index_ranges, kept_doubts, stopping, votes
from shapcpp.results.moments import weights_kept
from shapcpp.results.sums import asked_of
from shapcpp.storage import files, writing

__all__ = ["pack", "read", "unpack", "write"]

FORMAT = 1

# Arrays of integers, and the axes of each: players, classes, samples, ranges.
INTEGER_ARRAYS = {
    "gains": "pk",
    "moments": "pk",
    "empty_counts": "k",
    "full_counts": "k",
    "test_counts": "k",
    "ranges": "r2",
    "players": "n",
}
LABELS = {"classes": "k", "labels": "n"}
SETTINGS = {
    "permutations", "asked", "seed", "model", "C", "class_weight", "scale", "empty", "single_class",
    "by_group", "metrics", "sampler", "gain_unit", "until",
}  # fmt: skip
LARGEST_GAIN_UNIT = 1 << 40
LARGEST = int(np.iinfo(np.int64).max)
OPTIONAL_ARRAYS = (
    "groups", "true_labels", "scaling", "trace_counts", "trace_gains", "vote_counts"
)  # fmt: skip
ABOUT = ("ties", "uncertified", "settings", "fingerprint", "stats")
ARRAYS = (*INTEGER_ARRAYS, *LABELS, "ids")
NEEDED = ("about", *ARRAYS)
FROM_FEATURES = "`shapcpp value FEATURES.npy -o RUN.npz` makes a result of features"


def write(path: files.PathLike, fields: Mapping[str, Any], complete: bool) -> None:
    """Writes the fields of a Valuation, whole or not at all."""
    writing.write_npz(path, pack(fields, complete))


def pack(fields: Mapping[str, Any], complete: bool) -> dict[str, NDArray[Any]]:
    """The fields of a Valuation as arrays."""
    arrays = {name: fields[name] for name in ARRAYS}
    arrays |= {name: fields[name] for name in OPTIONAL_ARRAYS if fields[name] is not None}
    arrays |= kept_doubts.pack(fields["doubts"]) | components.pack(fields["components"])
    about = {
        "format": FORMAT,
        "version": _core.__version__,
        "complete": complete,
        "arrays": sorted(arrays),  # none of them can be lost without being missed
        **{name: fields[name] for name in ABOUT},
    }
    return {"about": np.array(json.dumps(about)), **arrays}


def read(path: files.PathLike) -> dict[str, Any]:
    """The fields of a Valuation; raises ValueError if the file holds none."""
    if files.is_npy(path):
        raise ValueError(f"{path} is not a readable .npz file but a .npy file: {FROM_FEATURES}")
    arrays = files.read_npz(path)
    if "X_train" in arrays:
        raise ValueError(f"{path} is not a result file of shapcpp: {FROM_FEATURES}")
    if {"score", "suggestion"} <= arrays.keys():
        raise ValueError(f"{path} holds doubts, not values: {FROM_FEATURES}")
    if "first.score" in arrays:
        raise ValueError(
            f"{path} holds two readers, not values: `shapcpp report {path} -o PAGE.html` shows them"
        )
    if "contributions" in arrays:
        raise ValueError(
            f"{path} holds exact values of nearest neighbours, where a run over random orders is "
            f"needed: {FROM_FEATURES}"
        )
    if "part0.gains" in arrays:
        parts = sum(name.endswith(".gains") for name in arrays)
        raise ValueError(
            f"{path} is a run in {parts} folds, where a run with one test set is needed"
        )
    missing = [name for name in NEEDED if name not in arrays]
    if missing:
        raise ValueError(f"{path} is not a result file of shapcpp: it lacks {', '.join(missing)}")
    with files.told(f"{path} is a damaged result file"):
        return unpack(arrays)


def unpack(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """The fields of a Valuation from its arrays; raises TypeError or ValueError if damaged."""
    about = json.loads(str(arrays["about"]))
    if not isinstance(about, dict):
        raise ValueError("its entry about is no table of names")
    if about.get("format") != FORMAT:
        raise ValueError(f"its format is {about.get('format')}, this version reads {FORMAT}")
    lacking = [name for name in ABOUT if name not in about]
    if lacking:
        raise ValueError(f"about lacks {', '.join(lacking)}")
    lost = sorted({*about.get("arrays", [])} - arrays.keys())
    if lost or "arrays" not in about:
        raise ValueError(f"it lacks {', '.join(lost) or 'the list of its arrays'}")
    for name in ("settings", "stats"):
        if not isinstance(about[name], dict):
            raise TypeError(f"{name} hold no names, but {about[name]!r}")
    about["settings"].setdefault("votes", False)  # of runs before there were votes
    for name in ("components", "kernel", "gamma"):  # of runs before there were such
        about["settings"].setdefault(name, None)
    _check_settings(about["settings"], arrays["classes"])
    _check(arrays, about)
    return {
        **{name: arrays[name] for name in ARRAYS},
        **{name: arrays.get(name) for name in OPTIONAL_ARRAYS},
        **{name: checks.natural(name, about[name]) for name in ("ties", "uncertified")},
        "settings": about["settings"],
        "fingerprint": str(about["fingerprint"]),
        "stats": {k: checks.natural(k, n) for k, n in about["stats"].items()},
        "doubts": kept_doubts.unpack(arrays),
        "components": components.unpack(arrays, about["settings"]["components"]),
    }


def _check_settings(settings: Mapping[str, Any], classes: NDArray[Any]) -> None:
    """Raises TypeError or ValueError for settings that `value` would have refused."""
    missing = SETTINGS - set(settings)
    if missing:
        raise ValueError(f"its settings lack {', '.join(sorted(missing))}")
    checks.positive("permutations", settings["permutations"])
    checks.seed(settings["seed"])
    if not isinstance(settings["model"], str):
        raise TypeError(f"model must be a name, got {settings['model']!r}")
    checks.positive_real("C", settings["C"])
    weights = settings["class_weight"]
    if isinstance(weights, list):
        if len(weights) != len(classes):
            raise ValueError(f"class_weight holds {len(weights)} weights")
        for weight in weights:
            checks.positive_real("class_weight", weight)
    else:
        checks.choice("class_weight", weights, None, "balanced")
    checks.choice("scale", settings["scale"], None, "standard")
    checks.choice("kernel", settings["kernel"], None, "linear", "rbf", "precomputed")
    if settings["kernel"] == "rbf":
        checks.positive_real("gamma", settings["gamma"])
    elif settings["gamma"] is not None:
        raise ValueError(f"gamma is {settings['gamma']!r} without kernel rbf")
    empty_rule(settings["empty"], classes)
    checks.choice("single_class", settings["single_class"], "constant", "carry")
    if not isinstance(settings["by_group"], bool):
        raise TypeError(f"by_group must be True or False, got {settings['by_group']!r}")
    checks.choice("sampler", settings["sampler"], "halving", "permutations")
    unit = checks.positive("gain_unit", settings["gain_unit"], LARGEST_GAIN_UNIT)
    if unit & (unit - 1) or (unit > 1 and settings["sampler"] != "halving"):
        raise ValueError(f"gain_unit is {unit}")
    if settings["until"] is not None and not isinstance(settings["until"], str):
        raise TypeError(f"until must be a rule in words, got {settings['until']!r}")
    for pair in settings["asked"]:
        for edge in pair:
            checks.natural("asked", edge)


def _check_shapes(arrays: Mapping[str, NDArray[Any]], asked: list[Metric]) -> dict[str, int]:
    """Checks types and shapes; returns the numbers of players, classes, samples and ranges."""
    sizes: dict[str, int] = {"2": 2, "k": len(arrays["classes"]), "n": len(arrays["players"])}
    for name, axes in LABELS.items():
        array = arrays[name]
        if array.shape != (sizes[axes],) or array.dtype.kind not in "biU":
            raise ValueError(f"{name} has dtype {array.dtype} and shape {array.shape}")
        checks.identifiers(name, array)
    kept = weights_kept(arrays["test_counts"], asked)
    sizes["m"] = sizes["k"] + (0 if kept is None else len(kept))
    shapes = INTEGER_ARRAYS | {"moments": "pkk" if kept is None else "pm"}
    for name, axes in shapes.items():
        array = arrays[name]
        expected = tuple(
            sizes.setdefault(a, array.shape[i]) for i, a in enumerate(axes[: array.ndim])
        )
        if array.dtype != np.int64 or array.ndim != len(axes) or array.shape != expected:
            raise ValueError(f"{name} has dtype {array.dtype} and shape {array.shape}")
    n = sizes["n"]
    for name, kinds in {"ids": "biuU", "groups": "biuU", "true_labels": "biU"}.items():
        optional = arrays.get(name, np.empty(n, dtype=np.int64))
        if optional.shape != (n,) or optional.dtype.kind not in kinds:
            raise ValueError(f"{name} has dtype {optional.dtype} and shape {optional.shape}")
        checks.identifiers(name, optional)
    scaling = arrays.get("scaling", np.zeros((2, 1)))
    if scaling.dtype != np.float64 or scaling.ndim != 2 or len(scaling) != 2:
        raise ValueError(f"scaling has dtype {scaling.dtype} and shape {scaling.shape}")
    return sizes


def _check(arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> None:
    settings = about["settings"]
    if arrays["test_counts"].shape != arrays["classes"].shape:
        raise ValueError(f"test_counts has shape {arrays['test_counts'].shape}")
    about_these = asked_of(settings["metrics"], arrays["classes"])
    sizes = _check_shapes(arrays, about_these)
    n, scaling = sizes["n"], arrays.get("scaling", np.zeros((2, 1)))
    gains, moments = arrays["gains"], arrays["moments"]
    classes, edges = arrays["classes"], arrays["ranges"].reshape(-1)
    empty, full, totals = (arrays[f"{name}_counts"] for name in ("empty", "full", "test"))
    done = index_ranges.size(arrays["ranges"])
    asked = index_ranges.of(settings["asked"])
    unit = int(settings["gain_unit"])
    room = unit + 2 if settings["sampler"] == "halving" else unit  # the control's share
    most = checks.most_permutations(totals)
    reach = np.array([min(done * room * t, LARGEST) for t in totals.tolist()])
    sound = {
        "classes are not sorted": sizes["k"] > 1 and (classes[1:] > classes[:-1]).all(),
        "players points outside gains": np.array_equal(
            np.unique(arrays["players"]), np.arange(sizes["p"])
        ),
        "labels are not among classes": n > 0 and np.isin(arrays["labels"], classes).all(),
        "test_counts are negative or all zero": (totals >= 0).all() and totals.any(),
        "empty_counts lie outside test_counts": ((empty >= 0) & (empty <= totals)).all(),
        "full_counts lie outside test_counts": ((full >= -1) & (full <= totals)).all(),
        "ranges are not sorted and disjoint": (edges >= 0).all() and (np.diff(edges) > 0).all(),
        "permutations is not the number asked for": index_ranges.size(asked)
        == int(settings["permutations"]),
        "ranges hold permutations that were not asked for": not len(
            index_ranges.without(arrays["ranges"], asked)
        ),
        f"the sums of more than {most} permutations do not fit": max(done, 1) <= most,
        "gains lie outside what test_counts allow": ((gains <= reach) & (gains >= -reach)).all(),
        "gains do not add up": done == 0
        or np.array_equal(_exact_sums(gains), done * unit * (full - empty).astype(object)),
        "moments are not those of such gains": _are_moments(moments, gains, done, room, totals),
        "scaling is not finite": np.isfinite(scaling).all(),
    }
    for complaint, holds in sound.items():
        if not holds:
            raise ValueError(complaint)
    if settings["until"] is not None:
        stopping.parse_rule(settings["until"]).check(totals, classes, about_these)
    votes.check(arrays, settings, done)
    traces = [name in arrays for name in ("trace_counts", "trace_gains")]
    if any(traces):
        if not all(traces):
            raise ValueError("it holds half a trace")
        _check_trace(arrays, done, unit, room)


def _are_moments(
    moments: NDArray[np.int64],
    gains: NDArray[np.int64],
    done: int,
    room: int,
    totals: NDArray[np.int64],
) -> bool:
    """True if the moments can belong to contributions that add up to these gains."""
    K = gains.shape[1]
    squares = moments[:, :K] if moments.ndim == 2 else moments.diagonal(0, 1, 2)
    if not (squares >= np.abs(gains)).all():
        return False
    if moments.ndim == 2:  # sums of squares
        return bool((moments >= 0).all())
    largest = min(2 * done * (room * int(totals.max())) ** 2, LARGEST)
    return np.array_equal(moments, moments.swapaxes(1, 2)) and bool(
        ((moments <= largest) & (moments >= -largest)).all()
    )


def _check_trace(arrays: Mapping[str, NDArray[Any]], done: int, unit: int, room: int) -> None:
    counts, gains = arrays["trace_counts"], arrays["trace_gains"]
    shape = (counts.size, *arrays["gains"].shape)
    for name, array, expected in (
        ("trace_counts", counts, shape[:1]), ("trace_gains", gains, shape)
    ):  # fmt: skip
        if array.dtype != np.int64 or array.shape != expected:
            raise ValueError(f"{name} has dtype {array.dtype} and shape {array.shape}")
    if not (np.diff(counts, prepend=0) > 0).all():
        raise ValueError("trace_counts do not increase from 1")
    if int(counts[-1:].sum()) != done or not np.array_equal(
        gains[-1:].sum(axis=0), arrays["gains"]
    ):
        raise ValueError("the trace does not end where the run does")
    change = (arrays["full_counts"] - arrays["empty_counts"]).astype(object)
    for count, at_look in zip(counts.tolist(), gains, strict=True):  # one by one: they are large
        most = [min(count * room * total, LARGEST) for total in arrays["test_counts"].tolist()]
        if not ((at_look <= most) & (at_look >= np.negative(most))).all():
            raise ValueError("trace_gains lie outside what test_counts allow")
        if not np.array_equal(_exact_sums(at_look), count * unit * change):
            raise ValueError("trace_gains do not add up")


def _exact_sums(gains: NDArray[np.int64]) -> NDArray[np.object_]:
    """The exact sum over players (fewer than 2^31) of 64-bit integers of any size."""
    high, low = (gains >> 32).sum(axis=0), (gains & 0xFFFFFFFF).sum(axis=0)
    sums: NDArray[np.object_] = (high.astype(object) << 32) + low.astype(object)
    return sums
