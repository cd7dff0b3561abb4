"""report(): one page that shows a run, and lets a reviewer decide on its doubtful labels."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from shapcpp.checks import fraction as checked_fraction
from shapcpp.checks import positive
from shapcpp.ct.readers.columns import ANONYMOUS
from shapcpp.ct.readers.slice_index import SERIES
from shapcpp.detection.queue import mistakes
from shapcpp.extras import installs
from shapcpp.report import figures, refits, summaries, words
from shapcpp.report.conventions import conventions
from shapcpp.report.experiments import Experiment
from shapcpp.report.pictures import Scans, pictures_of
from shapcpp.report.queue import MOST, review
from shapcpp.results import trust
from shapcpp.results.folded import FoldedValuation
from shapcpp.results.notices import repeated_ids, warn
from shapcpp.results.valuation import Valuation, load
from shapcpp.storage import files, writing
from shapcpp.storage.features import Features
from shapcpp.storage.features_file import read_features

__all__ = ["check_libraries", "report"]

TEMPLATES = Path(__file__).parent / "templates"
Run = Valuation | files.PathLike


def report(
    run: Run,
    features: Features | files.PathLike | None = None,
    scans: Scans | None = None,
    output: files.PathLike = "report.html",
    *,
    masks: files.PathLike | None = None,
    carry: Run | None = None,
    experiments: Sequence[Experiment] | None = None,
    title: str = "Which labels to doubt",
    fraction: float = 0.1,
    most: int = MOST,
) -> None:
    """Writes a run as one self-contained HTML page that works offline.

    It holds a review queue whose decisions can be exported for ``shapcpp relabel``, the
    conventions of the run, the paper's table where true labels are known, convergence, values
    against labels and against each other, and validation scores after samples are dropped or
    relabelled. The same arguments give the same bytes.

    Parameters
    ----------
    run : Valuation or path-like
        The run to show. With ``trace`` its convergence is shown too.
    features : Features or path-like, optional
        The features file of the run, for the removal curves, which need validation rows.
    scans : path-like or mapping of str to ndarray of uint8, optional
        The scans, from which the queue takes its thumbnails, or the thumbnails by sample id,
        each of shape (height, width).
    output : path-like, default "report.html"
        The page.
    masks : path-like, optional
        The folder of lesion masks, where `scans` was read with one.
    carry : Valuation or path-like, optional
        The same run under the other rule for coalitions of one class.
    experiments : sequence of Experiment, optional
        What the table shows. Default: `run` alone, where it has true labels.
    title : str
        The heading of the page.
    fraction : float, default 0.1
        Share of all samples to review, by each metric.
    most : int, default 500
        Samples in the queue at most; those of the lowest ranks stay.

    Raises
    ------
    ImportError
        If jinja2 or matplotlib is not installed (``pip install '.[plot]'`` in a checkout).
    OSError
        If a file cannot be read or written.
    ValueError
        If a file is not of its kind, the run holds no permutation or is not of these
        features, `carry` differs in more than its rule, or a slice is not among the scans.

    Warns
    -----
    ValuationWarning
        If several samples have one id: the page would keep one decision for all of them.
    """
    check_libraries()
    fraction, most = checked_fraction("fraction", fraction), positive("most", most)
    v = _loaded("run", run)
    other = None if carry is None else _loaded("carry", carry)
    if other is not None:
        _check_pair(v, other)
    if features is not None and not isinstance(features, Features):
        features = read_features(features)
    if features is not None:
        refits.check_same(v, features)
    if experiments is None and v.true_labels is not None:
        experiments = [Experiment("this run", v, other)]
    writing.check_writable(output)
    warn(repeated_ids(v))

    runs = {str(u.settings["single_class"]): u for u in (v, other) if u is not None}
    queue = review(v, fraction, most)
    pictures = pictures_of(queue.candidates, scans, masks, _are_anonymous(features))
    patients = {c.patient for c in queue.candidates if c.patient is not None}
    page = _render(
        title=title,
        v=v,
        conventions=conventions(v),
        one_label=v.only_prediction,
        untrusted=trust.message(v),
        wrong=_known_errors(v),
        metrics=words.metrics_shown(v),
        share=words.per_cent(fraction),
        table=[] if len(v.classes) > 2 else summaries.table_rows(experiments or []),
        kinds=summaries.kind_rows(v),
        scores=summaries.score_rows(experiments or []),
        experiments=experiments or [],
        convergence=_convergence(runs),
        traced=v.trace_counts is not None,
        sorted_values=[(m, figures.sorted_values(v, m)) for m in words.metrics_shown(v)],
        ends=summaries.ends(v),
        agreement=figures.agreement(v) if {"rec", "spc"} <= {*v.metrics} else None,
        rules=summaries.rules(runs, fraction),
        removal=[] if features is None else refits.removal_rows(v, features),
        has_features=features is not None,
        refits=refits.can_refit(v),
        queue=queue,
        pictures=pictures.uris,
        places=pictures.places,
        patients=sorted(patients, key=lambda name: (len(name), name)),  # 9 before 10
        key=_key(v),
    )
    writing.write_atomically(output, lambda file: file.write(page.encode()))


def check_libraries() -> None:
    """Raises ImportError in one sentence if jinja2 or matplotlib is not installed."""
    try:
        import_module("jinja2")
        import_module("matplotlib")
    except ImportError as error:
        raise ImportError(
            f"a report needs jinja2 and matplotlib ({error}): {installs('plot')}"
        ) from None


def _loaded(name: str, run: Run) -> Valuation:
    if isinstance(run, FoldedValuation):
        raise TypeError(f"{name} must be a run with one test set, got {run!r}")
    v = run if isinstance(run, Valuation) else load(run)
    if v.n_permutations == 0:
        raise ValueError(f"{name} holds no permutation: it has no values to report")
    return v


def _check_pair(v: Valuation, other: Valuation) -> None:
    rule = v.settings["single_class"]
    if other.settings["single_class"] == rule:
        raise ValueError(f"carry has the same rule for coalitions of one class as run: {rule!r}")
    differs = v.differs_from(replace(other, settings=other.settings | {"single_class": rule}))
    if differs is not None:
        raise ValueError(f"carry differs from run not only in its rule: {differs}")


def _are_anonymous(features: Features | None) -> bool | None:
    """True if patients are anonymous, None if the features do not say (those made elsewhere)."""
    names = () if features is None else features.rows.dtype.names or ()
    if features is not None and ANONYMOUS in names and features.rows[ANONYMOUS].any():
        return True
    return False if SERIES in names else None


def _known_errors(v: Valuation) -> int:
    if v.true_labels is None:
        return 0
    return sum(int(wrong.sum()) for wrong in mistakes(v, v.labels, v.true_labels).values())


def _key(v: Valuation) -> str:
    """A name for the labels under review, so that decisions on other labels are not shown."""
    return hashlib.sha256(f"{v.fingerprint}{v.ids.tolist()}".encode()).hexdigest()[:16]


def _convergence(runs: dict[str, Valuation]) -> list[refits.Row]:
    return [
        refits.Row(rule, [figures.convergence(v, metric) for metric in words.metrics_shown(v)])
        for rule, v in runs.items()
        if v.trace_counts is not None
    ]


def _render(**content: Any) -> str:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = (TEMPLATES / "report.js").read_text(encoding="utf-8")
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    return environment.get_template("report.html.j2").render(
        words=words, script=script, style=style, script_hash=_hash(script), **content
    )


def _hash(text: str) -> str:
    """The hash by which a content security policy allows a script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
