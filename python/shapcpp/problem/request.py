"""A run as asked for: every argument checked, and what the engine needs made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shapcpp import _core, checks
from shapcpp.machine import memory
from shapcpp.machine.processors import available_processors
from shapcpp.results import index_ranges
from shapcpp.results.trace import looks

__all__ = ["LAST", "ClassWeight", "Empty", "Progress", "Request", "Scale", "SingleClass", "check"]

ClassWeight = Mapping[int, float] | Literal["balanced"] | None
Scale = Literal["standard"] | None
Empty = Literal["majority", "none"] | int
SingleClass = Literal["constant", "carry"]
LAST = 2**63 - 1  # index of a permutation
MOST_LOOKS = 10_000  # of a trace
Progress = bool | Callable[[int, int], object]


@dataclass(frozen=True, eq=False)
class Request:
    """Arguments as `check` leaves them, and what follows from them."""

    X: NDArray[np.float64]
    y: NDArray[np.int64]
    X_test: NDArray[np.float64]
    y_test: NDArray[np.int64]
    permutations: int
    seed: int
    scale: Scale
    groups: NDArray[Any] | None
    ids: NDArray[Any] | None
    threads: int
    progress: Progress
    true_labels: NDArray[np.int64] | None
    first: int
    halving: bool
    trace: int | None
    settings: dict[str, Any]  # what the result keeps of the options
    classes: NDArray[np.int64]  # the sorted labels
    test_classes: NDArray[np.int64]  # index of the class of each test sample
    class_weights: NDArray[np.float64]
    players: NDArray[np.int64]  # the player of each sample
    test_counts: NDArray[np.int64]
    empty_counts: NDArray[np.int64]

    @property
    def n_players(self) -> int:
        """How many players join."""
        return int(self.players.max()) + 1

    @property
    def asked(self) -> index_ranges.Ranges:
        """The walks asked for."""
        return index_ranges.of([(self.first, self.first + self.permutations)])

    @property
    def workers(self) -> int:
        """Threads that find work: each permutation is walked by one."""
        return min(self.threads, self.permutations)

    def halving_of(
        self, problem: _core.Problem, report: Callable[[int], object] | None = None
    ) -> _core.Halving | None:
        """What the engine needs to halve orders of the problem's players, if it is to.

        Calls ``report(0)`` several times a second.
        """
        return _core.Halving(problem, self.seed, report) if self.halving else None

    @cached_property
    def looks(self) -> NDArray[np.int64]:
        """Numbers of walks at which the trace keeps the gains."""
        if self.trace is None:
            return np.empty(0, dtype=np.int64)
        return looks(self.permutations, self.trace)

    @property
    def trace_bytes(self) -> int:
        """Memory that the trace takes: it, and that of a run which it goes on from."""
        return 2 * len(self.looks) * self.n_players * len(self.classes) * 8

    @cached_property
    def scaling(self) -> NDArray[np.float64] | None:
        """Means and deviations of the training columns, where they are to be applied."""
        return _standard_scaling(self.X) if self.scale == "standard" else None

    def problem(self, some: NDArray[np.int64] | None = None) -> _core.Problem:
        """The engine's problem: of all players, or of some of them, numbered as they come."""
        return _core.Problem(**self.arguments(some))

    def arguments(self, some: NDArray[np.int64] | None = None) -> dict[str, Any]:
        """What `problem` makes the engine's problem of."""
        X, y, players = self.X, self.y, self.players
        if some is not None:
            number = np.full(self.n_players, -1, dtype=np.int64)
            number[some] = np.arange(len(some))
            rows = np.flatnonzero(number[players] >= 0)
            X, y, players = X[rows], y[rows], number[players[rows]]
        return {
            "X": self._scaled(X),
            "classes": np.searchsorted(self.classes, y).astype(np.int64),
            "X_test": self._scaled(self.X_test),
            "classes_test": self.test_classes,
            "C": self.settings["C"],
            "class_weights": self.class_weights,
            "players": players,
            "empty_counts": self.empty_counts,
            "single_class": self.settings["single_class"],
        }

    def bytes_needed(self, threads: int | None = None) -> int:
        """Memory that the run allocates on so many threads, beyond its arguments."""
        engine = _core.footprint(
            n_samples=len(self.y),
            n_test=len(self.y_test),
            n_features=self.X.shape[1],
            n_players=self.n_players,
            n_classes=len(self.classes),
            threads=self.workers if threads is None else threads,
        )
        per_sample = 3 * self.y.nbytes + self.y_test.nbytes  # class of both, player, id
        return engine + per_sample + self.trace_bytes

    def check_fits(self, elsewhere: bool = False) -> None:
        """MemoryError, in one sentence, if the run, or what of it is not elsewhere, cannot fit."""
        needed = (lambda _: self.trace_bytes) if elsewhere else self.bytes_needed
        memory.check_fits(needed, self.workers, self.trace_bytes)

    def _scaled(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.scaling is None:
            return X
        scaled: NDArray[np.float64] = X - self.scaling[0]
        scaled /= self.scaling[1]
        return scaled


def check(
    X: ArrayLike,
    y: ArrayLike,
    X_test: ArrayLike,
    y_test: ArrayLike,
    *,
    permutations: int,
    seed: int,
    C: float,
    class_weight: ClassWeight,
    scale: Scale,
    empty: Empty,
    single_class: SingleClass,
    groups: ArrayLike | None,
    ids: ArrayLike | None,
    threads: int | None,
    progress: Progress = False,
    by_group: bool,
    true_labels: ArrayLike | None,
    first: int = 0,
    halving: bool = False,
    trace: int | None = None,
) -> Request:
    """The arguments of `value`, checked in that order."""
    table, X = X, checks.features("X", X)
    y = checks.labels("y", y)
    checks.same_length("y", y, "labels", "X", X)
    classes = checks.two_classes("y", y)
    checks.same_columns("X_test", X_test, "X", table)
    X_test = checks.matching_features("X_test", X_test, X)
    y_test = checks.labels("y_test", y_test)
    checks.same_length("y_test", y_test, "labels", "X_test", X_test)
    test_classes = checks.known_labels("y_test", y_test, classes)
    permutations = checks.positive("permutations", permutations)
    seed = checks.seed(seed)
    C = checks.positive_real("C", C)
    weights = checks.class_weights(class_weight, y, classes)
    checks.choice("scale", scale, None, "standard")
    empty_rule = checks.empty_rule(empty, classes)
    checks.choice("single_class", single_class, "constant", "carry")
    groups = checks.companion("groups", groups, y)
    ids = checks.companion("ids", ids, y)
    if threads is None:
        threads = available_processors()
    threads = checks.positive("threads", threads, checks.MOST_THREADS)
    if not (isinstance(progress, bool) or callable(progress)):
        raise TypeError(f"progress must be False, True or a callable, got {progress!r}")
    if true_labels is not None:
        true_labels = checks.labels("true_labels", true_labels)
        checks.same_length("true_labels", true_labels, "labels", "X", X)

    first = checks.whole("first", first)
    if not 0 <= first <= LAST - permutations:
        raise ValueError(f"first must lie between 0 and {LAST - permutations}, got {first}")
    if not isinstance(halving, bool):
        raise TypeError(f"halving must be True or False, got {halving!r}")
    if trace is not None:
        trace = checks.positive("trace", trace, MOST_LOOKS)

    players = np.arange(len(y), dtype=np.int64)
    if groups is not None and by_group:
        players = np.unique(groups, return_inverse=True)[1].astype(np.int64)
    test_counts = np.bincount(test_classes, minlength=len(classes)).astype(np.int64)
    checks.sums_fit(permutations, test_counts)
    by_name = class_weight is None or isinstance(class_weight, str)
    return Request(
        X=X,
        y=y,
        X_test=X_test,
        y_test=y_test,
        permutations=permutations,
        seed=seed,
        scale=scale,
        groups=groups,
        ids=ids,
        threads=threads,
        progress=progress,
        true_labels=true_labels,
        first=first,
        halving=halving,
        trace=trace,
        settings={
            "permutations": permutations,
            "seed": seed,
            "C": C,
            "class_weight": class_weight if by_name else weights.tolist(),
            "scale": scale,
            "empty": empty_rule,
            "single_class": single_class,
            "by_group": groups is not None and by_group,
            "halving": halving,
            "gain_unit": _core.Halving.unit(int(players.max()) + 1, len(y)) if halving else 1,
            "until": None,
        },
        classes=classes,
        test_classes=test_classes,
        class_weights=weights,
        players=players,
        test_counts=test_counts,
        empty_counts=_empty_counts(empty_rule, y, classes, test_counts),
    )


def _empty_counts(
    empty: str | int,
    y: NDArray[np.int64],
    classes: NDArray[np.int64],
    test_counts: NDArray[np.int64],
) -> NDArray[np.int64]:
    if empty == "none":
        return np.zeros_like(test_counts)
    if empty == "majority":
        empty = int(classes[np.argmax([np.sum(y == k) for k in classes])])
    return np.where(classes == empty, test_counts, 0)


def _standard_scaling(X: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = X.min(axis=0), X.max(axis=0)
    spread = np.where(high > low, high - low, 1.0)  # squares of tiny or huge numbers do not fit
    mean = np.where(high > low, X.mean(axis=0), low)
    deviation = np.sqrt(np.mean(((X - mean) / spread) ** 2, axis=0)) * spread
    rounding = 10 * np.finfo(float).eps * np.abs(mean)  # a column constant but for its last digits
    return np.stack([mean, np.where(deviation > rounding, deviation, 1.0)])
