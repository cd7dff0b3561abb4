"""A folder as a hospital has it: 60 patients, each with more than axial CT, and a spreadsheet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from scans import dicom, write_dicom

PATIENTS, EACH, SIDE = 60, 6, 16
FIRST, SECOND = "Dr. A (2019)", "Dr. B"
SECOND_ONLY = 7  # slices that only the second reader labelled
SORTS = {"scout": 1, "PET": 2, "dose report": 1}  # other files of each patient
PET, DOSE = "1.2.840.10008.5.1.4.1.1.128", "1.2.840.10008.5.1.4.1.1.88.67"


def has_lesion(patient: int, number: int) -> bool:
    """Half of the patients have a lesion in three of their slices."""
    return patient % 2 == 0 and 1 <= number <= 3


def ct(patient: int, number: int) -> Any:
    """A round body of 40 HU with a lesion of 400 HU, in 12 bits without a sign."""
    rng = np.random.default_rng([patient, number])
    rows, columns = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    units = np.where(np.hypot(rows, columns) < 7, 40, -1000) + rng.normal(0, 15, (SIDE, SIDE))
    if has_lesion(patient, number):
        at = rng.integers(4, 11, 2)
        units[at[0] : at[0] + 3, at[1] : at[1] + 3] = 400
    return (np.clip(units, -1024, 3071) + 1024).astype(np.uint16)


def write_patient(folder: Path, patient: int) -> None:
    tags: dict[str, Any] = {
        "patient": f"{7_000_000 + patient}", "StudyInstanceUID": f"1.5.{patient}",
        "RescaleSlope": 1, "RescaleIntercept": -1024,
    }  # fmt: skip
    pixels = ct(patient, 0)
    scout = dicom(pixels, f"1.6.{patient}", series=f"1.1.{patient}", Modality="CT",
                  ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"], orientation=[0, 1, 0, 0, 0, -1], **tags)  # fmt: skip
    write_dicom(folder / "1_Scout" / "IM0001", scout)
    for number in range(EACH):
        slice_ = dicom(ct(patient, number), f"1.7.{patient}.{number}", [0, 0, 3 * number],
                       series=f"1.2.{patient}", Modality="CT", InstanceNumber=EACH - number, **tags)  # fmt: skip
        write_dicom(folder / "2_Thorax" / f"IM{number + 1:04d}", slice_)
    for number in range(2):
        pet = dicom(pixels, f"1.8.{patient}.{number}", [0, 0, 3 * number], series=f"1.3.{patient}",
                    Modality="PT", SOPClassUID=PET, **tags)  # fmt: skip
        write_dicom(folder / "3_PET" / f"IM{number + 1:04d}", pet)
    no_pixels = {"Rows": None, "Columns": None, "PixelData": None}
    report = dicom(pixels, f"1.9.{patient}", series=f"1.4.{patient}", Modality="SR",
                   SOPClassUID=DOSE, **{**tags, **no_pixels})  # fmt: skip
    write_dicom(folder / "9_Dose" / "SR0001", report)


def write_hospital(root: Path) -> Path:
    """Writes the folder; the spreadsheet beside it, as a program with decimal commas writes it.

    It has a title, yes and no, capitals, gaps of either reader and of both, paths with
    backslashes, an empty column and lines of nothing.
    """
    lines = ["Readings of the reading group;;;;", f"Datei;Patient;{FIRST};{SECOND};"]
    for patient in range(PATIENTS):
        write_patient(root / f"Pat{patient:03d}", patient)
        for number in range(EACH):
            label = has_lesion(patient, number)
            second = label ^ (patient % 10 == 4 and number == 2)
            first: bool | None = label ^ (patient == 6 and number == 5)
            words = {True: "Yes", False: "no", None: ""}
            seen: bool | None = second
            if number == 4 and patient % 3 == 0:
                seen = None  # 20 slices that the second reader left out
            if number == 0 and patient < SECOND_ONLY:
                first = None
            if number == 5 and patient in (8, 9):
                first = seen = None
            path = f"Pat{patient:03d}\\2_Thorax\\IM{number + 1:04d}"
            lines.append(f"{path};{7_000_000 + patient};{words[first]};{words[seen]};")
        if patient % 20 == 0:
            lines.append(";;;;")
    table = root.parent / "readings.csv"
    table.write_text("\r\n".join(lines) + "\r\n", encoding="cp1252")
    return root
