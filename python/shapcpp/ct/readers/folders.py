"""The slices of a folder without a manifest."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from shapcpp.ct.readers import dicom
from shapcpp.ct.readers.bad_slices import BadSlices
from shapcpp.ct.readers.expansion import slices_in, with_header
from shapcpp.ct.readers.kinds import DICOM, KINDS, NIFTI, kind_of
from shapcpp.ct.readers.manifest import NAME
from shapcpp.ct.readers.pairing import paired
from shapcpp.ct.readers.slice_index import SliceIndex, SliceRef
from shapcpp.storage.names import STAGES

__all__ = ["index_folder", "same_slice"]

CLASS_FOLDERS = {"negative": 0, "0": 0, "positive": 1, "1": 1}


def index_folder(root: Path, masks: Path | None, bad: BadSlices) -> SliceIndex:
    """Lists the slices of all files of one kind in a folder and its sub-folders.

    Raises
    ------
    ValueError
        If the folder holds no slices or several kinds of files, or `masks` is given for slices
        that are not volumes.
    """
    found: dict[str, list[Path]] = {kind: [] for kind in KINDS}
    for kind, file in _files(root, bad):
        found[kind].append(file)
    kinds = [kind for kind in KINDS if found[kind]]
    if not kinds:
        raise ValueError(f"{root} holds no {NAME}, and no NIfTI volume, DICOM file or image")
    if len(kinds) > 1:
        raise ValueError(
            f"{root} holds {' and '.join(f'{len(found[kind])} {kind}s' for kind in kinds)}: name a "
            f"folder of one kind, or write a {NAME}"
        )
    kind, files = kinds[0], found[kinds[0]]
    if masks is not None and kind != NIFTI:
        raise ValueError(f"masks go with NIfTI volumes, and {root} holds {kind}s")
    index = SliceIndex(root, str(root), ())
    if kind == DICOM:
        return index.holding(_series(root, files, bad))
    if kind == NIFTI:
        pairs, masks_in = paired(root, files, masks)
        _note_unpaired(root, files, pairs, bad)
        index = replace(index, masks_in=masks_in)
    else:
        pairs = [(file, None) for file in files]
    slices: list[SliceRef] = []
    for file, mask in pairs:
        ref = _ref(root, file, kind, mask)
        with bad.guard(ref.where):
            slices += slices_in(ref, {})
    return index.holding(slices)


def _files(root: Path, bad: BadSlices) -> Iterator[tuple[str, Path]]:
    """Yields all files that hold slices, but hidden ones and results of `shapcpp reproduce`."""
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(
            name
            for name in subfolders
            if not name.startswith(".") and not (Path(folder) / name / STAGES).exists()
        )
        for name in sorted(names):
            file = Path(folder) / name
            kind = None if name.startswith(".") or name == "DICOMDIR" else kind_of(file)
            if kind is None:
                continue
            where = file.relative_to(root).as_posix()
            if any("\ud800" <= character <= "\udfff" for character in where):
                bad.leave_out(f"{where} has a name that is not UTF-8 text: rename it")
            else:
                yield kind, file


def _note_unpaired(
    root: Path,
    files: Sequence[Path],
    pairs: Sequence[tuple[Path, Path | None]],
    bad: BadSlices,
) -> None:
    used = {file for pair in pairs for file in pair}
    idle = [file for file in files if file not in used]
    if idle:
        bad.note(
            f"{len(idle)} of {len(files)} volumes of {root} are left out, as neither scans "
            f"with masks nor masks of these, the first is {idle[0].relative_to(root)}"
        )


def _ref(root: Path, file: Path, kind: str, mask: Path | None = None) -> SliceRef:
    name = file.relative_to(root)
    folders = [folder.lower() for folder in name.parts[:-1]]
    classes = [CLASS_FOLDERS[folder] for folder in folders if folder in CLASS_FOLDERS]
    return SliceRef(
        id=name.as_posix(),
        file=file,
        kind=kind,
        where=name.as_posix(),
        slice=None,
        label=classes[-1] if classes and mask is None else None,
        split=None,
        patient=None,
        mask=mask,
        extra={},
    )


def _series(root: Path, files: Sequence[Path], bad: BadSlices) -> Iterator[SliceRef]:
    headers: dict[str, tuple[Path, dicom.Header]] = {}
    for file in files:
        name, header = file.relative_to(root).as_posix(), None
        with bad.guard(name):
            header = dicom.read_header(file)
        if header is None:  # reports and structure sets lie beside slices
            continue
        first, _ = headers.setdefault(header.instance, (file, header))
        if first is not file:  # before slices are numbered
            same_slice(name, first.relative_to(root).as_posix(), header.instance, bad)

    def lost(file: Path, why: str) -> None:
        bad.leave_out(f"{file.relative_to(root).as_posix()} {why}")

    for file, header, number in dicom.in_order(headers.values(), lost):
        ref = with_header(_ref(root, file, DICOM), header)
        yield replace(ref, slice=number, extra={**ref.extra, "slice": str(number)})


def same_slice(name: str, first: str, identifier: str, bad: BadSlices) -> None:
    """Leaves out a slice that is there twice, or refuses it."""
    called = "" if identifier in f"{name} {first}" else f", {identifier}"
    bad.leave_out(f"{name} is the same slice as {first}{called}")
