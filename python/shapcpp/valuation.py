"""value() and estimate_cost(): a call becomes a plan, and the plan is carried out."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from numpy.typing import ArrayLike

from shapcpp import checks
from shapcpp.machine.processors import available_processors
from shapcpp.problem.limits import Limits
from shapcpp.problem.problem import ClassWeight, Empty, Problem, Scale, SingleClass
from shapcpp.problem.sampling import Sampler, Sampling
from shapcpp.progress import nothing, progress_bar
from shapcpp.results.notices import notices, warn
from shapcpp.results.valuation import Interrupted, Valuation
from shapcpp.running import cost, transports
from shapcpp.running.cost import RunCost
from shapcpp.running.local import LocalBackend
from shapcpp.running.remote import ExecutorBackend
from shapcpp.running.runner import Backend, Forecast, Report, Runner
from shapcpp.storage import files

__all__ = ["Plan", "Progress", "carry_out", "estimate_cost", "plan", "value"]

Progress = bool | Callable[[int, int], object]
Arguments = ParamSpec("Arguments")
Made = TypeVar("Made")


def value(
    X: ArrayLike,
    y: ArrayLike,
    X_test: ArrayLike,
    y_test: ArrayLike,
    permutations: int | None = None,
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
    sampler: Sampler = "halving",
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
    counted per class. A sample's value is the expectation, over random orders, of what its
    joining changed. Low values point at labels to doubt.

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
    permutations : int, optional
        Number of random orders to draw. Default: until the ranking is reliable by every
        metric that the test set defines (``until="reliability >= 0.95"``), at most 2,000, and
        at most as many as have the joins of 20,000 orders under ``sampler="permutations"``.
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
        Index of the first permutation, which asks for `permutations`: runs over different
        ranges can be done anywhere and put together by `Valuation.merge`.
    sampler : "halving" or "permutations", default "halving"
        "permutations" lets the players join in the order drawn, as the paper does. "halving"
        halves each order over and over, which draws more of the small coalitions that values
        vary with: it costs as much as 7 to 10 plain permutations at 500 samples (15 with more
        features than samples; `estimate_cost` tells), and brings two to ten times as much as
        these. docs/statistics.md has the method and figures.
    trace : int, optional
        Keeps the gains at up to this many (at most 10,000) numbers of permutations on the way,
        from 1 to `permutations`, evenly spaced by their logarithm: `Valuation.trace_counts`
        and `trace_gains`. Takes 8 bytes for each of them, each player and class. Workers wait
        for each other there, at most the time of a permutation (with an `executor`, of a
        task). A run that goes on from another adds to the trace of that one, if it has any.
    until : str, optional
        Stops earlier, as soon as the results suffice: ``"reliability >= 0.95"``,
        ``"stderr<=1e-4"``, ``"lowest 10% decided at 95%"``, ``"below 0 decided at 95%"``. Add
        ``"but for 20"`` to all but the first to leave that many samples undecided; begin with
        metrics (``"acc, rec reliability >= 0.9"``) to ask for these, else it is every metric
        that the test set defines. Looked at after fixed numbers of permutations, so that the
        result does not depend on speed. `Valuation.until_met` says whether they did.
    max_time : float, optional
        Stops after this many seconds; the result is then not `complete`.
    checkpoint : path-like, optional
        Keeps the result of what is done in this file, which `load` reads, and goes on
        from it if it is there: the same call again continues a run that was stopped or
        killed, to the same integers.
    checkpoint_every : float, default 60.0
        Seconds between writings of it.
    extend : Valuation, optional
        An earlier result of the same problem to go on from: up to `permutations` in all, or on
        to the rule of `until`.
    executor : concurrent.futures.Executor, optional
        Draws the permutations: a pool of processes or threads, Dask's ``client.get_executor()``,
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
        For a bad argument, naming the offending value and row: arrays first, in the order above.
    MemoryError
        Before anything large is allocated, if the run cannot fit in the memory that this
        process may use: what it needs, what there is, and whether fewer threads would do.
    ConvergenceError
        If a fit missed its tolerance: a RuntimeError, never a wrong value. Its ``.partial``
        is the Valuation of the permutations completed.
    UncertifiedError
        If double precision cannot tell the signs of more than 0.1% of all margins: a
        ValueError that names the features at fault and the way out, with the same
        ``.partial``. Ties, which features of few different values make, do not count.
    OverflowError
        If the 64-bit sums of a run by halving are full, as can happen with a rare class and
        millions of test samples; with the same ``.partial``. Others are refused beforehand.
    WorkerError
        If the workers of the executor cannot go on: a RuntimeError whose ``.partial`` is the
        Valuation of the permutations completed.
    OSError
        At once, if the checkpoint could not be written. Later failures to write it are a
        `CheckpointWarning`: the run goes on and tries again.
    Exception
        Whatever else ends a run on its way, as `progress` may, has such a ``.partial`` too.
    Interrupted
        On Ctrl-C: a KeyboardInterrupt whose ``.partial`` is the Valuation of the
        permutations completed.

    Warns
    -----
    ValuationWarning
        If the classifier of all samples calls every test sample one label, several samples have
        one id, or more than a tenth of the standard errors by some metric cannot be believed
        (`Valuation.trusted`).

    Notes
    -----
    Sampling over permutations: Ghorbani and Zou, *Data Shapley*, 2019. Metrics and
    protocol: Enshaei et al., *Data Shapley value for handling noisy labels*: that is
    ``sampler="permutations"``.

    Examples
    --------
    >>> import numpy as np, shapcpp
    >>> X = np.array([[0.0], [0.2], [0.9], [1.1], [0.1]])
    >>> v = shapcpp.value(X, [0, 0, 1, 1, 1], [[0.0], [1.0]], [0, 1], permutations=100)
    >>> int(v.lowest("acc", 0.2)[0])
    4
    """
    v = carry_out(plan(**locals()))
    warn(notices(v))
    return v


def _of_a_call_of(
    of: Callable[Arguments, Valuation],
) -> Callable[[Callable[..., RunCost]], Callable[Arguments, RunCost]]:
    """Gives a function the signature of another, for people and for type checkers."""

    def take(function: Callable[..., RunCost]) -> Callable[Arguments, RunCost]:
        function.__signature__ = inspect.signature(of).replace(  # type: ignore[attr-defined]
            return_annotation="RunCost"
        )
        return function

    return take


@_of_a_call_of(value)
def estimate_cost(*positional: Any, **named: Any) -> RunCost:
    """Time and memory of a call of `value`, without doing it.

    Permutations of random subsets of the training samples, twice as large each time, are
    drawn for about three seconds, all of them if that suffices. Takes longer where a
    single fit does. Where the results decide the number of permutations, the cost is that of
    the largest number they may take.

    Parameters
    ----------
    *positional, **named
        As for `value`. Those that say when to stop and where to keep the results are checked
        and not used.

    Returns
    -------
    RunCost

    Raises
    ------
    TypeError, ValueError, MemoryError
        As for `value`.
    ConvergenceError
        If a fit missed its tolerance: `value` would fail too.

    Examples
    --------
    >>> import numpy as np, shapcpp
    >>> X = np.array([[0.0], [0.2], [0.9], [1.1], [0.1]])
    >>> c = shapcpp.estimate_cost(X, [0, 0, 1, 1, 1], [[0.0], [1.0]], [0, 1], permutations=100)
    >>> c.seconds < 1
    True
    """
    p = plan(**inspect.signature(value).bind(*positional, **named).arguments)
    cost.check_fits(p.problem, p.sampling, p.threads)
    return cost.measured_cost(p.problem, p.sampling, p.threads, p.limits.rule is not None)


@dataclass(frozen=True, eq=False)
class Plan:
    """A call of `value` with its arguments checked, each where it belongs."""

    problem: Problem
    sampling: Sampling
    limits: Limits
    threads: int
    progress: Progress
    extend: Valuation | None
    executor: Executor | None


def plan(
    *,
    threads: int | None = None,
    progress: Progress = False,
    extend: Valuation | None = None,
    executor: Executor | None = None,
    **options: Any,
) -> Plan:
    """Checks the arguments of `value`; those not named here go to the class that has them."""
    problem = _made(Problem.of, options)
    sampling = _made(Sampling.of, options)
    limits = _made(Limits.of, options)
    checks.sums_fit(sampling.max_orders(problem), problem.test_counts)
    if limits.rule is not None:
        limits.rule.check(problem.test_counts)
    if threads is None:
        threads = available_processors() if executor is None else 1
    threads = checks.positive("threads", threads, checks.MOST_THREADS)
    if not (isinstance(progress, bool) or callable(progress)):
        raise TypeError(f"progress must be False, True or a callable, got {progress!r}")
    if executor is not None:
        transports.check(executor)
    return Plan(problem, sampling, limits, threads, progress, extend, executor)


def _made(of: Callable[..., Made], options: dict[str, Any]) -> Made:
    names = inspect.signature(of).parameters
    return of(**{name: options[name] for name in names if name in options})


def carry_out(p: Plan, forecast: Forecast | None = None) -> Valuation:
    """Does the run; `forecast` is told early on how long it takes."""
    cost.check_fits(p.problem, p.sampling, p.threads, elsewhere=p.executor is not None)
    runner = Runner(p.problem, p.sampling, p.limits, p.extend, forecast)
    try:
        with _reporter(p.progress) as report, _backend(p, runner) as backend:
            runner.run(backend, report)
    except KeyboardInterrupt as stop:
        raise Interrupted(runner.valuation()) from stop
    except Exception as error:  # memory that runs out, a progress that fails: all keep what is done
        with suppress(MemoryError):
            error.partial = runner.valuation()  # type: ignore[attr-defined]
        raise
    return runner.valuation()


@contextmanager
def _backend(p: Plan, runner: Runner) -> Iterator[Backend]:
    common = p.problem, p.sampling, p.threads, runner.set_full_counts
    if p.executor is None:
        yield LocalBackend(*common)
    else:
        with ExecutorBackend(*common, p.executor) as backend:
            yield backend


@contextmanager
def _reporter(progress: Progress) -> Iterator[Report]:
    if callable(progress):
        yield progress
    elif progress:
        with progress_bar() as bar:
            yield bar
    else:
        yield nothing
