"""Real CT, where SHAPCPP_DATA names it: both data sets as they lie there."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from shapcpp.ct import read_scans
from shapcpp.ct.readers.dicom_pixels import read_pixels
from shapcpp.ct.readers.thumbnails import thumbnails

DATA = Path(os.environ.get("SHAPCPP_DATA", "nowhere"))
needs_ich = pytest.mark.skipif(
    not (DATA / "ct-ich").is_dir(), reason="SHAPCPP_DATA does not name a folder with ct-ich"
)
needs_covid = pytest.mark.skipif(
    not (DATA / "covid-ct-md").is_dir(),
    reason="SHAPCPP_DATA does not name a folder with covid-ct-md",
)


@needs_ich
def test_head_slices_of_82_patients(tmp_path: Path) -> None:
    lines = (DATA / "ct-ich" / "manifest.csv").read_text().splitlines()
    some = [lines[0], *lines[1::12]]
    (tmp_path / "ct").symlink_to(DATA / "ct-ich")
    (tmp_path / "manifest.csv").write_text("\n".join(some).replace("images/", "ct/images/"))
    slices = read_scans(tmp_path, size=64, split="patient")
    assert len(slices) == len(some) - 1
    np.testing.assert_allclose(slices.images.mean(axis=(1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(slices.images.std(axis=(1, 2)), 1, atol=1e-5)
    assert {"intraventricular", "fracture", "slice"} <= set(slices.extra)
    assert set(slices.split) == {"train", "val", "test", ""}


@needs_covid
def test_a_chest_with_labels_that_were_revised(tmp_path: Path) -> None:
    slices = read_scans(DATA / "covid-ct-md", size=32, label_column="label_original")
    assert len(slices) == 148
    assert (slices.label != slices.extra["label_updated"]).sum() == 41
    assert set(slices.extra) == {"slice", "slice_location", "label_updated", "series"}
    assert all(one.startswith("1.3.12.2.1107") for one in slices.id)
    # From the folder of DICOM files alone, by position: from the feet, the manifest from the head.
    header, *lines = (DATA / "covid-ct-md" / "manifest.csv").read_text().splitlines()
    (tmp_path / "some.csv").write_text("\n".join([header, *lines[::8]]))
    beside = read_scans(
        DATA / "covid-ct-md" / "P001", size=32, labels=tmp_path / "some.csv",
        label_column="label_updated", anonymous=True,
    )  # fmt: skip
    assert beside.id.tolist() == slices.id[::8][::-1].tolist()
    assert set(beside.extra) == {"slice", "label_original", "anonymous"}
    assert beside.patient is not None
    assert set(beside.patient) == {"1"}
    (picture,) = thumbnails(DATA / "covid-ct-md", slices.id[70:71]).values()
    assert picture.std() > 40


@needs_covid
def test_hounsfield_units_of_a_chest() -> None:
    pixels = read_pixels(DATA / "covid-ct-md" / "P001" / "98C14734-ASSH_72.dcm")
    assert pixels.shape == (512, 512)
    air, tissue = np.percentile(pixels, (5, 80))
    assert -1024 <= air < -900
    assert -100 < tissue < 200
