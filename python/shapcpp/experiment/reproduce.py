"""reproduce(): from scans to the paper's table, in one call that can be stopped and repeated."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shapcpp import __version__
from shapcpp.ct.libraries import library
from shapcpp.ct.readers.split_drawing import Counts
from shapcpp.experiment import tables
from shapcpp.experiment.protocol import FlippedLabels
from shapcpp.experiment.scans import ScanSource
from shapcpp.experiment.settings import PHANTOM, Settings
from shapcpp.experiment.stages import Facts, Progress, Stages
from shapcpp.progress import progress_bar
from shapcpp.report import Experiment, figure2, figure3, paper_table, report
from shapcpp.report.page import check_libraries
from shapcpp.results.valuation import Valuation
from shapcpp.storage import files

__all__ = ["Reproduction", "reproduce"]

TITLE = "Which labels to doubt"  # never the name of a folder, which may be a patient's


@dataclass(frozen=True, eq=False)
class Reproduction:
    """The results of `reproduce`.

    Attributes
    ----------
    folder : path
        The folder of all files.
    experiments : tuple of Experiment
        One for each noise rate, in order, with its runs under both one-class rules.
    table : numpy.recarray
        Table 2, with the fields noise, fraction, single_class, direction, metric, found, paper:
        one row per experiment, share of the values looked at (the share flipped, and 30%),
        one-class rule, direction and metric. ``found`` is the share of the labels flipped in
        that direction that are among the lowest values; ``paper`` is the paper's number, or nan.
    networks : tuple of dict
        Per experiment: noise, epochs, best_epoch, val_auc, test_auc.
    institutions : tuple of dict
        With ``groups=``, for each experiment, judge, institution and metric: noise, institution,
        samples, flipped, judge ("" for all test rows), metric, value, stderr, left_out,
        samples_sum, samples_sum_stderr; None where unknown.
    """

    folder: Path
    experiments: tuple[Experiment, ...]
    table: np.recarray[Any, Any]
    networks: tuple[dict[str, Any], ...]
    institutions: tuple[dict[str, Any], ...] = ()


def reproduce(
    output: files.PathLike,
    data: files.PathLike = PHANTOM,
    *,
    sources: str = "one",
    size: int = 64,
    epochs: int = 100,
    patience: int = 5,
    permutations: int = 2000,
    noise: Sequence[float] = (0.1, 0.2, 0.3),
    split: str | None = None,
    counts: Counts | None = None,
    labels: files.PathLike | None = None,
    label_column: str = "label",
    file_column: str | None = None,
    positive: Sequence[str] = (),
    masks: files.PathLike | None = None,
    min_lesion: int = 1,
    lesion_values: str | None = None,
    anonymous: bool = False,
    skip_bad: bool = False,
    routing: int = 3,
    C: float = 1.0,
    scale: str | None = None,
    seed: int = 0,
    device: str = "cpu",
    groups: str | None = None,
    progress: bool = False,
    say: Callable[[str], object] | None = None,
) -> Reproduction:
    """Repeats the experiments of Enshaei et al., from scans to Table 2, figures and report.

    For each noise rate, training labels are flipped, the capsule network learns them (its
    validation labels are clean), its features are valued under both one-class rules, and the
    flipped labels are looked for among the lowest values. Every finished stage is kept with
    its inputs: the same call continues where an earlier one ended, however it ended, and a
    changed argument repeats only the stages that depend on it. Training continues from its
    last epoch, a valuation from its last minute.

    Parameters
    ----------
    output : path-like
        A folder for all files, created if absent: ``features-10.npy``, ``run-10.npz``,
        ``run-10-carry.npz``, ``model-10.pt``, ``curve-10.csv`` and so on, ``table2.csv``,
        ``scores.csv``, ``networks.csv``, ``figure2.png``, ``figure3.png``, ``report.html``.
    data : path-like, default "phantom"
        Scans, as for `read_scans`, or "phantom": chest CT of imaginary patients, made here.
    sources : {"one", "two"}, default "one"
        "two": the phantom's positives and negatives come from scanners that differ, as those of
        the paper do. See `write_phantom`.
    size : int, default 64
        Pixels along each side of a slice; the paper's 512 needs a GPU.
    epochs, patience : int, default 100 and 5
        As for `train`.
    permutations : int, default 2000
        As for `value`.
    noise : sequence of float, default (0.1, 0.2, 0.3)
        Shares of each class to flip, one experiment for each; 0 flips nothing.
    split : {"file", "patient", "random"}, optional
        As for `read_scans`.
    counts : mapping of str to (int, int) or to a mapping, optional
        Positives and negatives of each split, or numbers by class, as for `read_scans`; the
        phantom is made with numbers of positives and negatives (default: the paper's).
    labels, label_column, file_column, positive, masks, min_lesion, lesion_values, anonymous,
    skip_bad
        As for `read_scans`.
    routing : int, default 3
        Routing iterations of the network.
    C : float, default 1.0
        As for `value`.
    scale : "standard" or None, default None
        As for `value`.
    seed : int, default 0
        Determines the phantom, the split, the flips, the trainings and the permutations.
    device : str, default "cpu"
        "cpu" or "cuda". A stage done on one is not repeated on the other.
    groups : str, optional
        A column of the slices that names the institution of each, such as "hospital" in a
        manifest, or "group", the patient. Institutions are then valued too, under ``"constant"``:
        ``groups-10.csv`` and so on, and `Reproduction.institutions`. A value is what an institution
        adds as institutions join one another whole, in random order, judged by all test rows and
        by those of each institution. Beside it are the score lost where it alone stays away, and
        the sum of its samples' values, which join one by one.
    progress : bool, default False
        Print a line for each stage on stderr, with a progress bar if that is a terminal.
    say : callable, optional
        With `progress`, called with each line in place of printing it.

    Returns
    -------
    Reproduction

    Raises
    ------
    ImportError
        If a library of the extras ``ct`` and ``plot`` is missing.
    OSError
        If a file cannot be read or written. If only tables, figures or the report are missing,
        its ``.partial`` is the Reproduction.
    TypeError, ValueError
        For the first bad argument, before any long work; for bad scans, as from `read_scans`;
        if the record of finished stages is damaged, or another call is using the same folder.
    KeyboardInterrupt
        On Ctrl-C; finished stages are kept.

    Notes
    -----
    Enshaei et al., *Data Shapley value for handling noisy labels: an application in screening
    COVID-19 pneumonia from chest CT scans*.
    """
    settings = Settings(
        data=data,
        size=size,
        epochs=epochs,
        patience=patience,
        permutations=permutations,
        noise=tuple(noise),
        split=split,
        counts=counts,
        labels=labels,
        label_column=label_column,
        file_column=file_column,
        positive=tuple(positive),
        masks=masks,
        min_lesion=min_lesion,
        lesion_values=lesion_values,
        anonymous=anonymous,
        skip_bad=skip_bad,
        routing=routing,
        C=C,
        scale=scale,
        seed=seed,
        device=device,
        sources=sources,
        groups=groups,
    )
    library("torch", "the capsule network")
    check_libraries()
    from shapcpp.ct.network.devices import find_device

    find_device(device)
    if not settings.is_phantom and os.path.realpath(output) == os.path.realpath(data):
        raise ValueError(f"{output} is the folder of the scans: name another for the results")
    with _alone(Path(output)):
        stages = Stages(output, say or _say, progress_bar) if progress else Stages(output)
        scans = ScanSource(settings, stages)
        flipped = [FlippedLabels(rate, settings, scans, stages) for rate in settings.noise]
        for one in flipped:
            one.do()
        experiments = [one.result() for one in flipped]
        networks = [{"noise": one.noise} | one.network | one.auc for one in flipped]
        found: Any = paper_table([one for one in experiments if one.noise])
        table = found[list(tables.TABLE2)]
        institutions = tuple(row for one in flipped for row in one.institutions)
        done = Reproduction(stages.folder, tuple(experiments), table, tuple(networks), institutions)
        noisiest = int(np.argmax(settings.noise))
        try:
            _write_tables(stages, flipped, experiments, table, networks)
            _draw_figures(stages, flipped[noisiest], experiments[noisiest])
            _write_report(stages, settings, scans, flipped, noisiest, experiments)
        except OSError as error:
            error.partial = done  # type: ignore[attr-defined]
            raise
        if others := stages.others():
            stages.say(f"{'folder':<18} of earlier calls, not in these tables: {', '.join(others)}")
    return done


def _write_tables(
    stages: Stages,
    flipped: Sequence[FlippedLabels],
    experiments: Sequence[Experiment],
    table: np.recarray[Any, Any],
    networks: Sequence[Facts],
) -> None:
    def work(_: Progress) -> Facts:
        tables.write_rows(stages.path("table2.csv"), tables.TABLE2, table.tolist())
        rows = tables.score_rows(experiments)
        tables.write_rows(stages.path("scores.csv"), tables.SCORES, rows)
        of_networks = [[facts[name] for name in tables.NETWORK] for facts in networks]
        tables.write_rows(stages.path("networks.csv"), tables.NETWORK, of_networks)
        return {"rows": len(table)}

    inputs = _inputs(stages, flipped) | {"networks": list(networks)}
    stages.do("tables", inputs, ["table2.csv", "scores.csv", "networks.csv"], work)


def _draw_figures(stages: Stages, flipped: FlippedLabels, experiment: Experiment) -> None:
    def work(progress: Progress) -> Facts:
        runs = {rule: v for rule, v in experiment.rules.items() if isinstance(v, Valuation)}
        figure2(runs, path=stages.path("figure2.png"))
        progress(1, 2)
        figure3(experiment.run, stages.path("figure3.png"))
        progress(2, 2)
        return {}

    stages.do("figures", _inputs(stages, [flipped]), ["figure2.png", "figure3.png"], work)


def _write_report(
    stages: Stages,
    settings: Settings,
    scans: ScanSource,
    flipped: Sequence[FlippedLabels],
    shown: int,
    experiments: Sequence[Experiment],
) -> None:
    def work(_: Progress) -> Facts:
        experiment = experiments[shown]
        report(
            experiment.run,
            stages.path(flipped[shown].features_file),
            scans.path,
            stages.path("report.html"),
            masks=settings.masks,
            carry=experiment.carry,
            experiments=[one for one in experiments if one.noise],
            title=TITLE + ": a phantom" if settings.is_phantom else TITLE,
            neighbours=0,
        )
        return {}

    inputs = _inputs(stages, flipped) | scans.inputs | {"shown": shown}
    inputs |= {"auc": [dict(one.auc) for one in experiments]}
    stages.do("report", inputs, ["report.html"], work)


def _inputs(stages: Stages, flipped: Sequence[FlippedLabels]) -> dict[str, Any]:
    names = [name for one in flipped for name in one.value_stages]
    return {"version": __version__, **stages.of(*names)}


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Locks a folder, since two calls working in it would mix their files and records."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(f"another reproduction is at work in {folder}") from None
        yield
