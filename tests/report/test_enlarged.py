"""The enlarged view in a real browser: slices above and below, windows, decisions, export."""

from __future__ import annotations

import csv
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shapcpp
from scans import write_nifti
from shapcpp.detection.relabelling import apply_decisions, read_decisions
from shapcpp.report import report
from webdriver import CHROMIUM, DRIVER, Browser, browser

pytestmark = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None,
    reason="needs chromium and chromedriver (Debian: chromium chromium-driver)",
)
DEPTH = 9
# Of the pixel in the middle of the picture shown, what the window makes of it.
SHOWN = """const image = document.querySelector(".large img");
    const f = document.querySelector("feFuncR");
    return [image.getAttribute("src"), image.naturalWidth, image.style.filter,
            Number(f.getAttribute("slope")), Number(f.getAttribute("intercept")),
            document.querySelector(".large output").textContent]"""


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of a volume, three classes of labels, and the folder beside it."""
    folder = tmp_path_factory.mktemp("enlarged")
    levels = np.linspace(-800, 800, DEPTH)
    voxels = np.random.default_rng(0).normal(0, 10, (300, 300, DEPTH)) + levels
    write_nifti(folder / "scans" / "a.nii", voxels.astype(np.int16))
    rng = np.random.default_rng(2)
    y = np.arange(DEPTH) % 3
    rows = shapcpp.Features.from_splits(rng.normal(size=(DEPTH, 2)), y % 2, ids=IDS).rows
    rows["label"] = y
    np.save(folder / "f.npy", rows)
    d = shapcpp.doubt(rows["features"], y, ids=IDS)
    report(d, None, folder / "scans", folder / "r.html", fraction=1.0, class_names={2: "odd"})
    return folder


IDS = [f"a.nii:{k}" for k in range(DEPTH)]


@pytest.fixture(name="session", scope="module")
def _session(folder: Path) -> Iterator[Browser]:
    with browser(folder) as one:
        one.developer("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
        yield one


@pytest.fixture(name="b")
def _b(session: Browser, folder: Path) -> Browser:
    session.open(folder / "r.html")
    session.run("localStorage.clear()")
    session.open(folder / "r.html")
    return session


def enlarge(b: Browser, number: int) -> None:
    b.run(f"document.querySelector('[data-id=\"a.nii:{number}\"]').focus()")
    b.press("e")
    loaded(b)


def loaded(b: Browser) -> Any:
    """What is shown, once the picture is there."""
    while not b.run("const i = document.querySelector('.large img'); return i.complete"):
        time.sleep(0.01)
    return b.run(SHOWN)


def test_nothing_is_fetched_before_a_slice_is_enlarged(b: Browser) -> None:
    fetched = "return performance.getEntriesByType('resource').filter((r) => !r.name.startsWith('data:')).length"
    assert b.run(fetched) == 0
    enlarge(b, 4)
    src, width, *_ = loaded(b)
    assert src.startswith("r-slices/")
    assert width == 300
    assert b.complaints() == []


def test_slices_above_and_below_by_keys_wheel_and_slider(b: Browser) -> None:
    enlarge(b, 4)
    own = loaded(b)
    b.press("up")
    above = loaded(b)
    assert above[0] != own[0]
    assert above[-1] == "+1"
    b.press("down", "down")
    assert loaded(b)[-1] == "−1"
    b.run("""document.querySelector(".large img").dispatchEvent(
        new WheelEvent("wheel", { deltaY: -100, bubbles: true, cancelable: true }))""")
    assert loaded(b) == own
    b.run("""const s = document.querySelector("[name=slice]"); s.value = s.max;
        s.dispatchEvent(new Event("input", { bubbles: true }));""")
    assert loaded(b)[-1] == "+3"
    b.press("up")
    assert loaded(b)[-1] == "+3"  # the last that is kept


@pytest.mark.parametrize(
    ("name", "low", "high", "which"),
    [("lung", -1350, 150, 0), ("soft tissue", -160, 240, 1), ("brain", 0, 80, 1), ("bone", -500, 1300, 0)],
)  # fmt: skip
def test_windows_show_hounsfield_units_as_they_should(
    name: str, low: float, high: float, which: int, b: Browser
) -> None:
    enlarge(b, 4)
    b.run(f"""[...document.querySelectorAll(".presets button")].find(
        (one) => one.textContent === "{name}").click()""")
    src, _, shown_by, slope, intercept, _ = loaded(b)
    black, white = ((-1024, 1300), (-160, 240))[which]
    for units in (low, (low + high) / 2, high):
        level = (units - black) / (white - black)
        assert slope * level + intercept == pytest.approx((units - low) / (high - low), abs=1e-6)
    assert shown_by.startswith("url(#window)")
    stack = b.run("return document.querySelector('[data-id=\"a.nii:4\"]').dataset.stack.split(' ')")
    at = int(b.run("return document.querySelector('[data-id=\"a.nii:4\"]').dataset.at"))
    assert src == f"r-slices/{stack[at].split(',')[which]}.jpg"
    b.press("up")  # the window stays
    assert loaded(b)[3] == slope


def test_decisions_by_the_buttons_of_the_enlarged_view(b: Browser) -> None:
    order = b.run("return [...document.querySelectorAll('.card')].map((c) => c.dataset.id)")
    b.click(".card .look")
    b.click(".decide button[value=remove]")
    assert b.text(".large .caption").startswith(order[1])
    b.press("p")
    assert b.text(".large .caption").endswith(": remove")
    checked = (
        "return [...document.querySelectorAll('.decide [aria-checked=true]')].map((x) => x.value)"
    )
    assert b.run(checked) == ["remove"]
    b.click(".decide button[value=remove]")  # again: withdrawn
    assert b.run(checked) == []
    assert b.text("#queue .state").endswith("0 decided.")


def test_export_names_the_new_label_and_the_reader(b: Browser, folder: Path) -> None:
    b.run("""const r = document.querySelector("[name=reader]"); r.value = "=Dr Who";
        r.dispatchEvent(new Event("input", { bubbles: true }));""")
    ids = b.run("return [...document.querySelectorAll('.card')].map((c) => c.dataset.id)")
    b.click(".card:nth-of-type(1) button[value=relabel]")
    other = b.run("""const s = document.querySelector(".card:nth-of-type(2) select[name=new]");
        s.value = [...s.options].map((o) => o.value).find((o) => o !== s.value);
        s.dispatchEvent(new Event("change", { bubbles: true })); return s.value;""")
    b.click(".card:nth-of-type(3) button[value=remove]")
    b.open(folder / "r.html")  # everything is still there
    assert b.run("return document.querySelector('[name=reader]').value") == "=Dr Who"
    assert b.text("#queue .state").endswith("3 decided (0 keep, 2 relabel, 0 unsure, 1 remove).")
    b.click("button[name=export]")
    target = folder / "decisions.csv"
    while not target.exists():
        time.sleep(0.02)
    with target.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ids[:3]
    assert rows[1]["new_label"] == other
    assert rows[2]["new_label"] == ""
    assert {row["reader"] for row in rows} == {"'=Dr Who"}
    before = shapcpp.read_features(folder / "f.npy")
    fixed = apply_decisions(before, read_decisions(target)).rows
    by_id = {str(row["id"]): row for row in fixed}
    assert str(by_id[ids[1]]["label"]) == other
    assert by_id[ids[2]]["split"] == ""


def test_without_the_folder_thumbnails_are_enlarged(b: Browser, folder: Path) -> None:
    shutil.copy(folder / "r.html", folder / "alone.html")
    page = (
        (folder / "alone.html").read_text().replace('data-folder="r-slices"', 'data-folder="gone"')
    )
    (folder / "alone.html").write_text(page)
    b.open(folder / "alone.html")
    b.click(".card .look")
    while not b.run("return document.querySelector('.large img').src").startswith("data:"):
        time.sleep(0.01)
    hidden = "return ['.presets', '.scroll-slices'].map((s) => document.querySelector(s).hidden)"
    assert b.run(hidden) == [True, True]
    b.press("k")
    assert b.text("#queue .state").endswith("1 decided (1 keep, 0 relabel, 0 unsure).")


@pytest.mark.parametrize("width", [400, 1280])
def test_the_enlarged_view_fits(width: int, b: Browser, folder: Path) -> None:
    b.developer(
        "Emulation.setDeviceMetricsOverride",
        width=width, height=800, deviceScaleFactor=1, mobile=width < 600,
    )  # fmt: skip
    b.open(folder / "r.html")
    b.click(".card .look")
    box = b.run("const r = document.querySelector('.large').getBoundingClientRect(); return [r.left, r.right, r.height]")  # fmt: skip
    b.developer("Emulation.clearDeviceMetricsOverride")
    assert box[0] >= 0
    assert box[1] <= width
    assert box[2] <= 800
