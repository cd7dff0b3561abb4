"""value(): checks its arguments, runs the engine, returns a Valuation."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shapcpp import _core, checks
from shapcpp.processors import available_processors
from shapcpp.progress import progress_bar
from shapcpp.result import Interrupted, Valuation

__all__ = ["permutation", "value"]

Progress = bool | Callable[[int, int], object]


def value(
    X: ArrayLike,
    y: ArrayLike,
    X_test: ArrayLike,
    y_test: ArrayLike,
    permutations: int = 2000,
    seed: int = 0,
    C: float = 1.0,
    class_weight: Mapping[int, float] | Literal["balanced"] | None = None,
    scale: Literal["standard"] | None = None,
    empty: Literal["majority", "none"] | int = "majority",
    single_class: Literal["constant", "carry"] = "constant",
    groups: ArrayLike | None = None,
    ids: ArrayLike | None = None,
    threads: int | None = None,
    progress: Progress = False,
    *,
    by_group: bool = True,
    true_labels: ArrayLike | None = None,
) -> Valuation:
    """Data Shapley values of training samples, exact for the permutations drawn.

    Training samples join one by one in random order. After each join, L2-penalised
    logistic regression (scikit-learn's ``LogisticRegression(C=C)`` as its tolerance goes
    to zero) is brought to its optimum and the correct predictions on the test set are
    counted per class. A sample's value is the mean, over permutations, of what its joining
    changed. Low values point at labels to doubt.

    Parameters
    ----------
    X : array_like of real numbers, shape (n, d)
        Training features. Any real type becomes float64.
    y : array_like of int or bool, shape (n,)
        Training labels as given, exactly two different ones. The larger is "positive".
    X_test : array_like of real numbers, shape (m, d)
        Test features: the judge.
    y_test : array_like of int or bool, shape (m,)
        Test labels, each of them among those of `y`; trusted.
    permutations : int, default 2000
        Number of permutations to walk.
    seed : int, default 0
        From 0 to 2^64 - 1. Permutation t depends on the number of players, `seed` and t
        only: see `permutation`.
    C : float, default 1.0
        Inverse strength of the penalty on the weights; the intercept is not penalised.
    class_weight : dict, "balanced" or None, default None
        Weight of the loss of each label's samples: a positive weight for every label, or
        "balanced": n / (2 n_k) with n_k counted in the whole of `y`.
    scale : "standard" or None, default None
        "standard" subtracts the mean of the training rows and divides by their deviation,
        on both sides; a constant column is only centred. It changes what the penalty
        means, hence the values: never done unasked.
    empty : "majority", "none" or a label, default "majority"
        What the empty coalition predicts: the label most frequent in `y` (ties: the
        smaller), nothing (no prediction is right), or a given label.
    single_class : "constant" or "carry", default "constant"
        What a coalition of one class scores: the constant prediction of that class, or
        still the score of the empty coalition.
    groups : array_like of int or str, shape (n,), optional
        Samples with the same group id join together and share one value.
    ids : array_like of int or str, shape (n,), optional
        Names of the samples, kept with the result. Default: their row numbers.
    threads : int, optional
        Default: the processors this process may use (affinity, cgroup quota), at most
        OMP_NUM_THREADS where set. The result does not depend on it.
    progress : bool or callable, default False
        True draws a progress bar on stderr if that is a terminal; a callable receives
        ``(done, total)`` several times a second.
    by_group : bool, default True
        False keeps `groups` with the result but lets samples join one by one.
    true_labels : array_like of int or bool, shape (n,), optional
        True labels where known: kept with the result, never used here. A value that is
        none of the labels means unknown.

    Returns
    -------
    Valuation
        ``v["acc"]``, ``v["rec"]``, ``v["spc"]``, ``v["bal"]`` are the values, shape (n,).

    Raises
    ------
    TypeError, ValueError
        For the first bad argument, in the order above, naming the offending value and row.
    ConvergenceError
        If a fit missed its tolerance: a RuntimeError, never a wrong value. Its ``.partial``
        is the Valuation of the permutations completed.
    Interrupted
        On Ctrl-C: a KeyboardInterrupt whose ``.partial`` is the Valuation of the
        permutations completed.

    Notes
    -----
    Sampling over permutations: Ghorbani and Zou, *Data Shapley*, 2019. Metrics and
    protocol: Enshaei et al., *Data Shapley value for handling noisy labels*.

    Examples
    --------
    >>> import numpy as np, shapcpp
    >>> X = np.array([[0.0], [0.2], [0.9], [1.1], [0.1]])
    >>> v = shapcpp.value(X, [0, 0, 1, 1, 1], [[0.0], [1.0]], [0, 1], permutations=100)
    >>> int(v.lowest("acc", 0.2)[0])
    4
    """
    X = checks.features("X", X)
    y = checks.labels("y", y)
    checks.same_length("y", y, "labels", "X", X)
    classes = checks.two_classes("y", y)
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

    players = np.arange(len(y), dtype=np.int64)
    if groups is not None and by_group:
        players = np.unique(groups, return_inverse=True)[1].astype(np.int64)
    test_counts = np.bincount(test_classes, minlength=len(classes)).astype(np.int64)
    _check_sums_fit(permutations, test_counts)
    empty_counts = _empty_counts(empty_rule, y, classes, test_counts)
    scaling = _standard_scaling(X) if scale == "standard" else None
    problem = _core.Problem(
        X=X if scaling is None else (X - scaling[0]) / scaling[1],
        classes=np.searchsorted(classes, y).astype(np.int64),
        X_test=X_test if scaling is None else (X_test - scaling[0]) / scaling[1],
        classes_test=test_classes,
        C=C,
        class_weights=weights,
        players=players,
        empty_counts=empty_counts,
        single_class=single_class,
    )
    tally = _core.Tally(problem.n_players, len(classes))
    fingerprint = _fingerprint(X, y, X_test, y_test, players)

    def result(full_counts: NDArray[np.int64]) -> Valuation:
        return Valuation(
            gains=tally.gains,
            products=tally.products,
            empty_counts=empty_counts,
            full_counts=full_counts,
            test_counts=test_counts,
            uncertified=tally.uncertified,
            ranges=tally.ranges,
            classes=classes,
            players=players,
            ids=np.arange(len(y)) if ids is None else ids,
            labels=y,
            groups=groups,
            true_labels=true_labels,
            settings={
                "permutations": permutations,
                "seed": seed,
                "C": C,
                "class_weight": class_weight
                if class_weight is None or isinstance(class_weight, str)
                else weights.tolist(),
                "scale": scale,
                "empty": empty_rule,
                "single_class": single_class,
                "by_group": groups is not None and by_group,
            },
            scaling=scaling,
            fingerprint=fingerprint,
        )

    full_counts = np.full(len(classes), -1, dtype=np.int64)
    try:
        everyone = _core.everyone(problem)
        full_counts = everyone.correct
        with _reporter(progress, permutations) as report:
            _core.run(
                problem,
                everyone,
                tally,
                seed=seed,
                first=0,
                count=permutations,
                threads=threads,
                progress=None if report is None else lambda done: report(done, permutations),
            )
    except KeyboardInterrupt as stop:
        raise Interrupted(result(full_counts)) from stop
    except _core.ConvergenceError as error:
        error.partial = result(full_counts)
        raise
    return result(full_counts)


def permutation(n: int, seed: int = 0, index: int = 0) -> NDArray[np.int64]:
    """The `index`-th permutation of seed `seed`: the order in which n players join.

    Same on every machine, and short enough to write again anywhere: start from 0 .. n-1;
    for i = n-1 down to 1 exchange entries i and j, with j the upper half of the 128-bit
    product word * (i + 1); a word whose product's lower half is below 2^64 mod (i + 1) is
    skipped. Words come from Philox4x64-10 with key (seed, index):
    ``numpy.random.Philox(key=[seed, index]).random_raw()``.

    Parameters
    ----------
    n : int
        Number of players: samples, or groups.
    seed : int, default 0
        From 0 to 2^64 - 1.
    index : int, default 0
        Which permutation, from 0 to 2^64 - 1.

    Returns
    -------
    ndarray of int64, shape (n,)

    Raises
    ------
    TypeError, ValueError
        If an argument is not an integer or is out of range.

    Notes
    -----
    Philox: Salmon et al., *Parallel random numbers: as easy as 1, 2, 3*, 2011. Unbiased
    bounded numbers: Lemire, *Fast random integer generation in an interval*, 2019.

    Examples
    --------
    >>> permutation(5, seed=1, index=2)
    array([...])
    """
    n = checks.positive("n", n)
    index = checks.whole("index", index)
    if not 0 <= index <= checks.LARGEST_SEED:
        raise ValueError(f"index must lie between 0 and 2^64 - 1, got {index}")
    return _core.permutation(n, checks.seed(seed), index)


def _reporter(progress: Progress, total: int) -> Any:
    if callable(progress):
        return nullcontext(progress)
    return progress_bar(total) if progress else nullcontext(None)


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


def _check_sums_fit(permutations: int, test_counts: NDArray[np.int64]) -> None:
    largest = int(test_counts.max()) ** 2 * len(test_counts)
    if permutations * largest > np.iinfo(np.int64).max:
        raise ValueError(
            f"permutations={permutations} with {test_counts.max()} test samples of one class could "
            f"overflow the 64-bit sums; at most {np.iinfo(np.int64).max // largest} can be taken"
        )


def _fingerprint(*arrays: NDArray[Any]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
