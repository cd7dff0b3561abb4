"""What a run comes to: its sums made a result, and the results of earlier runs to go on from."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.problem.request import Request
from shapcpp.results import index_ranges
from shapcpp.results.index_ranges import Ranges
from shapcpp.results.tally import Sums
from shapcpp.results.trace import Arrays
from shapcpp.results.valuation import Valuation, load
from shapcpp.storage import files

__all__ = ["Outcome"]

OF_THE_PROBLEM = ("C", "class_weight", "scale", "empty", "single_class")
FINGERPRINT_STEP = 1 << 26  # bytes hashed before Ctrl-C is heard again


class Outcome:
    """Makes Valuations of a request and of the sums that its walks add up to.

    Attributes
    ----------
    full_counts : ndarray of int64, shape (n_classes,)
        Of the coalition of all samples; -1 until it is known.
    trace : tuple of ndarray, or None
        Counts and gains on the way of the run that it goes on from.
    """

    def __init__(self, request: Request, until: str | None = None) -> None:
        self.full_counts = np.full(len(request.classes), -1, dtype=np.int64)
        self.trace: Arrays | None = None
        self._request = request
        self._settings = request.settings | {"until": until}
        self._fingerprint = _fingerprint(
            request.X, request.y, request.X_test, request.y_test, request.players
        )

    @property
    def key(self) -> str:
        """Names the problem: the same key, the same changes along each permutation."""
        settings = {name: self._settings[name] for name in OF_THE_PROBLEM}
        return f"{self._fingerprint} {json.dumps(settings, sort_keys=True)}"

    def learn(self, full_counts: NDArray[np.int64]) -> None:
        """The counts of the coalition of all samples are known."""
        self.full_counts = full_counts

    def valuation(self, sums: Sums, asked: Ranges) -> Valuation:
        """The result, where these walks were asked for."""
        request = self._request
        return Valuation(
            **vars(sums),
            empty_counts=request.empty_counts,
            full_counts=self.full_counts,
            test_counts=request.test_counts,
            classes=request.classes,
            players=request.players,
            ids=np.arange(len(request.y)) if request.ids is None else request.ids,
            labels=request.y,
            groups=request.groups,
            true_labels=request.true_labels,
            settings={
                **self._settings,
                "permutations": index_ranges.size(asked),
                "asked": asked.tolist(),
            },
            scaling=request.scaling,
            fingerprint=self._fingerprint,
        )

    def earlier(self, extend: Valuation | None, checkpoint: files.PathLike | None) -> Sums:
        """What was done before: the larger of the run to extend and of the checkpoint.

        Raises
        ------
        TypeError, ValueError
            If one of them is not of this problem, naming what differs, or holds
            permutations beyond those asked for.
        """
        done = Sums.empty(self._request.n_players, len(self._request.classes))
        if extend is not None and not isinstance(extend, Valuation):
            raise TypeError(f"extend must be a Valuation, got {extend!r}")
        found = {"extend": extend}
        if checkpoint is not None and os.path.exists(checkpoint):
            found[f"checkpoint {os.fspath(checkpoint)}"] = load(checkpoint)
        for name, v in found.items():
            if v is None:
                continue
            self._check_same(name, v)
            if v.n_permutations > done.n_walks:
                done = v.sums
                self.full_counts = v.full_counts
                self.trace = self._trace_of(v)
        return done

    def _trace_of(self, v: Valuation) -> Arrays | None:
        if v.trace_counts is None or v.trace_gains is None:
            return None
        # Where that run ended, nobody looked on the way, unless it is time for a look and all
        # permutations before it are done.
        looked = len(v.ranges) == 1 and v.n_permutations in self._request.looks
        keep = len(v.trace_counts) - (not looked)
        return v.trace_counts[:keep], v.trace_gains[:keep]

    def _check_same(self, name: str, v: Valuation) -> None:
        own = self.valuation(Sums.empty(*v.gains.shape), self._request.asked)
        differs = v.differs_from(own)
        if differs is not None:
            raise ValueError(f"{name} is of another run: its {differs}")
        beyond = index_ranges.without(v.ranges, self._request.asked)
        if len(beyond):
            raise ValueError(
                f"{name} holds permutations {index_ranges.shown(beyond)}, beyond those asked for "
                f"({index_ranges.shown(self._request.asked)})"
            )


def _fingerprint(*arrays: NDArray[Any]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        content = np.ascontiguousarray(array).data.cast("B")
        for start in range(0, len(content), FINGERPRINT_STEP):
            digest.update(content[start : start + FINGERPRINT_STEP])
    return digest.hexdigest()
