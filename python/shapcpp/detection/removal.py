"""Validation scores of a classifier after samples are dropped or relabelled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shapcpp import _core, checks
from shapcpp.detection.queue import text_wide_enough
from shapcpp.labels import class_indices, class_labels, class_weights
from shapcpp.metrics import Metric, available
from shapcpp.problem.kernels import Kernel
from shapcpp.problem.models import MODELS, Model, model_of
from shapcpp.problem.recipe import Recipe
from shapcpp.results.exact import ExactValuation
from shapcpp.results.folded import FoldedValuation
from shapcpp.results.valuation import Valuation

__all__ = ["Action", "Order", "removal_curve"]

Order = Literal["lowest", "highest", "random"]
Action = Literal["drop", "relabel"]
FRACTIONS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4)


def removal_curve(
    v: Valuation,
    X: ArrayLike,
    y: ArrayLike,
    X_val: ArrayLike,
    y_val: ArrayLike,
    metric: str | Metric = "acc",
    fractions: Sequence[float] = FRACTIONS,
    order: Order = "lowest",
    action: Action = "drop",
    *,
    seed: int = 0,
    repeats: int = 20,
    model: Any = None,
) -> np.recarray[Any, Any]:
    """Scores on validation samples after the samples of lowest value are dropped or relabelled.

    The model of the run is refitted with the options of the run. Validation samples must not
    come from the test set that the values are based on: there the curve would flatter.

    Parameters
    ----------
    v : Valuation
        The values of the training samples.
    X : array_like of real numbers, shape (n, d)
        Training features, in the order of `v`.
    y : array_like, shape (n,)
        Training labels as given.
    X_val, y_val : array_like, shapes (m, d) and (m,)
        Validation samples.
    metric : str or Metric, default "acc"
        The metric by whose values samples are chosen; not used if `order` is "random".
    fractions : sequence of float
        Shares f of all samples, from 0 to below 1: ``floor(f n + 1/2)`` samples are
        changed. Default: 0 to 0.4 in steps of 0.05.
    order : "lowest", "highest" or "random", default "lowest"
        Which samples go first; ties by sample order (for "highest" too).
    action : "drop" or "relabel", default "drop"
        Leaves the samples out, or gives them another label: with two classes the other one; with
        more, the suggestion of the run's doubts (``value(..., doubt=True)``) or, without doubts,
        the label with most votes among the others.
    seed : int, default 0
        For "random": repeat r takes the first entries of ``permutation(n, seed, r)``.
    repeats : int, default 20
        For "random": number of draws over which scores are averaged.
    model : object, optional
        The classifier object of the run, if it had one: a result keeps only its name and
        parameters.

    Returns
    -------
    numpy.recarray
        One row per fraction and score. Fields: ``fraction``; ``changed``, the number of
        samples changed; ``score``, the name of a metric that the validation samples define;
        ``mean``, its value; ``deviation``, its deviation over the repeats (divisor r - 1), nan
        unless `order` is "random" with two repeats or more.

    Raises
    ------
    TypeError, ValueError
        For the first bad argument, naming its value and row.

    Notes
    -----
    Removing the lowest and the highest values: Ghorbani and Zou, *Data Shapley*, 2019.
    Class weights, scaling, principal directions and kernel stay those of the run over all samples.
    If one class is left, the classifier predicts that class.
    """
    _check_kind(v)
    table, X = X, checks.features("X", X)
    y = class_labels("y", y)
    checks.same_length("y", y, "labels", "X", X)
    checks.same_length("y", y, "labels", "v", v.labels)
    classes = class_indices("y", y, v.classes, known_name="the result")
    checks.same_columns("X_val", X_val, "X", table)
    X_val = checks.matching_features("X_val", X_val, X)
    y_val = class_labels("y_val", y_val)
    checks.same_length("y_val", y_val, "labels", "X_val", X_val)
    classes_val = class_indices("y_val", y_val, v.classes, known_name="the result")
    if len(fractions) == 0:
        raise ValueError("fractions is empty: name at least one")
    shares = [_share(f"fractions[{i}]", f) for i, f in enumerate(fractions)]
    checks.choice("order", order, "lowest", "highest", "random")
    checks.choice("action", action, "drop", "relabel")
    others = _others(v, classes) if action == "relabel" else None
    seed = checks.seed(seed)
    repeats = checks.positive("repeats", repeats)
    if order != "random":
        v.check_begun()

    judge = _Judge(v, X, classes, X_val, classes_val, _model_of(v, model))
    n = len(y)
    if order == "random":
        orders = [_core.permutation(n, seed, r) for r in range(repeats)]
    else:
        values = v[metric] if order == "lowest" else -v[metric]
        orders = [np.argsort(values, kind="stable")]
    scores = available(judge.counts, v.classes)
    rows = []
    for share in shares:
        count = min(math.floor(share * n + 0.5), n - 1)
        correct = np.array([judge.correct(ranked[:count], others) for ranked in orders])
        for score in scores:
            reached = score.score(correct, judge.counts)
            deviation = reached.std(ddof=1) if len(reached) > 1 else math.nan
            rows.append((share, count, score.name, reached.mean(), deviation))
    fields = [
        ("fraction", float),
        ("changed", np.int64),
        ("score", text_wide_enough([score.name for score in scores])),
        ("mean", float),
        ("deviation", float),
    ]
    return np.array(rows, dtype=fields).view(np.recarray)


def _check_kind(v: object) -> None:
    """Raises TypeError unless it is a run whose model can be refitted as a whole."""
    if isinstance(v, FoldedValuation):
        raise TypeError("v is a run in folds: pass one of v.parts, and the rows of its samples")
    if isinstance(v, ExactValuation):
        raise TypeError(
            "v holds values of nearest neighbours in closed form, which have no model to refit: "
            "pass a result of value"
        )
    if not isinstance(v, Valuation):
        raise TypeError(f"v must be a Valuation, got {v!r}")


class _Judge:
    """Refits on changed training samples and counts correct validation predictions."""

    def __init__(
        self,
        v: Valuation,
        X: NDArray[np.float64],
        classes: NDArray[np.int64],
        X_val: NDArray[np.float64],
        classes_val: NDArray[np.int64],
        model: Model,
    ) -> None:
        mean, deviation = (0.0, 1.0) if v.scaling is None else v.scaling
        X, X_val = (np.ascontiguousarray((side - mean) / deviation) for side in (X, X_val))
        if v.components is not None:
            X, X_val = v.components.apply(X), v.components.apply(X_val)
        s = v.settings
        self._kernel = Kernel("linear") if s["kernel"] is None else Kernel(s["kernel"], s["gamma"])
        self._kernel.check_entries(lambda: X, X_val)
        self._X, self._X_val = X, X_val
        self._classes, self._labels, self._model = classes, v.classes, model
        self.counts = np.bincount(classes_val, minlength=len(v.classes)).astype(np.int64)
        self._fixed: dict[str, Any] = {
            "classes_test": classes_val,
            **model.conventions(s["C"], lambda: X),
            "class_weights": _weights(v),
            "empty_counts": np.zeros_like(self.counts),
            "single_class": "constant",
        }

    def correct(
        self, chosen: NDArray[np.int64], others: NDArray[np.int64] | None
    ) -> NDArray[np.int64]:
        """Counts correct predictions of each class after the chosen samples are changed.

        They get the class that `others` has for them, or are dropped.
        """
        X, X_val, classes = self._X, self._X_val, self._classes
        if others is None:
            left = np.delete(np.arange(len(X)), chosen)
            X, X_val = (self._kernel.among(side, left) for side in (X[left], X_val))
            classes = classes[left]
        else:
            classes = classes.copy()
            classes[chosen] = others[chosen]
        X, X_val = self._kernel.sides(X, X_val)
        arguments = {
            "X": X,
            "X_test": X_val,
            "classes": classes,
            "players": np.arange(len(classes)),
            **self._fixed,
        }
        return _core.grand_coalition(Recipe(self._model, self._labels, arguments).game()).values


def _others(v: Valuation, classes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The class that a sample gets instead of its own."""
    if len(v.classes) == 2:
        other: NDArray[np.int64] = 1 - classes
        return other
    if v.doubts is not None:
        return np.searchsorted(v.classes, v.doubts.suggestion).astype(np.int64)
    if v.vote_counts is None:
        raise ValueError(
            f"action 'relabel' needs to know which of {len(v.classes)} labels to give, and the run "
            "has neither doubts nor votes: run value with doubt=True, or without votes=False"
        )
    votes = v.vote_counts.sum(axis=1)
    np.put_along_axis(votes, classes[:, None], -1, axis=1)
    leading: NDArray[np.int64] = np.argmax(votes, axis=1)
    return leading


def _model_of(v: Valuation, given: Any) -> Model:
    name = v.settings["model"]
    if given is None and name not in MODELS:
        raise ValueError(f"the run's model is {name}, which a result cannot hold: pass it as model")
    model = model_of(name if given is None else given, len(v.classes))
    if model.name != name:
        raise ValueError(f"model is {model.name}, and the run's was {name}")
    return model


def _weights(v: Valuation) -> NDArray[np.float64]:
    given = v.settings["class_weight"]
    if isinstance(given, list):
        return np.asarray(given, dtype=np.float64)
    return class_weights(given, v.labels, v.classes)


def _share(name: str, value: object) -> float:
    number = checks.real(name, value)
    if not 0 <= number < 1:
        raise ValueError(f"{name} must lie from 0 to below 1, got {number}")
    return number
