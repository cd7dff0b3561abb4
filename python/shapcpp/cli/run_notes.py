"""Notes of the command `shapcpp value` on stderr, and the saving of a run that ended early."""

from __future__ import annotations

import math

import shapcpp
from shapcpp.cli.console import counted, note, save, translated
from shapcpp.plan import Plan, fewer_directions_of
from shapcpp.results.folded import FoldedValuation
from shapcpp.running import shorter
from shapcpp.running.cost import duration

__all__ = [
    "PATIENCE",
    "check_begun",
    "keep_partial",
    "keep_what_failed",
    "note_duration",
    "note_slow_doubts",
    "note_the_end",
]

Run = shapcpp.Valuation | FoldedValuation
PATIENCE = 120.0  # seconds after which a run ends if no option sets its length


def note_duration(p: Plan, seconds: float, permutations: int, cut: bool, elapsed: float) -> None:
    """Says at the start that the run will be long, and how to make it shorter."""
    ways = [] if p.sampling.sampler == "halving" else ["--sampler halving"]
    ways.append("fewer --perms" if p.limits.rule is None else "a lower reliability in --until")
    _, part = next(p.parts())
    fewer = "features" if part.kernel is None else "samples"
    ways.append(f"fewer {fewer}, or more processors (--threads, --dask)")
    if part.remark:
        note(translated(part.remark))
    long = f"this will take about {duration(seconds)} for {permutations:,} permutations"
    if math.isinf(seconds):
        ends = f"ends when they are done, after {PATIENCE:g} s at the earliest"
        note(
            "the first two permutations, without which no error is known, take more than "
            f"{duration(elapsed)}; the run {ends if cut else 'goes on'}"
        )
    elif cut:
        ends = f"it ends after {PATIENCE:g} s instead"
        if elapsed >= PATIENCE:
            ends = f"it ends with its first ones, which take more than {PATIENCE:g} s"
        note(
            f"{long}; {ends}, so that the number of permutations "
            "depends on this machine: --perms P repeats the run, --max-time allows more time"
        )
    else:
        note(f"{long}; it would be shorter with {', '.join(ways)}")
    few = fewer_directions_of(p, permutations)
    if few:
        note(f"{translated(shorter.in_words(few))} ({permutations:,} permutations)")
    if p.sampling.sampler == "permutations" and (cut or math.isinf(seconds)):
        note(translated(shorter.BY_HALVING))


def note_slow_doubts(seconds: float) -> None:
    """Says what is waited for before the run."""
    note(
        f"the doubts, which come before the values, take more than {seconds:g} s; --no-doubt "
        "leaves them out"
    )


def check_begun(v: Run, max_time: float | None) -> None:
    """Raises RuntimeError if the time was too short for any permutation."""
    if v.n_permutations > 0:
        return
    seconds = PATIENCE if max_time is None else max_time
    simpler = "or principal directions instead of all features (--components 32)"
    if v.settings["kernel"] is not None:
        simpler = "without --kernel"
    raise RuntimeError(
        f"no permutation was completed within {seconds:g} s: allow more time (--max-time), or "
        f"choose a faster model (--model ridge) {simpler}"
    )


def note_the_end(v: Run, max_time: float | None, earlier: str | None) -> None:
    """Says what the reader of the tables should know about the run."""
    if v.uncertified:
        note(f"{counted(v.uncertified, 'prediction')} ({v.uncertified_share:.2g} of all) had a "
              "margin below the rounding floor; they count as the smallest label")  # fmt: skip
    if earlier is not None:
        note(f"continued from {earlier}")
    if (reason := _why_it_stopped(v, max_time)) is not None:
        note(reason)


def _why_it_stopped(v: Run, max_time: float | None) -> str | None:
    """One sentence on why the run stopped; None if it did the permutations asked for."""
    until, done = v.settings["until"], f"{v.n_permutations:,}"
    if not v.complete:
        by = f"after {PATIENCE:g} s" if max_time is None else "by --max-time"
        return f"stopped {by}, after {done} of {v.settings['permutations']:,} permutations"
    if until is None:
        return None
    if v.until_met:
        return f"{until}: reached after {done} permutations"
    return f"{until}: not reached within {done} permutations; --extend continues with more --perms"


def keep_what_failed(error: Exception, output: str | None) -> None:
    """Saves the partial result of a run that an error ended."""
    so_far = getattr(error, "partial", None)
    if so_far is not None and so_far.n_permutations > 0:
        keep_partial("failed", so_far, output)


def keep_partial(how: str, v: Run, output: str | None) -> None:
    """Saves the partial result of a run, and says so."""
    done = f"{how} after {v.n_permutations:,} of {v.settings['permutations']:,} permutations"
    if output is None:
        note(f"{done}; nothing saved, since no -o was given")
    elif v.n_permutations == 0:
        note(f"{done}; nothing to save")
    else:
        note(f"{done}; they are saved in {save(output, v.save)}, marked as partial")
