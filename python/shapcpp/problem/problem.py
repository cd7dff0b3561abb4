"""The game that is valued: samples, test set and conventions, checked once and passed down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shapcpp import _core, checks, labels
from shapcpp.groups import numbered
from shapcpp.labels import Labels
from shapcpp.metrics import Metric, resolve_all
from shapcpp.problem import scales
from shapcpp.problem.fingerprint import fingerprint
from shapcpp.problem.kernels import Kernel, KernelName
from shapcpp.problem.models import LOGISTIC, Model, model_of
from shapcpp.problem.recipe import Recipe
from shapcpp.problem.reduction import Reduction, reduced_sides
from shapcpp.problem.scaling import Scale, scaled, scaling_of
from shapcpp.problem.sides import sides_of
from shapcpp.results import moments
from shapcpp.results.components import Components
from shapcpp.results.estimates import Metrics
from shapcpp.results.sums import setting_of

__all__ = [
    "ClassWeight",
    "Empty",
    "Problem",
    "Scale",
    "SingleClass",
    "players_of",
]

ClassWeight = Mapping[Any, float] | Literal["balanced"] | None
Empty = Literal["majority", "none"] | int | tuple[Literal["label"], Any]
SingleClass = Literal["constant", "carry"]


@dataclass(frozen=True, eq=False)
class Problem:
    """Training samples, test set and conventions; `Problem.of` makes one from arguments.

    Attributes
    ----------
    X, y, X_test, y_test, ids, groups, true_labels, C, scale, empty, single_class
        The arguments of `value`, checked.
    class_weight : str, list of float or None
        The argument of `value`; one weight per class where it was a dict.
    by_group : bool
        Whether the samples of a group are one player.
    classes : ndarray of int64, bool or str, shape (n_classes,)
        The sorted labels.
    train_classes : ndarray of int64, shape (n,)
        The index of the class of each sample.
    class_weights : ndarray of float64, shape (n_classes,)
        The weights that `class_weight` means.
    players : ndarray of int64, shape (n,)
        The player of each sample.
    test_classes : ndarray of int64, shape (m,)
        The index of the class of each test sample.
    metrics : tuple of Metric
        What the run is asked about; if empty, about every built-in metric.
    model : Model
        What coalitions train.
    reduction : Reduction or None
        The principal directions that stand for the features, where `components` asks for some.
    kernel : Kernel or None
        The kernel whose features stand for those given.
    """

    X: NDArray[np.float64]
    y: Labels
    X_test: NDArray[np.float64]
    y_test: Labels
    C: float
    class_weight: str | list[float] | None
    scale: Scale
    empty: str | list[Any]
    single_class: str
    by_group: bool
    groups: NDArray[Any] | None
    ids: NDArray[Any] | None
    true_labels: Labels | None
    classes: Labels
    train_classes: NDArray[np.int64]
    class_weights: NDArray[np.float64]
    players: NDArray[np.int64]
    test_classes: NDArray[np.int64]
    metrics: tuple[Metric, ...]
    model: Model
    reduction: Reduction | None
    kernel: Kernel | None

    @classmethod
    def of(
        cls,
        X: ArrayLike,
        y: ArrayLike,
        X_test: ArrayLike,
        y_test: ArrayLike,
        *,
        C: float = 1.0,
        class_weight: ClassWeight = None,
        scale: Scale = None,
        empty: Empty = "majority",
        single_class: SingleClass = "constant",
        groups: ArrayLike | None = None,
        ids: ArrayLike | None = None,
        by_group: bool = True,
        true_labels: ArrayLike | None = None,
        metrics: Metrics = None,
        model: Any = LOGISTIC,
        components: int | Reduction | None = None,
        kernel: KernelName | Kernel | None = None,
        gamma: float | None = None,
    ) -> Problem:
        """Checks the arguments of `value` that say what is valued, in that order."""
        sides = sides_of(X, y, X_test, y_test)
        y, classes, test_classes = sides.y, sides.classes, sides.test_classes
        C = checks.positive_real("C", C)
        weights = labels.class_weights(class_weight, y, classes)
        checks.choice("scale", scale, None, "standard")
        empty_rule = labels.empty_rule(empty, classes)
        checks.choice("single_class", single_class, "constant", "carry")
        groups = checks.companion("groups", groups, y)
        ids = checks.companion("ids", ids, y)
        if true_labels is not None:
            true_labels = labels.truth("true_labels", true_labels, y)
        players = players_of(groups, by_group, len(y))
        trained = model_of(model, len(classes))
        trained.check_goes_with(C, class_weight)
        reduction = Reduction.of(components, sides.X.shape[1])
        made_of = {"components": components, "scale": scale}
        seen = Kernel.of(
            kernel, gamma, trained, made_of,
            lambda: scaled(sides.X, scaling_of(sides.X, scale)), sides.X_test,
        )  # fmt: skip
        if seen is not None:
            seen.check_digits(C, weights, sides.X)
        by_name = class_weight is None or isinstance(class_weight, str)
        return cls(
            **sides._asdict(),
            C=C,
            class_weight=class_weight if by_name else weights.tolist(),  # type: ignore[arg-type]
            scale=scale,
            empty=empty_rule,
            single_class=single_class,
            by_group=groups is not None and by_group,
            groups=groups,
            ids=ids,
            true_labels=true_labels,
            class_weights=weights,
            players=players,
            metrics=_asked(metrics, test_classes, classes),
            model=trained,
            reduction=reduction,
            kernel=seen,
        )

    @property
    def n_players(self) -> int:
        """Number of players."""
        return int(self.players.max()) + 1

    @cached_property
    def test_counts(self) -> NDArray[np.int64]:
        """Number of test samples of each class."""
        return np.bincount(self.test_classes, minlength=len(self.classes)).astype(np.int64)

    @cached_property
    def empty_counts(self) -> NDArray[np.int64]:
        """Correct predictions of each class by the empty coalition."""
        if self.empty == "none":
            return np.zeros_like(self.test_counts)
        if self.empty == "majority":
            predicted = int(np.argmax(np.bincount(self.train_classes)))
        else:
            predicted = self.classes.tolist().index(self.empty[1])
        counts = np.zeros_like(self.test_counts)
        counts[predicted] = self.test_counts[predicted]
        return counts

    @cached_property
    def scaling(self) -> NDArray[np.float64] | None:
        """Means and deviations of the training columns, where they are to be applied."""
        return scaling_of(self.X, self.scale)

    @property
    def components(self) -> Components | None:
        """The principal directions of the training rows, where they stand for the features."""
        if self.reduction is None:
            return None
        return self.reduction.fitted(lambda: self.scaled(self.X))

    @cached_property
    def _made(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Both sides along the principal directions, or as the features of a kernel."""
        if self.kernel is not None and self.kernel.is_map:
            return self.kernel.sides(self.scaled(self.X), self.scaled(self.X_test))
        if self.components is None:
            return None
        return reduced_sides(self.X, self.X_test, self.scaling, self.components)

    def _seen_by(
        self, rows: NDArray[np.int64] | None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Both sides as coalitions of these training rows, or of all, train on them."""
        if rows is None:
            return self._made or (self.scaled(self.X), self.scaled(self.X_test))
        if self.kernel is not None:
            some, test = (self.kernel.among(side, rows) for side in (self.X[rows], self.X_test))
            return self.kernel.sides(self.scaled(some), self.scaled(test))
        if self._made is not None:
            return self._made[0][rows], self._made[1]
        return self.scaled(self.X[rows]), self.scaled(self.X_test)

    @property
    def has_all_features(self) -> bool:
        """True if coalitions train on the features given, neither reduced nor a kernel's."""
        return self.reduction is None and self.kernel is None

    @property
    def n_columns(self) -> int:
        """Number of columns that coalitions train on, as far as it is known before the fit."""
        if self.kernel is not None and self.kernel.is_map:
            return len(self.y)
        return int(self.X.shape[1]) if self.reduction is None else self.reduction.asked

    @property
    def settings(self) -> dict[str, Any]:
        """The conventions, as a result keeps them."""
        names = ("C", "class_weight", "scale", "empty", "single_class", "by_group")
        asked = setting_of(self.metrics, self.test_counts, self.classes)
        kept = {name: getattr(self, name) for name in names}
        directions = None if self.reduction is None else self.reduction.asked
        kernel, gamma = (None, None) if self.kernel is None else self.kernel.settings
        of_features = {"components": directions, "kernel": kernel, "gamma": gamma}
        return {"model": self.model.name, **kept, **of_features, "metrics": asked}

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the arrays and of the assignment of samples to players."""
        reduced = () if self.reduction is None or self._made is None else self._made
        return fingerprint(self.X, self.y, self.X_test, self.y_test, self.players, *reduced)

    @property
    def key(self) -> str:
        """Names the game: the same key, the same sums along each permutation."""
        return f"{self.fingerprint} {json.dumps(self.settings, sort_keys=True)}"

    @cached_property
    def weights_kept(self) -> NDArray[np.int64] | None:
        """The weighted sums of classes whose moments are kept; see `moments.weights_kept`."""
        return moments.weights_kept(self.test_counts, self.metrics)

    def game(self, some: NDArray[np.int64] | None = None) -> _core.Game:
        """Makes the engine's game of all players, or of the given ones, numbered in that order."""
        return self.recipe(some).game()

    def recipe(self, some: NDArray[np.int64] | None = None) -> Recipe:
        """The arguments of the game, for processes elsewhere."""
        classes, players, rows = self.train_classes, self.players, None
        if some is not None:
            number = np.full(self.n_players, -1, dtype=np.int64)
            number[some] = np.arange(len(some))
            rows = np.flatnonzero(number[players] >= 0)
            classes, players = classes[rows], number[players[rows]]
        X, X_test = self._seen_by(rows)
        arguments = {
            "X": X,
            "classes": classes,
            "X_test": X_test,
            "classes_test": self.test_classes,
            "class_weights": self.class_weights,
            "players": players,
            "empty_counts": self.empty_counts,
            "single_class": self.single_class,
            **self._model_conventions,
        }
        return Recipe(self.model, self.classes, arguments)

    @cached_property
    def _model_conventions(self) -> dict[str, Any]:
        return self.model.conventions(self.C, lambda: self._seen_by(None)[0])

    def bytes_needed(self, threads: int, vote_sizes: int, n_ballots: int) -> int:
        """Memory that a run on this many threads allocates: see `Sampling.bytes_needed`."""
        engine = _core.footprint(
            n_samples=len(self.y),
            n_test=len(self.y_test),
            n_features=self.n_columns,
            n_players=self.n_players,
            n_classes=len(self.classes),
            threads=threads,
            n_weighted=0 if self.weights_kept is None else len(self.weights_kept),
            model=self.model.engine_name,
            vote_sizes=vote_sizes,
            n_ballots=n_ballots,
        )
        n, m, columns = len(self.y), len(self.y_test), self.X.shape[1]
        fit = 0 if self.reduction is None else Reduction.bytes_needed(n, columns)
        made = self.reduction is not None or (self.kernel is not None and self.kernel.is_map)
        copies = 8 * (n + m) * self.n_columns if made or self.scale is not None else 0
        return max(engine, fit) + copies + 8 * (3 * n + m)  # class of both, player, id

    @property
    def remark(self) -> str:
        """A sentence about a model that is too large for this problem; empty where it is not."""
        return self.model.remark(len(self.classes), min(len(self.y), self.n_columns))

    def features_at_fault(self) -> str:
        """Names the features that make signs uncertain, and what to do about them, in a clause."""
        X = self._seen_by(None)[0]
        if self.kernel is not None and self.kernel.is_map:
            return self.kernel.fault(X, self.C)
        noun = "column" if self.reduction is None else "principal direction"
        C = self.C if "C" in self.model.uses else None
        return scales.fault_of(X, C, noun)

    def scaled(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Features of any rows, scaled as those of the run."""
        return scaled(X, self.scaling)


def players_of(groups: NDArray[Any] | None, by_group: bool, n: int) -> NDArray[np.int64]:
    """The player of each of n samples: itself, or its group, as `numbered` has it."""
    if groups is None or not by_group:
        return np.arange(n, dtype=np.int64)
    return numbered(groups)


def _asked(
    metrics: Metrics, test_classes: NDArray[np.int64], classes: Labels
) -> tuple[Metric, ...]:
    """The metrics named, each of which the test set must define."""
    if metrics is None:
        return ()
    counts = np.bincount(test_classes, minlength=len(classes)).astype(np.int64)
    found = resolve_all(metrics, counts, classes)
    for metric in found:
        metric.on(counts)
    return tuple(found)
