"""A call of `value` becomes a plan, its arguments checked, and the plan is carried out."""

from __future__ import annotations

import inspect
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from numpy.typing import ArrayLike, NDArray

from shapcpp import checks
from shapcpp.doubts.detector import doubt as find_doubts
from shapcpp.doubts.result import Doubts
from shapcpp.errors import reason
from shapcpp.machine.memory import InsufficientMemoryError
from shapcpp.machine.processors import available_processors
from shapcpp.problem.folds import DEFAULT_FOLDS, FoldedProblem
from shapcpp.problem.limits import Limits
from shapcpp.problem.problem import Problem
from shapcpp.problem.sampling import Sampling
from shapcpp.progress import nothing, progress_bar
from shapcpp.results.folded import FoldedValuation
from shapcpp.results.interrupted import Interrupted
from shapcpp.results.valuation import Valuation
from shapcpp.running import cost, shorter, transports
from shapcpp.running.cost import RunCost
from shapcpp.running.folded_runner import FoldedRunner
from shapcpp.running.local import LocalBackend
from shapcpp.running.remote import ExecutorBackend
from shapcpp.running.runner import WORD_WITHIN, Backend, Forecast, Report, Runner
from shapcpp.running.shorter import Fewer

__all__ = ["Plan", "Progress", "carry_out", "expected_cost", "fewer_directions_of", "plan"]

Progress = bool | Callable[[int, int], object]
Made = TypeVar("Made")
# What others may be depends on these.
FOUNDATIONS = ("X", "y", "X_test", "y_test", "folds", "model")


@dataclass(frozen=True, eq=False)
class Plan:
    """A call of `value` with its arguments checked, each where it belongs."""

    problem: Problem | FoldedProblem
    sampling: Sampling
    limits: Limits
    threads: int
    progress: Progress
    extend: Valuation | FoldedValuation | None
    executor: Executor | None
    doubt: bool = False
    reviewed: NDArray[Any] | None = None
    without_doubts: Callable[[str], object] | None = None
    slow_doubts: Callable[[float], object] | None = None

    def parts(self) -> Iterator[tuple[str, Problem]]:
        """Each game that is played, and where for the beginning of a sentence."""
        return _parts(self.problem)


def plan(**options: Any) -> Plan:
    """Checks the arguments of `value`; of several bad ones, names the first.

    Beside them, `reviewed` is kept with the doubts, as by `shapcpp.doubt`, `patience` is that of
    `Limits`, and `without_doubts` is told in one sentence why there can be no doubts; without it
    that is an error. `slow_doubts` is called once, with a number of seconds, when they take longer.
    """
    try:
        return _plan(**options)
    except (TypeError, ValueError):
        # Each class checks its own arguments. The fewest that fail end with the one to be told.
        fewest = bisect_left(range(len(options)), True, key=lambda n: _fails(_leading(options, n)))
        return _plan(**_leading(options, fewest))


def _leading(options: dict[str, Any], count: int) -> dict[str, Any]:
    """The foundations, and as many of the arguments as that."""
    names = {*list(options)[:count], *FOUNDATIONS}
    return {name: value for name, value in options.items() if name in names}


def _fails(options: dict[str, Any]) -> bool:
    try:
        _plan(**options)
    except (TypeError, ValueError):
        return True
    return False


def _plan(
    *,
    threads: int | None = None,
    progress: Progress = False,
    extend: Valuation | FoldedValuation | None = None,
    executor: Executor | None = None,
    doubt: bool = False,
    reviewed: ArrayLike | None = None,
    without_doubts: Callable[[str], object] | None = None,
    slow_doubts: Callable[[float], object] | None = None,
    **options: Any,
) -> Plan:
    """The plan of these arguments; those not named here go to the class that has them."""
    problem = _problem(options)
    sampling = _made(Sampling.of, options)
    limits = _made(Limits.of, options)
    for where, part in _parts(problem):
        checks.sums_fit(sampling.max_orders(part), part.test_counts)
        if limits.rule is not None:
            with _said(where):
                limits.rule.check(part.test_counts, part.classes, part.metrics)
    if threads is None:
        threads = available_processors() if executor is None else 1
    threads = checks.positive("threads", threads, checks.MOST_THREADS)
    if not (isinstance(progress, bool) or callable(progress)):
        raise TypeError(f"progress must be False, True or a callable, got {progress!r}")
    if extend is not None:
        _check_extend(extend, problem)
    if executor is not None:
        transports.check(executor)
    if not isinstance(doubt, bool):
        raise TypeError(f"doubt must be True or False, got {doubt!r}")
    whole = problem if isinstance(problem, Problem) else problem.whole
    if doubt and whole.kernel is not None and whole.kernel.name == "precomputed":
        raise ValueError(
            "doubt needs features, and X holds kernel entries (kernel='precomputed'): leave out "
            "doubt"
        )
    decisions = checks.companion("reviewed", reviewed, whole.y)
    return Plan(
        problem, sampling, limits, threads, progress, extend, executor,
        doubt, decisions, without_doubts, slow_doubts,
    )  # fmt: skip


def _problem(options: dict[str, Any]) -> Problem | FoldedProblem:
    """The problem with the test set given, or without any."""
    given = [name for name in ("X_test", "y_test") if options.get(name) is not None]
    folds = options.get("folds")
    if len(given) == 1:
        missing = "y_test" if given == ["X_test"] else "X_test"
        raise ValueError(f"{given[0]} is given without {missing}: a test set needs both")
    if not given:
        seed = options.get("seed", 0)
        names = inspect.signature(Problem.of).parameters.keys() - {"X_test", "y_test"}
        known = {name: options[name] for name in names if name in options}
        return FoldedProblem.of(**known, folds=DEFAULT_FOLDS if folds is None else folds, seed=seed)
    if folds is not None:
        raise ValueError(
            f"folds is {folds!r}, but X_test and y_test are given: leave out the one or the other"
        )
    return _made(Problem.of, options)


def _check_extend(extend: object, problem: Problem | FoldedProblem) -> None:
    """Raises TypeError if an earlier run cannot be of this problem, as only one has folds."""
    kinds: dict[type, str] = {Valuation: "a run with a test set", FoldedValuation: "a run in folds"}
    wanted = Valuation if isinstance(problem, Problem) else FoldedValuation
    if not isinstance(extend, wanted):
        is_run = isinstance(extend, (Valuation, FoldedValuation))
        got = f"that of {kinds[type(extend)]}" if is_run else repr(extend)
        raise TypeError(f"extend must be the result of {kinds[wanted]}, as this is one, got {got}")


def _parts(problem: Problem | FoldedProblem) -> Iterator[tuple[str, Problem]]:
    if isinstance(problem, Problem):
        yield "", problem
    else:
        for fold, part in enumerate(problem.parts()):
            yield f"in fold {fold}, ", part


@contextmanager
def _said(where: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{where}{error}") from None


def _made(of: Callable[..., Made], options: dict[str, Any]) -> Made:
    names = inspect.signature(of).parameters
    return of(**{name: options[name] for name in names if name in options})


def expected_cost(p: Plan) -> RunCost:
    """Time and memory of the run, by a few seconds of measuring on its largest part."""
    parts = [part for _, part in p.parts()]
    largest = max(parts, key=lambda part: part.n_players)
    cost.check_fits(largest, p.sampling, p.threads)
    one = cost.measured_cost(largest, p.sampling, p.threads, p.limits.rule is not None)
    whole = replace(
        one, seconds=len(parts) * one.seconds, permutations=len(parts) * one.permutations
    )
    return replace(whole, shorter=tuple(_ways(p, largest, len(parts), whole)))


def _ways(p: Plan, largest: Problem, n_parts: int, whole: RunCost) -> Iterator[str]:
    """What would make a run of this cost shorter, if it is long."""
    if whole.seconds <= shorter.LONG:
        return
    few = shorter.fewer_directions(largest, p.sampling, p.threads)
    if few:
        yield shorter.in_words(_times(n_parts, few))
    if p.sampling.sampler == "permutations":
        yield shorter.BY_HALVING


def _times(n_parts: int, ways: tuple[Fewer, ...]) -> tuple[Fewer, ...]:
    return tuple(replace(way, seconds=n_parts * way.seconds) for way in ways)


def fewer_directions_of(p: Plan, permutations: int) -> tuple[Fewer, ...]:
    """What this many permutations of a run under way would cost along a few directions.

    Empty with an executor, whose workers are other machines.
    """
    if p.executor is not None:
        return ()
    n_parts = 1 if isinstance(p.problem, Problem) else p.problem.n_folds
    _, part = next(p.parts())
    sampling = replace(p.sampling, permutations=max(permutations // n_parts, 1), first=0)
    few = shorter.fewer_directions(part, sampling, p.threads, under_way=True)
    return _times(n_parts, few)


def carry_out(p: Plan, forecast: Forecast | None = None) -> Valuation | FoldedValuation:
    """Does the run; `forecast` is told early on how long it takes."""
    for _, part in p.parts():
        cost.check_fits(part, p.sampling, p.threads, elsewhere=p.executor is not None)
    runner = _runner(p, forecast)
    try:
        if p.doubt and runner.doubts is None:  # first, so that whatever ends the run keeps them
            runner.doubts = _doubts(p)
        elif p.reviewed is not None and runner.doubts is not None:
            runner.doubts = replace(runner.doubts, reviewed=p.reviewed)
        with _reporter(p.progress) as report:
            if isinstance(runner, FoldedRunner):
                runner.run(partial(_backend, p), report)
            else:
                with _backend(p, runner.problem, runner) as backend:
                    runner.run(backend, report)
        return runner.valuation()
    except KeyboardInterrupt as stop:
        raise Interrupted(runner.valuation()) from stop
    except Exception as error:  # memory that runs out, a progress that fails: all keep what is done
        with suppress(MemoryError):
            error.partial = runner.valuation()  # type: ignore[attr-defined]
        raise


def _runner(p: Plan, forecast: Forecast | None) -> Runner | FoldedRunner:
    if isinstance(p.problem, FoldedProblem):
        return FoldedRunner(p.problem, p.sampling, p.limits, p.extend, forecast)
    assert not isinstance(p.extend, FoldedValuation)
    return Runner(p.problem, p.sampling, p.limits, p.extend, forecast)


def _doubts(p: Plan) -> Doubts | None:
    """The doubts of the rows that are valued."""
    whole = p.problem if isinstance(p.problem, Problem) else p.problem.whole
    try:
        with _doubting(p) as report:
            return find_doubts(
                whole.X, whole.y, whole.groups, whole.ids, whole.true_labels, p.sampling.seed,
                p.threads if p.executor is None else None, progress=report, reviewed=p.reviewed,
            )  # fmt: skip
    except (ValueError, InsufficientMemoryError) as error:
        if p.without_doubts is None:
            raise
        p.without_doubts(reason(error))
        return None


@contextmanager
def _doubting(p: Plan) -> Iterator[Report]:
    """Shows the progress of doubts, and ends them where they take longer than patience allows."""
    began, patience, said = time.monotonic(), p.limits.patience, p.slow_doubts is None
    with progress_bar("doubts") if p.progress is True else nullcontext(nothing) as shown:

        def report(done: int, total: int) -> None:
            nonlocal said
            shown(done, total)
            elapsed = time.monotonic() - began
            if patience is not None and elapsed > patience and p.without_doubts is not None:
                raise ValueError(
                    f"they take more than {patience:g} s; shapcpp doubt finds them by themselves"
                )
            if not said and elapsed > WORD_WITHIN:
                said = True
                assert p.slow_doubts is not None
                p.slow_doubts(WORD_WITHIN)

        yield report


@contextmanager
def _backend(p: Plan, problem: Problem, runner: Runner) -> Iterator[Backend]:
    common = problem, p.sampling, p.threads, runner.set_full_counts
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
