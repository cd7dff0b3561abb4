"""value(): runs the engine on checked arguments, returns a Valuation."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from numpy.typing import ArrayLike

from shapcpp import _core, checks
from shapcpp.problem.request import ClassWeight, Empty, Progress, Request, Scale, SingleClass, check
from shapcpp.progress import nothing, progress_bar
from shapcpp.results.notices import notices, warn
from shapcpp.results.stopping import parse_rule
from shapcpp.results.tally import SumsOverflowError
from shapcpp.results.trace import Trace
from shapcpp.results.valuation import Interrupted, Valuation
from shapcpp.running import transports
from shapcpp.running.local import Threads
from shapcpp.running.outcome import Outcome
from shapcpp.running.remote import Workers
from shapcpp.running.runner import Course, Report, Walker
from shapcpp.running.transports import WorkerError
from shapcpp.storage import files, writing

__all__ = ["value"]


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
    first: int = 0,
    halving: bool = False,
    trace: int | None = None,
    until: str | None = None,
    max_time: float | None = None,
    checkpoint: files.PathLike | None = None,
    checkpoint_every: float = 60.0,
    extend: Valuation | None = None,
    executor: Executor | None = None,
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
        OMP_NUM_THREADS where set; with an `executor` 1. The result does not depend on it.
    progress : bool or callable, default False
        True draws a progress bar on stderr if that is a terminal; a callable receives
        ``(done, total)`` several times a second; with `until`, total is how many
        permutations the rule seems to need, at most those asked for.
    by_group : bool, default True
        False keeps `groups` with the result but lets samples join one by one.
    true_labels : array_like of int or bool, shape (n,), optional
        True labels where known: kept with the result, never used here. A value that is
        none of the labels means unknown.
    first : int, default 0
        Index of the first permutation: runs over different ranges can be done anywhere
        and put together by `Valuation.merge`.
    halving : bool, default False
        Each permutation is not walked but halved over and over, which draws more of the small
        coalitions that values vary with: it costs as much as 7 to 10 walks at 500 samples
        (15 with more features than samples; `estimate` tells), and brings two to ten times
        as much as these. `permutations` counts permutations so halved. docs/statistics.md
        has the method and figures.
    trace : int, optional
        Keeps the gains at up to so many (at most 10,000) numbers of permutations on the way,
        from 1 to `permutations`, evenly spaced by their logarithm: `Valuation.trace_counts`
        and `trace_gains`. Takes 8 bytes for each of them, each player and class. Workers wait
        for each other there, at most the time of a permutation (with an `executor`, of a
        task). A run that goes on from another adds to the trace of that one, if it has any.
    until : str, optional
        Stops earlier, as soon as the results suffice: ``"stderr<=1e-4"``, ``"lowest 10%
        decided at 95%"``, ``"below 0 decided at 95%"``. Add ``"but for 20"`` to leave so
        many samples undecided; begin with a metric (``"rec stderr<=1e-4"``) to ask for
        one, else it is every metric that the test set defines. Looked at after fixed
        numbers of permutations, so that the result does not depend on speed.
        `Valuation.until_met` says whether they did.
    max_time : float, optional
        Stops after so many seconds; the result is then not `complete`.
    checkpoint : path-like, optional
        Keeps the result of what is done in this file, which `load` reads, and goes on
        from it if it is there: the same call again continues a run that was stopped or
        killed, to the same integers.
    checkpoint_every : float, default 60.0
        Seconds between writings of it.
    extend : Valuation, optional
        An earlier result of the same problem to go on from, up to `permutations` in all.
    executor : concurrent.futures.Executor, optional
        Does the walks: a pool of processes or threads, Dask's ``client.get_executor()``,
        mpi4py's ``MPIPoolExecutor``. Each worker is sent the inputs once, then tasks of
        about a second, and uses `threads` threads for each (default: 1). What a lost
        worker had under way is done again. The integers are those of a run without.

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
    OverflowError
        If the 64-bit sums of a run with `halving` are full, as can happen with a rare class and
        millions of test samples; with the same ``.partial``. Others are refused beforehand.
    WorkerError
        If the workers of the executor cannot go on: a RuntimeError whose ``.partial`` is the
        Valuation of the permutations completed.
    OSError
        At once, if the checkpoint could not be written. Later failures to write it are a
        `CheckpointWarning`: the run goes on and tries again.
    Interrupted
        On Ctrl-C: a KeyboardInterrupt whose ``.partial`` is the Valuation of the
        permutations completed.

    Warns
    -----
    ValuationWarning
        If the classifier of all samples calls every test sample one label, or several samples
        have one id.

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
    if threads is None and executor is not None:
        threads = 1
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
        first=first,
        halving=halving,
        trace=trace,
    )
    if max_time is not None:
        max_time = checks.positive_real("max_time", max_time)
    checkpoint_every = checks.positive_real("checkpoint_every", checkpoint_every)
    if checkpoint is not None:
        writing.check_writable(checkpoint)
    rule = None if until is None else parse_rule(until)
    if rule is not None:
        rule.check(request.test_counts)
    if executor is not None:
        transports.check(executor)
    request.check_fits(elsewhere=executor is not None)
    outcome = Outcome(request, until)
    sums = outcome.earlier(extend, checkpoint)
    course = Course(
        asked=request.asked,
        sums=sums,
        result=outcome.valuation,
        rule=rule,
        trace=None if trace is None else Trace(request.looks, sums, outcome.trace),
        max_time=max_time,
        checkpoint=checkpoint,
        every=checkpoint_every,
    )
    try:
        with (
            _reporter(request.progress) as report,
            _walker(request, outcome, executor) as walker,
        ):
            course.run(walker, report)
    except KeyboardInterrupt as stop:
        raise Interrupted(course.valuation()) from stop
    except (_core.ConvergenceError, WorkerError, SumsOverflowError) as error:
        error.partial = course.valuation()
        raise
    v = course.valuation()
    warn(notices(v))
    return v


@contextmanager
def _walker(request: Request, outcome: Outcome, executor: Executor | None) -> Iterator[Walker]:
    if executor is None:
        problem = request.problem()
        everyone = _core.everyone(problem)
        outcome.learn(everyone.correct)
        yield Threads(request, problem, everyone)
    else:
        with Workers(request, executor, outcome.key, outcome.learn) as workers:
            yield workers


@contextmanager
def _reporter(progress: Progress) -> Iterator[Report]:
    if callable(progress):
        yield progress
    elif progress:
        with progress_bar() as bar:
            yield bar
    else:
        yield nothing
