"""The slices of a folder without a manifest."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from shapcpp.ct.readers.bad_slices import BadSlices
from shapcpp.ct.readers.dicom_headers import Header, read_header
from shapcpp.ct.readers.expansion import slices_in, with_header
from shapcpp.ct.readers.kinds import DICOM, KINDS, NIFTI, kind_of
from shapcpp.ct.readers.left_out import LeftOut
from shapcpp.ct.readers.manifest import NAMES
from shapcpp.ct.readers.pairing import paired
from shapcpp.ct.readers.series import in_order, outside_series
from shapcpp.ct.readers.slice_index import SliceIndex, SliceRef
from shapcpp.ct.readers.uniqueness import unique
from shapcpp.storage.names import STAGES

__all__ = ["index_folder"]

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
        raise ValueError(f"{root} holds no {NAMES[0]}, and no NIfTI volume, DICOM file or image")
    if len(kinds) > 1:
        raise ValueError(
            f"{root} holds {' and '.join(f'{len(found[kind])} {kind}s' for kind in kinds)}: name a "
            f"folder of one kind, or write a {NAMES[0]}"
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
    """Yields all files that hold slices, except hidden ones and results of `shapcpp reproduce`."""
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
    """Yields the axial CT images of a folder, numbered in their series."""
    left_out = LeftOut()
    headers: dict[Path, Header] = {}
    for file in files:
        with bad.guard(file.relative_to(root).as_posix()):
            headers[file] = read_header(file)
    fit = [(file, header) for file, header in headers.items() if not header.unfit]
    for header in headers.values():
        if header.unfit:
            left_out.add(header.unfit)
    outside = outside_series(fit)
    for _ in range(sum(outside)):
        left_out.add("single image without a place")
    kept = [file for (file, _), is_outside in zip(fit, outside, strict=True) if not is_outside]
    left_out.report(str(root), len(kept), bad.note)

    refs = (with_header(_ref(root, file, DICOM), headers[file]) for file in kept)
    members = [(ref, headers[ref.file]) for ref in unique(refs, bad)]  # before they are numbered

    def lost(ref: SliceRef, why: str) -> None:
        bad.leave_out(f"{ref.where} {why}")

    for ref, _, number in in_order(members, lost, bad.note):
        yield replace(ref, slice=number, extra={**ref.extra, "slice": str(number)})
