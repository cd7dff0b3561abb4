"""The page of bench/detection.py."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

import detection_sets as sets

Record = dict[str, Any]
PUBLISHED = """\
Published, 20% of labels flipped both ways, 1,000 training and 100 validation rows, mean F1 of a
split by two means (LossVal's repository, a re-run of OpenDataVal):

| | pol | 2dplanes | mean of six sets |
|---|---|---|---|
| LossVal, its best configuration | .83 | .72 | .668 |
| Data-OOB, logistic regression | .614 | .587 | .582 |
| KNN-Shapley | .45 | .47 | .474 |
| DataShapley, a small network | .36 | .29 | .308 |
| random | .28 | .28 | .285 |

The six are 2dplanes, MiniBooNE, electricity, fried, nomao and pol. LossVal trains a network for it;
the others, like ours, judge features as they are.
"""


def written(records: dict[str, Record]) -> str:
    """Everything as Markdown."""
    grouped: dict[tuple[str, str, str, str], list[Record]] = defaultdict(list)
    for place, record in records.items():
        name, way, rate, seed, detector = place.split("|")
        grouped[way, rate, detector, name].append({**record, "seed": seed})
    text = [
        "# Which detector finds wrong labels",
        "Made by `make bench-detect`: 1,000 rows of each set, 134 of wine, labels flipped at "
        "random, every detector on the same rows. `votes` is the agreement of the run that "
        "`values` comes from: 64 halved orders of the default model on standardised features, 8 of "
        "the scans, the phantom and digits. Only this run has 100 test rows with true labels: "
        "values rest on them, votes never see them. Figures are means over draws; how many draws "
        "stands in brackets where it is less than the most. Extra trees whose splits consider "
        "every feature, tried on one "
        "draw of pol and phoneme, had .961 and .797 there, and doubt .963 and .795.",
    ]
    for rate in ("0.2", "0.1", "0.3"):
        for way in ("both", "0 as 1", "1 as 0"):
            if not any(key[:2] == (way, rate) for key in grouped):
                continue
            what = "both ways" if way == "both" else f"one way, {way}"
            text.append(f"## {float(rate):.0%} flipped, {what}")
            text.append("Average precision:")
            text.append(_table(grouped, way, rate, "ap"))
            if any(key[:2] == (way, rate) and key[2] != "doubt" for key in grouped):
                text.append("Doubt's average precision less the other's, on the draws of both:")
                text.append(_lead(grouped, way, rate))
            if way == "both":
                text.append("AUROC:")
                text.append(_table(grouped, way, rate, "auroc"))
                text.append("F1 of a split by two means; of doubt, of as many as it expects:")
                text.append(_table(grouped, way, rate, "f1"))
    text += ["## Votes beside self-confidence of the same learner", *_of_votes(grouped)]
    text += ["## What doubt says of itself", _own(grouped), "## Published figures", PUBLISHED]
    return "\n\n".join(text).rstrip() + "\n"


def _columns(
    grouped: dict[tuple[str, str, str, str], list[Record]], way: str, rate: str
) -> list[str]:
    names = {key[3] for key in grouped if key[:2] == (way, rate)}
    order = [*sets.TABLES, *sets.CLOSED, *sets.SCANS, sets.PHANTOM, *sets.MANY_CLASSES]
    return [name for name in order if name in names]


def _table(
    grouped: dict[tuple[str, str, str, str], list[Record]], way: str, rate: str, figure: str
) -> str:
    columns = _columns(grouped, way, rate)
    detectors = list(dict.fromkeys(key[2] for key in grouped if key[:2] == (way, rate)))
    detectors.sort(key=lambda name: name != "doubt")
    most = max(len(found) for found in grouped.values())
    means = {
        (detector, name): _mean(grouped.get((way, rate, detector, name), []), figure)
        for detector in detectors
        for name in columns
    }
    rows = []
    for detector in detectors:
        cells = [detector]
        for name in columns:
            mean, count = means[detector, name]
            shown = "" if not count else f"{mean:.3f}".removeprefix("0")
            cells.append(shown + (f" ({count})" if 0 < count < most else ""))
        of_tables = [means[detector, name][0] for name in sets.TABLES if name in columns]
        whole = len(of_tables) == len(sets.TABLES) and min(of_tables) > -1
        cells.append(f"{np.mean(of_tables):.3f}".removeprefix("0") if whole else "")
        rows.append(cells)
    return _markdown(["", *columns, "mean of the five tables"], rows)


def _lead(grouped: dict[tuple[str, str, str, str], list[Record]], way: str, rate: str) -> str:
    columns = _columns(grouped, way, rate)
    others = dict.fromkeys(key[2] for key in grouped if key[:2] == (way, rate))
    rows = []
    for other in others:
        if other != "doubt":
            leads = [_leads(grouped, (way, rate, name), "doubt", other, "ap") for name in columns]
            rows.append([other, *map(_signed, leads)])
    return _markdown(["", *columns], rows)


def _leads(
    grouped: dict[tuple[str, str, str, str], list[Record]],
    place: tuple[str, str, str],
    own: str,
    other: str,
    figure: str,
) -> list[float]:
    """How much higher a detector's figure is than another's, draw by draw where both have one."""
    way, rate, name = place
    known = {r["seed"]: r[figure] for r in grouped.get((way, rate, own, name), [])}
    found = grouped.get((way, rate, other, name), [])
    return [known[r["seed"]] - r[figure] for r in found if r["seed"] in known]


def _signed(leads: Sequence[float]) -> str:
    return f"{np.mean(leads):+.3f} ({len(leads)})" if leads else ""


def _of_votes(grouped: dict[tuple[str, str, str, str], list[Record]]) -> list[str]:
    """AUROC of votes less that of the out-of-fold self-confidence of logistic regression."""
    columns = list(dict.fromkeys(name for key in grouped for name in _columns(grouped, *key[:2])))
    rows, sentences = [], []
    ways = list(dict.fromkeys(key[:2] for key in grouped if key[2] == "votes"))
    for way, rate in sorted(ways, key=lambda key: (key[0] != "both", key)):
        leads = {
            name: _leads(grouped, (way, rate, name), "votes", "logistic", "auroc")
            for name in columns
        }
        what = f"{float(rate):.0%}, {'both ways' if way == 'both' else way}"
        rows.append([what, *(_signed(leads[name]) for name in columns)])
        means = {name: float(np.mean(found)) for name, found in leads.items() if found}
        if means:
            low, high = min(means, key=lambda n: means[n]), max(means, key=lambda n: means[n])
            near = sum(lead >= -0.01 for lead in means.values())
            sentences.append(
                f"{what}: at most .01 less on {near} of {len(means)} sets, "
                f"from {means[low]:+.3f} ({low}) to {means[high]:+.3f} ({high})."
            )
    head = (
        "AUROC of votes less that of `logistic`, the out-of-fold self-confidence of the same "
        "learner with the same penalty in ten folds, on the draws of both. "
    )
    return [head + " ".join(sentences), _markdown(["", *columns], rows)]


def _mean(found: Sequence[Record], figure: str) -> tuple[float, int]:
    if not found:
        return -1.0, 0
    values = [
        record["f1_expected" if "expected" in record else "f1_two_means"]
        if figure == "f1"
        else record[figure]
        for record in found
    ]
    return float(np.mean(values)), len(values)


def _own(grouped: dict[tuple[str, str, str, str], list[Record]]) -> str:
    rows = []
    for (way, rate, detector, name), found in sorted(grouped.items()):
        if detector != "doubt":
            continue
        inside = [r["low"] <= r["wrong"] <= r["high"] for r in found]
        expected, wrong = (np.mean([r[name] for r in found]) for name in ("expected", "wrong"))
        cells = [
            f"{float(rate):.0%}, {way}",
            f"{expected:.0f} ({wrong:.0f})",
            f"{sum(inside)} of {len(inside)}",
            f"{np.mean([r['rate_error'] for r in found]):.3f}",
            f"{sum(r['by_direction'] for r in found)} of {len(found)}",
            f"{np.mean([r['suggested'] for r in found]):.3f}",
            f"{np.median([r['seconds'] for r in found]):.1f}",
        ]
        rows.append([name, *cells])
    heads = [
        "set",
        "flipped",
        "wrong labels expected (true)",
        "in the 95% interval",
        "largest error of a class's rate, mean",
        "rates by direction",
        "suggestions right",
        "seconds",
    ]
    return _markdown(heads, rows)


def _markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
