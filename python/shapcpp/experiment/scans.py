"""The scans of an experiment, the phantom or the user's own, read only if a stage needs them."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from shapcpp.experiment.institutions import check_column, check_names, names_of
from shapcpp.experiment.settings import PHANTOM, Settings
from shapcpp.experiment.stages import Facts, Progress, Stages, fingerprint, fingerprint_by_time
from shapcpp.storage import files

if TYPE_CHECKING:
    from shapcpp.ct.slices import Slices

__all__ = ["ScanSource"]


class ScanSource:
    """Finds, or if needed makes, the scans of an experiment.

    Parameters
    ----------
    settings : Settings
        The scans, and how to read them.
    stages : Stages
        The stages, one of which makes the phantom.

    Attributes
    ----------
    path : path-like
        The scans for `read_scans`.
    inputs : dict of str
        Everything that the slices depend on, in types that JSON can hold.
    """

    def __init__(self, settings: Settings, stages: Stages) -> None:
        from shapcpp.ct.readers.reading import READING

        self._settings, self._stages = settings, stages
        self._slices: Slices | None = None
        if settings.is_phantom:
            self.path: files.PathLike = stages.path(PHANTOM)
            mark = self._make_phantom()
        else:
            self.path = settings.data
            mark = self._mark()
        reading = settings.reading | {"version": READING}
        self.inputs: dict[str, Any] = {"scans": mark, "reading": reading}

    def slices(self, progress: Progress) -> Slices:
        """Returns all slices, which the first call reads."""
        if self._slices is None:
            self._slices = self._read(progress)
        return self._slices

    def _read(self, progress: Progress) -> Slices:
        from shapcpp.ct.readers.reading import read_scans

        settings = self._settings
        drawn = not settings.is_phantom or settings.split == "random"
        notes: list[str] = []
        slices = read_scans(
            self.path,
            size=settings.size,
            labels=settings.labels,
            label_column=settings.label_column,
            file_column=settings.file_column,
            positive=settings.positive,
            masks=settings.masks,
            min_lesion=settings.min_lesion,
            lesion_values=settings.lesion_values,
            split=settings.split,
            counts=self._counts if drawn else None,
            seed=settings.seed,
            anonymous=settings.anonymous,
            skip_bad=settings.skip_bad,
            needed=("train", "val", "test"),
            progress=progress,
            note=notes.append,
        )
        if "true_label" in slices.extra:  # errors of the data would count as injected
            notes.append(
                "the column true_label is left out: here the labels before the flips are the truth"
            )
            extra = {name: c for name, c in slices.extra.items() if name != "true_label"}
            slices = replace(slices, extra=extra)
        notes += [f"{split}: {slices.counted(split)}" for split in ("train", "val", "test")]
        for sentence in notes:
            self._stages.say(f"{'scans':<18} {sentence}")
        if settings.groups is not None:  # told before the training
            patients = {} if slices.patient is None else {"group": slices.patient}
            columns = {**slices.extra, **patients}
            check_column(settings.groups, columns)
            names = names_of(columns[settings.groups])
            check_names(settings.groups, *(names[slices.split == s] for s in ("train", "test")))
        return slices

    @property
    def _counts(self) -> Any:
        from shapcpp.ct.phantom.study import PAPER_COUNTS

        counts = self._settings.counts
        return PAPER_COUNTS if counts is None and self._settings.is_phantom else counts

    def _make_phantom(self) -> str:
        from shapcpp.ct.phantom.study import DRAWING, write_phantom

        settings = self._settings
        counts = {split: list(pair) for split, pair in self._counts.items()}

        def work(progress: Progress) -> Facts:
            write_phantom(
                self.path,
                size=settings.size,
                seed=settings.seed,
                counts=self._counts,
                sources=settings.sources,
                progress=progress,
            )
            return {"slices": sum(map(sum, counts.values()))}

        inputs = {
            "version": DRAWING,
            "size": settings.size,
            "seed": settings.seed,
            "counts": counts,
        }
        if settings.sources != "one":  # phantoms of one source were made before there were two
            inputs["sources"] = settings.sources
        self._stages.do(PHANTOM, inputs, [PHANTOM], work)
        return self._stages.of(PHANTOM)[PHANTOM]

    def _mark(self) -> str:
        """Fingerprints the files of scans, masks and labels, and their relations."""
        from shapcpp.ct.readers.bad_slices import BadSlices, silent
        from shapcpp.ct.readers.indexing import index_slices
        from shapcpp.ct.readers.manifest import Columns

        settings = self._settings
        bad = BadSlices(settings.skip_bad, silent)
        columns = Columns(settings.label_column, settings.file_column, settings.positive)
        index = index_slices(settings.data, columns, settings.masks, bad)
        paths = [file for one in index.slices for file in (one.file, one.mask) if file]
        roles = [
            [one.id, one.label, one.split, one.patient]
            + [os.path.relpath(file, index.root) for file in (one.file, one.mask) if file]
            for one in index.slices
        ]
        tables = [settings.labels] if settings.labels is not None else []
        if index.manifest is not None:
            tables.append(index.manifest.path)
        marks = [hashlib.sha256(json.dumps(roles).encode()).hexdigest()]
        marks += [fingerprint_by_time(paths, index.root), *map(fingerprint, tables)]
        return " ".join(marks)
