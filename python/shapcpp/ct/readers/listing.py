"""Which slices there are: from a manifest, or from the files of a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from shapcpp.ct.libraries import quiet
from shapcpp.ct.readers import dicom, images, nifti
from shapcpp.ct.readers.bad_slices import BadSlices
from shapcpp.ct.readers.manifest import NAME, Manifest, Row, read_manifest
from shapcpp.ct.readers.pairing import paired

__all__ = ["DICOM", "IMAGE", "NIFTI", "SERIES", "Listing", "Scan", "listed", "named"]

KINDS = ("NIfTI volume", "DICOM file", "image file")
NIFTI, DICOM, IMAGE = KINDS
SUFFIXES = {NIFTI: nifti.SUFFIXES, DICOM: dicom.SUFFIXES, IMAGE: images.SUFFIXES}
RESULTS = "stages.json"  # of `shapcpp reproduce`: the pictures beside it are no scans
SERIES = "series"  # column of a DICOM slice; none that is anonymous has it
CLASS_FOLDERS = {"negative": 0, "0": 0, "positive": 1, "1": 1}


@dataclass(frozen=True)
class Scan:
    """One slice that can be read; what is not known of it is None.

    Attributes
    ----------
    id : str
        SOPInstanceUID of a DICOM slice; file and slice number of a volume's ("a.nii:12");
        file of an image, relative to the scans.
    file : path
        Where its pixels are.
    kind : str
        One of `KINDS`.
    where : str
        What error messages call it.
    slice : int or None
        Number in the volume or series.
    label : int or None
        0 or 1.
    split, patient : str or None
        Split and patient. Where no patient is named, slices of one volume or series are
        at least of one patient: it is called by the file or the SeriesInstanceUID.
    mask : path or None
        Its lesion mask.
    extra : mapping of str to str
        Further columns.
    """

    id: str
    file: Path
    kind: str
    where: str
    slice: int | None
    label: int | None
    split: str | None
    patient: str | None
    mask: Path | None
    extra: Mapping[str, str]


@dataclass(frozen=True)
class Listing:
    """The slices of a folder or manifest.

    Attributes
    ----------
    root : path
        What relative paths are relative to.
    source : str
        What error messages call the whole.
    scans : list of Scan
        The slices.
    manifest : Manifest or None
        Where they come from, if it is one.
    masks_in : str
        Where masks were looked for.
    """

    root: Path
    source: str
    scans: list[Scan]
    manifest: Manifest | None
    masks_in: str = ""


def named(scans: Sequence[Scan]) -> str:
    """What error messages call some slices of one file."""
    more = f" and {len(scans) - 1} more of its slices" if len(scans) > 1 else ""
    return f"{scans[0].where}{more}"


def listed(
    path: str | os.PathLike[str],
    label_column: str,
    masks: str | os.PathLike[str] | None,
    bad: BadSlices,
) -> Listing:
    """Lists the slices of a folder or manifest, headers read, pixels not."""
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(2, "no such file or folder", str(path))
    if masks is not None and not Path(masks).is_dir():
        raise NotADirectoryError(20, "masks must be a folder", str(masks))
    manifest = path / NAME if path.is_dir() else path
    if manifest.suffix.lower() != ".csv":
        raise ValueError(f"{path} is neither a folder of scans nor a manifest (.csv)")
    with quiet():
        if not manifest.is_file():
            listing = _of_folder(path, None if masks is None else Path(masks), bad)
        elif masks is None:
            listing = _of_manifest(manifest, label_column, bad)
        else:
            raise ValueError(f"{manifest} says which masks there are: leave out masks")
    if not listing.scans:
        raise ValueError(f"{path} holds no slice that can be read")
    return _unique(listing, bad)


def _kind(path: Path) -> str | None:
    name = path.name.lower()
    for kind, suffixes in SUFFIXES.items():
        if name.endswith(suffixes):
            return kind
    return DICOM if path.is_file() and dicom.looks_like_dicom(path) else None


def _is_text(name: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _of_manifest(path: Path, label_column: str, bad: BadSlices) -> Listing:
    manifest = read_manifest(path, label_column)
    root = path.parent
    scans = list(_expanded(root, manifest.rows, bad))
    return Listing(root, str(path), scans, manifest)


def _expanded(root: Path, rows: Iterable[Row], bad: BadSlices) -> Iterator[Scan]:
    lengths: dict[Path, int] = {}
    for row in rows:
        file = root / row.file
        where = f"{row.file} ({row.where})"
        with bad.told(where):
            scan = Scan(
                id=Path(os.path.normpath(row.file)).as_posix(),
                file=file,
                kind=_known_kind(file),
                where=where,
                slice=row.slice,
                label=row.label,
                split=row.split,
                patient=row.patient,
                mask=None if row.mask is None else root / row.mask,
                extra=row.extra,
            )
            yield from _slices(scan, lengths)


def _known_kind(file: Path) -> str:
    if not file.is_file():
        raise FileNotFoundError(2, "no such file", str(file))
    kind = _kind(file)
    if kind is None:
        raise ValueError("it is neither NIfTI, nor DICOM, nor an image")
    return kind


def _slices(scan: Scan, lengths: dict[Path, int]) -> list[Scan]:
    """The slices that one row or file stands for."""
    if scan.kind == IMAGE:
        return [scan]
    if scan.kind == DICOM:
        header = dicom.read_header(scan.file)
        if header is None:
            raise ValueError("it holds no pixels")
        return [_of_header(scan, header)]
    if scan.file not in lengths:
        lengths[scan.file] = nifti.Volume(scan.file).n_slices
    count = lengths[scan.file]
    if scan.slice is not None and scan.slice >= count:
        raise ValueError(f"slice {scan.slice} is asked for, and its {count} slices count from 0")
    return [
        replace(
            scan,
            id=f"{scan.id}:{number}",
            where=f"{scan.where}, slice {number}",
            slice=number,
            patient=scan.patient or scan.id[: scan.id.lower().rindex(".nii")],
            extra={**scan.extra, "slice": str(number)},
        )
        for number in (range(count) if scan.slice is None else [scan.slice])
    ]


def _of_header(scan: Scan, header: dicom.Header) -> Scan:
    return replace(
        scan,
        id=header.instance,
        patient=scan.patient or header.patient or header.series or None,
        extra={SERIES: header.series, **scan.extra},
    )


def _of_folder(root: Path, masks: Path | None, bad: BadSlices) -> Listing:
    found: dict[str, list[Path]] = {kind: [] for kind in KINDS}
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(
            name
            for name in subfolders
            if not name.startswith(".") and not (Path(folder) / name / RESULTS).exists()
        )
        for name in sorted(names):
            file = Path(folder) / name
            kind = None if name.startswith(".") or name == "DICOMDIR" else _kind(file)
            if kind is None:
                continue
            if not _is_text(where := file.relative_to(root).as_posix()):
                bad.left_out(f"{where} has a name that is not UTF-8 text: rename it")
                continue
            found[kind].append(file)
    kinds = [kind for kind in KINDS if found[kind]]
    if not kinds:
        raise ValueError(f"{root} holds no {NAME}, and no NIfTI volume, DICOM file or image")
    if len(kinds) > 1:
        raise ValueError(
            f"{root} holds {' and '.join(f'{len(found[kind])} {kind}s' for kind in kinds)}: name a "
            f"folder of one kind, or write a {NAME}"
        )
    files = found[kinds[0]]
    if masks is not None and kinds[0] != NIFTI:
        raise ValueError(f"masks go with NIfTI volumes, and {root} holds {kinds[0]}s")
    if kinds[0] == DICOM:
        return Listing(root, str(root), _series(root, files, bad), None)
    pairs: list[tuple[Path, Path | None]] = [(file, None) for file in files]
    masks_in = ""
    if kinds[0] == NIFTI:
        pairs, masks_in = paired(root, files, masks)
        used = {file for pair in pairs for file in pair}
        idle = [file for file in files if file not in used]
        if idle:
            bad.note(
                f"{len(idle)} of {len(files)} volumes of {root} are left out, as neither scans "
                f"with masks nor masks of these, the first is {idle[0].relative_to(root)}"
            )
    scans: list[Scan] = []
    for file, mask in pairs:
        scan = _of_file(root, file, kinds[0], mask)
        with bad.told(scan.where):
            scans += _slices(scan, {})
    return Listing(root, str(root), scans, None, masks_in)


def _of_file(root: Path, file: Path, kind: str, mask: Path | None = None) -> Scan:
    name = file.relative_to(root)
    folders = [folder.lower() for folder in name.parts[:-1]]
    classes = [CLASS_FOLDERS[folder] for folder in folders if folder in CLASS_FOLDERS]
    return Scan(
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


def _series(root: Path, files: list[Path], bad: BadSlices) -> list[Scan]:
    headers: dict[str, tuple[Path, dicom.Header]] = {}
    for file in files:
        name, header = file.relative_to(root).as_posix(), None
        with bad.told(name):
            header = dicom.read_header(file)
        if header is None:  # reports and structure sets lie beside slices
            continue
        first, _ = headers.setdefault(header.instance, (file, header))
        if first is not file:  # before they are numbered
            _same(name, first.relative_to(root).as_posix(), header.instance, bad)

    def lost(file: Path, why: str) -> None:
        bad.left_out(f"{file.relative_to(root).as_posix()} {why}")

    scans = []
    for file, header, number in dicom.in_order(headers.values(), lost):
        scan = _of_header(_of_file(root, file, DICOM), header)
        scans.append(replace(scan, slice=number, extra={**scan.extra, "slice": str(number)}))
    return scans


def _unique(listing: Listing, bad: BadSlices) -> Listing:
    """The listing in which no slice is twice, under one name or, by links and "..", under two."""
    kept: list[Scan] = []
    first: dict[tuple[str, int | None] | str, Scan] = {}
    for scan in listing.scans:
        place = (os.path.realpath(scan.file), scan.slice if scan.kind == NIFTI else None)
        other = first.setdefault(scan.id, first.setdefault(place, scan))
        if other is scan:
            kept.append(scan)
        else:
            _same(scan.where, other.where, scan.id, bad)
    return replace(listing, scans=kept)


def _same(name: str, first: str, identifier: str, bad: BadSlices) -> None:
    called = "" if identifier in f"{name} {first}" else f", {identifier}"
    bad.left_out(f"{name} is the same slice as {first}{called}")
