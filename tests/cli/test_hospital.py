"""A folder as a hospital has it, from scans to page in three commands that name columns only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import shapcpp
from command import shapcpp_cli
from hospital import EACH, FIRST, PATIENTS, SECOND, SECOND_ONLY, has_lesion, write_hospital

READERS = ("--label-column", FIRST, "--label-column", SECOND)
QUICK = ("--size", 16, "--epochs", 2, "--capsules", 4)


@pytest.fixture(name="work", scope="module")
def _work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("hospital")
    write_hospital(work / "archive")
    return work


def test_from_scans_to_page_in_three_commands(work: Path) -> None:
    done = shapcpp_cli("features", "archive", "--labels", "readings.csv", *READERS, *QUICK, "-o", "f.npy",
                       cwd=work)  # fmt: skip
    said = done.stderr
    assert (
        "left out 240 of 600 DICOM files of archive, which are no axial CT images: Positron Emission "
        "Tomography Image (120), localizer (60), X-Ray Radiation Dose SR (60)\n"
    ) in said
    assert "readings.csv: a line stands above the header\n" in said
    assert "readings.csv: files are those of the column 'Datei'\n" in said
    assert (
        f"{SECOND_ONLY} of 360 rows of readings.csv have a label of the second reader alone, and it "
        "is used; the first is readings.csv, line 3\n"
    ) in said
    assert "2 of 360 rows of readings.csv have no label of either reader, the first is" in said
    assert f"split: by patient, of whom there are {PATIENTS}\n" in said
    assert "of 358 labels are in train, which `shapcpp value` values" in done.stdout

    rows = shapcpp.read_features(work / "f.npy").rows
    assert len(rows) == PATIENTS * EACH - 2
    truth = {f"1.7.{p}.{n}": has_lesion(p, n) for p in range(PATIENTS) for n in range(EACH)}
    differs = [
        one for one, label in zip(rows["id"], rows["label"], strict=True) if truth[one] != label
    ]
    assert differs == ["1.7.6.5"]  # the one that the first reader got wrong
    assert set(rows["group"]) == {f"{7_000_000 + p}" for p in range(PATIENTS)}
    assert int(np.isnan(rows[FIRST]).sum()) == SECOND_ONLY
    assert int(np.isnan(rows[SECOND]).sum()) == 20
    alone = np.isnan(rows[FIRST])
    np.testing.assert_array_equal(rows["label"][alone], rows[SECOND][alone])

    done = shapcpp_cli("value", "f.npy", "-o", "run.npz", "--perms", 20, cwd=work)
    assert "180 of the 358 labels of the file are valued, those of split train" in done.stdout
    shapcpp_cli(
        "report",
        "run.npz",
        "--features",
        "f.npy",
        "--scans",
        "archive",
        "-o",
        "page.html",
        cwd=work,
    )
    page = (work / "page.html").read_text()
    assert "data:image/jpeg" in page
    assert list((work / "page-slices").iterdir())


def test_the_readers_are_compared_on_what_both_read(work: Path) -> None:
    if not (work / "f.npy").exists():  # run by itself
        shapcpp_cli("features", "archive", "--labels", "readings.csv", *READERS, *QUICK, "-o", "f.npy",
                    cwd=work)  # fmt: skip
    done = shapcpp_cli("doubt", "f.npy", *READERS, "-o", "r.npz", cwd=work)
    both = PATIENTS * EACH - 2 - SECOND_ONLY - 20
    assert "27 rows without a label of both readers are left out" in done.stderr
    assert f"{FIRST} and {SECOND} agree on {both - 7}" in done.stdout
    shapcpp_cli(
        "report",
        "r.npz",
        "--features",
        "f.npy",
        "--scans",
        "archive",
        "-o",
        "readers.html",
        cwd=work,
    )
    page = (work / "readers.html").read_text()
    assert "data:image/jpeg" in page
