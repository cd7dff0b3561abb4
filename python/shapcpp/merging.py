"""Whether two results are of one problem, and their sum if they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from shapcpp import ranges
from shapcpp.sums import Sums

if TYPE_CHECKING:
    from shapcpp.result import Valuation

__all__ = ["difference", "merge", "sums_of"]

# Settings that say which walks were asked for and when to stop, not what a walk gives.
OF_THE_COURSE = {"permutations", "asked", "until"}


def sums_of(v: Valuation) -> Sums:
    """The part of a result that adds up."""
    return Sums(v.gains, v.products, v.uncertified, v.ranges, v.stats)


def difference(
    fingerprint: str, settings: Mapping[str, Any], other_fingerprint: str, other: Mapping[str, Any]
) -> str | None:
    """In what two runs are not of one problem, "seed is 0 and 1"; None if they are."""
    for name in settings:
        if name not in OF_THE_COURSE and settings[name] != other.get(name):
            return f"{name} is {settings[name]!r} and {other.get(name)!r}"
    if fingerprint != other_fingerprint:
        return "the features, labels or groups differ"
    return None


def merge(v: Valuation, w: Valuation) -> Valuation:
    """The result of both runs together; see `Valuation.merge`."""
    differs = difference(v.fingerprint, v.settings, w.fingerprint, w.settings)
    if differs is not None:
        raise ValueError(f"these are runs of different problems: {differs}")
    sums = sums_of(v) + sums_of(w)
    asked = ranges.union(ranges.of(v.settings["asked"]), ranges.of(w.settings["asked"]))
    untils = {x.settings["until"] for x in (v, w)}
    return replace(
        v,
        **vars(sums),
        full_counts=np.maximum(v.full_counts, w.full_counts),  # -1 where not evaluated
        settings={
            **v.settings,
            "permutations": ranges.size(asked),
            "asked": asked.tolist(),
            "until": untils.pop() if len(untils) == 1 else None,
        },
    )
