"""The tables of a run of the suite, as Markdown."""

from __future__ import annotations

from typing import Any

from data import Shape

NOTES = """\
A joined point is one optimum and one count of correct predictions on the test set. In brackets:
times shapcpp, in the same table's row. `~` marks estimates: joins timed at a sample of coalition
sizes spread over 1..N, where a whole permutation takes longer than the time set aside; the line
of least squares through their costs is taken at the middle size. All cores: Python contenders run
one process per core, each on its own permutations, with one thread for linear algebra; pyDVL runs
its own workers.

- **cold**: `LogisticRegression()` refitted from zero, `accuracy_score` and two `recall_score`.
- **warm**: the fastest solver found for the shape (named there) with `warm_start=True`, input
  checks off, predictions and counts by numpy. Both at scikit-learn's default tolerance, which is
  not the optimum: at large N a warm start often passes it without a step.
- **pyDVL**: `ShapleyValuation` with `PermutationSampler`, no truncation, `LogisticRegression()`,
  one metric (the others give three).
- **numpy twin**: `bench/baseline.py`, every optimum to the last digit.
- **dense C++ twin**: the engine refitting over all members at every join, same vector loops.
- **shapcpp**: the whole call of `shapcpp.value`."""


def number(x: float) -> str:
    """Formats a number to three digits, or to all digits before the point."""
    return f"{x:,.0f}" if x >= 100 else f"{x:.3g}"


def cell(figure: dict[str, Any] | None, base: float) -> str:
    if figure is None:
        return "not available"
    mark = "~" if figure["estimated"] else ""
    return f"{mark}{number(figure['micros'])} ({number(figure['micros'] / base)})"


def table(results: dict[str, Any], cores: int) -> list[str]:
    """One row per shape, one column per contender."""
    names = results["names"]
    lines = [
        f"| train / test / features | {' | '.join(names.values())} |",
        "|---|" + "---:|" * len(names),
    ]
    for row in results["shapes"]:
        figures = row["figures"][str(cores)]
        base = figures["shapcpp"]["micros"]
        cells = [cell(figures.get(key), base) for key in names]
        if "warm" in names:
            place = list(names).index("warm")
            cells[place] += f" {row['solver']}"
        lines.append(f"| {Shape(*row['shape'])} | {' | '.join(cells)} |")
    return lines


def summary(results: dict[str, Any]) -> list[str]:
    """The short table that README shows: one core, 16 features."""
    rows = [row for row in results["shapes"] if row["shape"][2] == 16]
    lines = [
        "| one core, 16 features | " + " | ".join(f"N = {r['shape'][0]:,}" for r in rows) + " |",
        "|---|" + "---:|" * len(rows),
    ]
    for key, name in results["names"].items():
        shown = [row["figures"]["1"] for row in rows]
        cells = [cell(figures.get(key), figures["shapcpp"]["micros"]) for figures in shown]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def levels(results: dict[str, Any]) -> list[str]:
    """Speed on each instruction set, and its ratio to the slowest."""
    measured = results["instruction_sets"]
    base = next(iter(measured.values()))
    return [
        "| instruction set (times as fast as the first) | dense C++ twin | shapcpp |",
        "|---|---:|---:|",
        *(
            f"| {level} | "
            + " | ".join(
                f"{number(keys[k])} ({number(base[k] / keys[k])})" for k in ("dense", "shapcpp")
            )
            + " |"
            for level, keys in measured.items()
        ),
    ]


def sidelights(results: dict[str, Any]) -> list[str]:
    """The other measurements, one sentence each."""
    lines = [
        f"- One call on {max(results['facts']['core_counts'])} threads does "
        f"{results['threads']:.2f} times the permutations of as many single-threaded processes "
        f"side by side ({Shape(*results['threads_shape'])})."
    ]
    if "passes" in results:
        p = results["passes"]
        per_join = {k: p[k] / p["coalitions"] for k in ("passes", "hessian_builds", "fits")}
        lines.append(
            f"- Noisy and overlapping ({Shape(*results['passes_shape'])}, accuracy "
            f"{p['accuracy']:.2f}): {p['without_pass'] / p['coalitions']:.1%} of joins certified "
            f"without a pass over the members; per joined point {per_join['passes']:.2f} passes, "
            f"{per_join['hessian_builds']:.4f} Hessians built, {per_join['fits']:.4f} fits."
        )
    if results.get("pydvl_missing"):
        lines.append(f"- pyDVL is not available: {results['pydvl_missing']}.")
    return lines


def markdown(results: dict[str, Any]) -> str:
    """The whole report."""
    facts, effort = results["facts"], results["effort"]
    lines = ["# Microseconds per joined point", "", NOTES, ""]
    lines += ["## In short", "", *summary(results), ""]
    for cores in facts["core_counts"]:
        title = "One core" if cores == 1 else f"All {cores} cores"
        lines += [f"## {title}", "", *table(results, cores), ""]
    if results.get("instruction_sets"):
        shape = Shape(*results["instruction_sets_shape"])
        lines += [f"## Instruction sets: {shape}, one core", "", *levels(results), ""]
    lines += ["## Beside the race", "", *sidelights(results), ""]
    lines += ["## Asserted before a number is printed", ""]
    for row in results["shapes"]:
        lines.append(f"- {Shape(*row['shape'])}: equal to {', '.join(row['equal_to'])}")
    ending = f"{effort['rounds']} rounds of {effort['budget']:g} s for each figure."
    lines += ["", f"{facts['machine']} {ending}"]
    return "\n".join(lines) + "\n"
