"""Traces of a patient in features, results and report: every command, every byte it leaves."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydicom.uid import UID

import shapcpp
from leaks import leaks
from scans import dicom, nifti, pattern, write_csv, write_dicom, write_png
from shapcpp.cli.main import cli
from shapcpp.ct import encode, read_scans

PATIENTS, EACH = 6, 8
ROOT = "Planted_Root"
# Of a header, by keyword; each holds one of what is looked for, whatever the case of its letters.
TAGS: dict[str, Any] = {
    "PatientName": "Planted^Name",
    "PatientBirthDate": "19510203",
    "PatientAge": "066Y",
    "PatientAddress": "Planted Street 4",
    "PatientTelephoneNumbers": "Planted 0123",
    "OtherPatientIDs": "PlantedOtherId",
    "PatientComments": "Planted comment",
    "EthnicGroup": "PlantedGroup",
    "InstitutionName": "Planted Hospital",
    "InstitutionAddress": "Planted Square 1",
    "ReferringPhysicianName": "Planted^Physician",
    "PerformingPhysicianName": "Planted^Performer",
    "OperatorsName": "Planted^Operator",
    "StationName": "PLANTEDSTATION",
    "AccessionNumber": "PLANTED4711",
    "StudyID": "PLANTEDSTUDY",
    "StudyDescription": "Planted study",
    "SeriesDescription": "Planted series",
    "ProtocolName": "Planted protocol",
    "StudyInstanceUID": "1.2.840.7777777",
    "FrameOfReferenceUID": "1.2.840.8888888",
    "StudyDate": "20190504",
    "AcquisitionTime": "112233.445566",
    "DeviceSerialNumber": "PLANTEDSERIAL",
    "ImageComments": "Planted remark",
    "Manufacturer": "PlantedMaker",
}
PLANTED = ("planted", "19510203", "066Y", "1.2.840.7777777", "1.2.840.8888888", "20190504", "112233.44")  # fmt: skip
PATIENT = "MRN-77-"
SERIES, INSTANCE = "1.9.55", "1.9.66"


@pytest.fixture(autouse=True)
def _one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def series(folder: Path, called: str = "Planted") -> Path:
    """DICOM series, one of each patient, in folders and files that are called by patients."""
    for number in range(PATIENTS * EACH):
        patient, place = divmod(number, EACH)
        slice_ = dicom(
            pattern(number, 16).astype(np.uint16) * 10,
            f"{INSTANCE}.{number}",
            [0, 0, place],
            patient=f"{PATIENT}{patient}",
            series=f"{SERIES}.{patient}",
            **TAGS,
        )
        slice_.file_meta.ImplementationVersionName = "PLANTEDVERSION"
        slice_.file_meta.SourceApplicationEntityTitle = "PLANTEDTITLE"
        slice_.file_meta.PrivateInformationCreatorUID = UID("1.2.840.7777777")
        slice_.file_meta.PrivateInformation = b"Planted private information"
        slice_.private_block(0x0019, "PLANTEDMAKER", create=True).add_new(
            1, "LO", "Planted private"
        )
        slice_.preamble = b"Planted preamble".ljust(128)
        kind = "positive" if number % 2 else "negative"
        write_dicom(folder / ROOT / f"{called}{patient}" / kind / f"{called}{number}.dcm", slice_)
    return folder / ROOT


def plain_series(folder: Path) -> Path:
    """The same in files that tell nothing: without --anonymous the report shows where they are."""
    return series(folder, called="")


def pictures(folder: Path) -> Path:
    """Images in a manifest that names patients everywhere."""
    rows = []
    for number in range(PATIENTS * EACH):
        patient, place = divmod(number, EACH)
        name = f"Planted_Jane{patient}/1951-02-03_{number}.png"
        write_png(folder / ROOT / name, pattern(number, 16))
        who = f"{PATIENT}{patient}"
        rows.append((name, number % 2, who, place, "Planted remark", 4711000 + number, 19510203))
    header = "file,label,patient,slice,remark,accession,birth"
    write_csv(folder / ROOT / "manifest.csv", header, *rows)
    return folder / ROOT


def volumes(folder: Path) -> Path:
    """NIfTI volumes with masks, called by patients, with more in their headers."""
    for patient in range(PATIENTS):
        voxels = np.stack([pattern(patient * EACH + k, 16) for k in range(EACH)], axis=2)
        mask = np.zeros_like(voxels)
        mask[..., ::2] = 1
        for kind, array in (("images", voxels), ("masks", mask)):
            image = nifti(array)
            image.header["descrip"] = b"Planted description"
            image.header["db_name"] = b"Planted name"
            image.header["aux_file"] = b"Planted file"
            path = folder / ROOT / kind / f"Planted_Jane_{PATIENT}{patient}.nii.gz"
            path.parent.mkdir(parents=True, exist_ok=True)
            image.to_filename(path)
    return folder / ROOT


def all_commands(scans: Path, *options: str) -> None:
    """From scans to decisions applied, and the whole of it once more in one command."""

    def do(*arguments: object) -> None:
        cli.main([*map(str, arguments)], prog_name="shapcpp", standalone_mode=False)

    do("features", scans, "-o", "f.npy", "--size", 8, "--epochs", 2, "--capsules", 2,
       "--save-model", "m.pt", "--curve", "curve.csv", *options)  # fmt: skip
    do("features", scans, "-o", "again.npy", "--model", "m.pt", *options)
    do(
        "features",
        scans,
        "-o",
        "encoded.npy",
        "--encoder",
        "tiny_encoder:encode",
        "--size",
        8,
        *options,
    )
    slices = read_scans(scans, size=8, raw=True, anonymous="--anonymous" in options)
    encode(slices, "tiny_encoder:encode", checkpoint="encoded.npy.training")  # as a kill leaves it
    do("doubt", "encoded.npy", "-o", "encoded.npz")
    do("noise", "f.npy", "--rate", 0.2, "-o", "noisy.npy")
    do("value", "f.npy", "--perms", 20, "--trace", 5, "-o", "run.npz", "--csv", "values.csv")
    do("value", "f.npy", "--perms", 20, "--by-group", "-o", "by-group.npz")
    do("detect", "run.npz", "--fraction", 0.5, "--csv", "queue.csv")
    do("report", "run.npz", "--features", "f.npy", "--scans", scans, "--fraction", 0.5, "-o", "report.html")  # fmt: skip
    with open("queue.csv", newline="") as file:
        ids = [row["id"] for row in csv.DictReader(file)]
    write_csv(Path("decisions.csv"), "id,decision", (ids[0], "relabel"), (ids[-1], "keep"))
    do("relabel", "f.npy", "decisions.csv", "-o", "fixed.npy")
    do("doubt", "fixed.npy", "-o", "doubts.npz", "--csv", "doubts.csv")
    do("report", "doubts.npz", "--features", "fixed.npy", "--scans", scans, "--fraction", 0.5, "-o", "doubts.html")  # fmt: skip
    do("reproduce", "--data", scans, "-o", "results", "--size", 8, "--epochs", 1, "--perms", 20,
       "--noise", 25, *options)  # fmt: skip


@pytest.mark.parametrize(
    ("make", "options", "forbidden", "kept"),
    [
        (plain_series, (), (), (PATIENT, SERIES, INSTANCE)),
        (series, ("--anonymous",), (PATIENT, SERIES), (INSTANCE,)),
        (pictures, ("--anonymous",), (PATIENT, "1951-02-03", "4711000"), ("slice-",)),
        (volumes, ("--anonymous",), (PATIENT, ".nii.gz"), ("slice-",)),
    ],
)
def test_nothing_else_of_a_patient_is_left_behind(
    make: Callable[[Path], Path],
    options: tuple[str, ...],
    forbidden: tuple[str, ...],
    kept: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    scans, work = make(tmp_path / "scans"), tmp_path / "work"
    assert leaks(PLANTED[:1], scans)  # so that what is there is found
    work.mkdir()
    monkeypatch.chdir(work)
    all_commands(scans, *options)
    assert leaks([*PLANTED, *forbidden], work, *capfd.readouterr()) == []

    files = ("f.npy", "encoded.npy", "encoded.npz", "run.npz", "report.html", "queue.csv",
             "results/features-25.npy")  # fmt: skip
    for file in files:
        for word in kept:
            assert word == SERIES or [one for one in leaks([word], work) if f" in {file}" in one]
    groups = shapcpp.read_features("f.npy").rows["group"]
    names = [str(n + 1) if options else f"{PATIENT}{n}" for n in range(PATIENTS)]
    assert groups.tolist() == np.repeat(names, EACH).tolist()
    assert "data:image/jpeg" in Path("report.html").read_text()
    beside = [path.name for path in Path("report-slices").iterdir()]
    assert beside
    assert all(re.fullmatch(r"[0-9a-f]{16}\.jpg", name) for name in beside)


@pytest.mark.parametrize("anonymous", [False, True])
def test_readers_are_named_by_nobody_but_who_named_their_columns(
    anonymous: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    scans, work = plain_series(tmp_path / "scans"), tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    rng = np.random.default_rng(0)
    files = sorted(str(path.relative_to(scans)) for path in scans.rglob("*.dcm"))
    first = np.arange(len(files)) % 2
    second = np.where(rng.random(len(files)) < 0.2, 1 - first, first)
    rows = zip(files, first, second, strict=True)
    table = write_csv(tmp_path / "readers.csv", "file,Dr Watched,Dr Seen", *rows)
    options = ["--anonymous"] if anonymous else []
    names = ("reader_1", "reader_2") if anonymous else ("Dr Watched", "Dr Seen")
    columns = [word for name in ("Dr Watched", "Dr Seen") for word in ("--label-column", name)]
    kept = [word for name in names for word in ("--label-column", name)]

    def do(*arguments: object) -> None:
        cli.main([*map(str, arguments)], prog_name="shapcpp", standalone_mode=False)

    do("features", scans, "--labels", table, *columns, *options, "-o", "f.npy", "--size", 8,
       "--epochs", 1, "--capsules", 2)  # fmt: skip
    do("doubt", "f.npy", *kept, "-o", "r.npz", "--csv", "r.csv")
    do("report", "r.npz", "--features", "f.npy", "--scans", scans, "-o", "r.html")
    do("value", "f.npy", "--perms", 3, "-o", "run.npz")
    said = capfd.readouterr()
    assert leaks(PLANTED, work, *said) == []
    found = leaks(["watched"], work, *said)
    assert bool(found) is not anonymous
    assert not [one for one in found if " in run.npz" in one]
