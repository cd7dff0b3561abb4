"""value(): runs the engine on checked arguments, returns a Valuation."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shapcpp import _core, checks
from shapcpp.progress import progress_bar
from shapcpp.request import (
    ClassWeight,
    Empty,
    Progress,
    Request,
    Scale,
    SingleClass,
    check,
)
from shapcpp.result import Interrupted, Valuation

__all__ = ["permutation", "value"]

FINGERPRINT_STEP = 1 << 26  # bytes hashed before Ctrl-C is heard again


def value(
    X: ArrayLike,
    y: ArrayLike,
    X_test: ArrayLike,
    y_test: ArrayLike,
    permutations: int = 2000,
    seed: int = 0,
    C: float = 1.0,
    class_weight: ClassWeight = None,
    scale: Scale = None,
    empty: Empty = "majority",
    single_class: SingleClass = "constant",
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
    MemoryError
        Before anything large is allocated, if the run cannot fit in the memory that this
        process may use: what it needs, what there is, and whether fewer threads would do.
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
    request = check(
        X,
        y,
        X_test,
        y_test,
        permutations=permutations,
        seed=seed,
        C=C,
        class_weight=class_weight,
        scale=scale,
        empty=empty,
        single_class=single_class,
        groups=groups,
        ids=ids,
        threads=threads,
        progress=progress,
        by_group=by_group,
        true_labels=true_labels,
    )
    request.check_fits()
    problem = request.problem()
    tally = _core.Tally(problem.n_players, len(request.classes))
    fingerprint = _fingerprint(
        request.X, request.y, request.X_test, request.y_test, request.players
    )

    def result(full_counts: NDArray[np.int64]) -> Valuation:
        return Valuation(
            gains=tally.gains,
            products=tally.products,
            empty_counts=request.empty_counts,
            full_counts=full_counts,
            test_counts=request.test_counts,
            uncertified=tally.uncertified,
            ranges=tally.ranges,
            classes=request.classes,
            players=request.players,
            ids=np.arange(len(request.y)) if request.ids is None else request.ids,
            labels=request.y,
            groups=request.groups,
            true_labels=request.true_labels,
            settings=request.settings,
            scaling=request.scaling,
            fingerprint=fingerprint,
            stats={**tally.statistics, "undecided": tally.uncertified},
        )

    full_counts = np.full(len(request.classes), -1, dtype=np.int64)
    try:
        everyone = _core.everyone(problem)
        full_counts = everyone.correct
        with _reporter(request) as report:
            _core.run(
                problem,
                everyone,
                tally,
                seed=request.seed,
                first=0,
                count=request.permutations,
                threads=request.threads,
                progress=report,
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


@contextmanager
def _reporter(request: Request) -> Iterator[Callable[[int], object] | None]:
    total, progress = request.permutations, request.progress
    bar = nullcontext(progress) if callable(progress) else nullcontext(None)
    with progress_bar(total) if progress is True else bar as report:
        yield None if report is None else lambda done: report(done, total)


def _fingerprint(*arrays: NDArray[Any]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        content = np.ascontiguousarray(array).data.cast("B")
        for start in range(0, len(content), FINGERPRINT_STEP):
            digest.update(content[start : start + FINGERPRINT_STEP])
    return digest.hexdigest()
