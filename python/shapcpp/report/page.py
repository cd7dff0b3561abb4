"""report(): one page that shows doubts and values, and lets a reviewer decide on labels."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from shapcpp.checks import fraction as checked_fraction
from shapcpp.checks import natural, positive
from shapcpp.ct.readers.columns import ANONYMOUS
from shapcpp.ct.readers.slice_index import SERIES
from shapcpp.extras import installs
from shapcpp.labels import class_named, shown
from shapcpp.metrics import Metric
from shapcpp.report import figures, refits, summaries, words
from shapcpp.report.conventions import about_doubts, conventions
from shapcpp.report.experiments import Experiment
from shapcpp.report.pictures import Scans, pictures_of
from shapcpp.report.queue import FRACTION, MOST, has_votes, patients_in, queue_of
from shapcpp.report.reviewed import reviewed_before
from shapcpp.report.stacks import REACH
from shapcpp.report.subject import About, Run, Subject, check_pair, subject_of
from shapcpp.results import trust
from shapcpp.results.folded import FoldedValuation
from shapcpp.results.notices import repeated_ids, warn
from shapcpp.results.valuation import Valuation
from shapcpp.storage import files, writing
from shapcpp.storage.features import Features
from shapcpp.storage.features_file import read_features
from shapcpp.storage.sources import coincidences

__all__ = ["check_libraries", "report"]

TEMPLATES = Path(__file__).parent / "templates"
PAIRS_SHOWN = 20


def report(
    run: About,
    features: Features | files.PathLike | None = None,
    scans: Scans | None = None,
    output: files.PathLike = "report.html",
    *,
    masks: files.PathLike | None = None,
    carry: Valuation | files.PathLike | None = None,
    experiments: Sequence[Experiment] | None = None,
    title: str = "Which labels to doubt",
    fraction: float | None = None,
    most: int = MOST,
    metrics: words.Chosen = None,
    class_names: Mapping[Any, str] | None = None,
    neighbours: int = REACH,
) -> None:
    """Writes a result as one self-contained HTML page that works offline.

    The page holds a review queue whose decisions can be exported for ``shapcpp relabel``. With
    doubts, it begins with the number of labels that are probably wrong, and the queue lists these
    beside the values of their samples; for two readers it lists their disagreements. For a run it
    also shows the conventions, the paper's table if true labels are known, convergence, values
    against labels and against each other, and validation scores after samples are dropped or
    relabelled. The same arguments give the same bytes.

    Parameters
    ----------
    run : Valuation, FoldedValuation, Doubts, Readers or path-like
        The result to show, or the file of one. With ``trace`` the convergence of a run with a
        test set is shown too.
    features : Features or path-like, optional
        The features file that `run` was made from. It has the reviewers' earlier decisions, and
        gives the removal curves of a run with a test set, which need validation rows. The page
        warns where a column of sources in it, such as ``scanner``, tells the labels apart.
    scans : path-like or mapping of str to ndarray of uint8, optional
        The scans, from which the queue takes its pictures, or thumbnails by sample id, each of
        shape (height, width). From a folder of scans, larger pictures and the slices above and
        below are written to a folder beside the page, "report-slices" for "report.html"; without
        that folder the page shows thumbnails.
    output : path-like, default "report.html"
        The page.
    masks : path-like, optional
        The folder of lesion masks, if `scans` was read with one.
    carry : Valuation or path-like, optional
        The same run under the other rule for coalitions of one class.
    experiments : sequence of Experiment, optional
        The experiments of the table. Default: `run` alone, if it has true labels.
    title : str
        The heading of the page.
    fraction : float, optional
        Share of all samples to review. Default: as many as are expected to be wrong; for a run
        without doubts 0.1 by each metric.
    most : int, default 500
        The most samples in the queue; the first ones stay.
    metrics : sequence of str or Metric, optional
        The metrics to show, including your own. Default: every built-in one that the test set
        defines.
    class_names : mapping of label to str, optional
        Names of the classes: ``{0: "healthy", 1: "pneumonia"}``.
    neighbours : int, default 3
        How many slices above and below each queued one are kept beside the page; 0 for a page
        without that folder.

    Raises
    ------
    ImportError
        If jinja2 or matplotlib is not installed (``pip install '.[plot]'`` in a checkout).
    OSError
        If a file cannot be read or written.
    TypeError, ValueError
        If a file is of the wrong kind, the run holds no permutation or was not made from these
        features, `carry` differs in more than its rule, a slice is not among the scans, or
        `class_names` names a label that does not exist.

    Warns
    -----
    ValuationWarning
        If several samples share an id: the page would keep one decision for all of them.
    """
    check_libraries()
    if fraction is not None:
        fraction = checked_fraction("fraction", fraction)
    most, reach = positive("most", most), natural("neighbours", neighbours)
    subject = subject_of("run", run)
    names = _class_names(subject, class_names)
    other = None if carry is None else check_pair(subject.v, carry)
    if features is not None and not isinstance(features, Features):
        features = read_features(features)
    if features is not None:
        subject = subject.remembering(refits.check_same(subject, features).reviewed)
    writing.check_writable(output)
    warn(repeated_ids(subject))
    queue = queue_of(subject, fraction, most, metrics)
    pictures = pictures_of(queue.candidates, scans, masks, _are_anonymous(features), output, reach)
    page = _render(
        title=title,
        subject=subject,
        names=names,
        fraction=fraction,
        queue=queue,
        pictures=pictures,
        patients=patients_in(queue.candidates),
        before=reviewed_before(subject),
        sources=[] if features is None else coincidences(features),
        wrong=summaries.known_errors(subject, subject.true_labels),
        **_of_doubts(subject),
        **_of_values(subject.v, other, features, experiments, fraction, metrics),
    )
    writing.write_atomically(output, lambda file: file.write(page.encode()))


def _class_names(subject: Subject, names: Mapping[Any, str] | None) -> dict[str, str]:
    """Names of classes, by the text of their label."""
    classes, called = subject.classes, {}
    for label, name in (names or {}).items():
        k = class_named(str(label), classes)
        if k is None:
            raise ValueError(
                f"class_names has {label!r}, which is none of the labels {shown(classes)}"
            )
        called[str(classes[k])] = str(name)
    return called


def _of_doubts(subject: Subject) -> dict[str, Any]:
    """The parts of the page about doubts, or about two readers."""
    d = subject.doubts
    if d is None:
        return {"doubts": None, "readers": None, "interval": None, "pairs": []}
    pairs = d.expected()
    return {
        "doubts": d,
        "about_doubts": about_doubts(d),
        "readers": subject.readers,
        "interval": d.total_interval(),
        "pairs": [row.tolist() for row in pairs[pairs.number >= 0.5][:PAIRS_SHOWN]],
    }


def _of_values(
    v: Run | None,
    other: Valuation | None,
    features: Features | None,
    experiments: Sequence[Experiment] | None,
    fraction: float | None,
    metrics: words.Chosen,
) -> dict[str, Any]:
    """The parts of the page about values, if there are any."""
    share = FRACTION if fraction is None else fraction
    common = {"share": words.per_cent(share), "has_features": features is not None}
    if v is None:
        return common | {"v": None, "metrics": [], "voted": False}
    chosen = words.metrics_of(v, metrics)
    if experiments is None and v.true_labels is not None:
        experiments = [Experiment("this run", v, other)]
    runs: dict[str, Run] = {str(u.settings["single_class"]): u for u in (v, other) if u is not None}
    traced = {rule: u for rule, u in runs.items() if getattr(u, "trace_counts", None) is not None}
    return common | {
        "v": v,
        "voted": v.doubts is None and has_votes(v),
        "folded": isinstance(v, FoldedValuation),
        "metrics": [metric.name for metric in chosen],
        "conventions": conventions(v),
        "one_label": v.only_prediction,
        "untrusted": trust.message(v, [m.name for m in chosen if m.name in v.metrics], plain=True),
        "table": [] if len(v.classes) > 2 else summaries.table_rows(experiments or []),
        "scores": summaries.score_rows(experiments or []),
        "experiments": experiments or [],
        "kinds": summaries.kind_rows(v, chosen),
        "refits": refits.can_refit(v),
        "slow_refits": refits.is_slow(v),
        "convergence": _convergence(traced, chosen),
        "sorted_values": [(words.called(m), figures.sorted_values(v, m)) for m in chosen],
        "ends": summaries.ends(v, chosen),
        "agreement": figures.agreement(v) if {"rec", "spc"} <= {*v.metrics} else None,
        "rules": summaries.rules(runs, share, chosen),
        "removal": [] if features is None else refits.removal_rows(v, features, chosen),
    }


def _convergence(runs: dict[str, Run], metrics: Sequence[Metric]) -> list[refits.Row]:
    return [
        refits.Row(rule, [figures.convergence(v, metric) for metric in metrics])
        for rule, v in runs.items()
        if isinstance(v, Valuation)
    ]


def check_libraries() -> None:
    """Raises ImportError if jinja2 or matplotlib is not installed."""
    try:
        import_module("jinja2")
        import_module("matplotlib")
    except ImportError as error:
        raise ImportError(
            f"a report needs jinja2 and matplotlib ({error}): {installs('plot')}"
        ) from None


def _are_anonymous(features: Features | None) -> bool | None:
    """True if patients are anonymous, None if features made elsewhere do not say."""
    names = () if features is None else features.rows.dtype.names or ()
    if features is not None and ANONYMOUS in names and features.rows[ANONYMOUS].any():
        return True
    return False if SERIES in names else None


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
    """The hash with which a content security policy allows a script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
