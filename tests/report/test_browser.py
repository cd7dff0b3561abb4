"""The page in a real browser: reviewed, sorted, filtered, exported, and applied."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shapcpp import Features, Valuation
from shapcpp.detection.relabelling import apply_decisions, read_decisions
from shapcpp.report.queue import review
from webdriver import CHROMIUM, DRIVER, Browser, browser

pytestmark = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None,
    reason="needs chromium and chromedriver (Debian: chromium chromium-driver)",
)

SHOWN = """return [...document.querySelectorAll(".card")].filter((c) => !c.hidden)"""
PRESSED = """return [...document.querySelectorAll("[aria-pressed=true]")].map(
    (button) => [button.closest(".card").dataset.id, button.value])"""
IDS = SHOWN + ".map((c) => c.dataset.id)"


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("browser")


@pytest.fixture(name="session", scope="module")
def _session(folder: Path) -> Iterator[Browser]:
    with browser(folder) as one:
        one.developer("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
        yield one


@pytest.fixture(name="b")
def _b(session: Browser, page: Path) -> Browser:
    session.open(page)
    session.run("localStorage.clear()")
    session.open(page)
    return session


def state(b: Browser) -> str:
    return b.text("#queue .state")


def test_ids_do_not_run_and_nothing_complains(b: Browser, v: Valuation) -> None:
    assert "taken" in b.run("return document.title")  # as a part of the title's text
    assert b.run("return document.title") != "taken"
    assert b.run(IDS) == [c.id for c in review(v, 0.3).candidates]
    assert (
        b.run(
            "return performance.getEntriesByType('resource').filter((r) => !r.name.startsWith('data:'))"
        )
        == []
    )
    assert b.complaints() == []


LARGE = """const d = document.querySelector(".large"), i = d.querySelector("img");
    return [d.open, d.querySelectorAll("img").length, i ? i.alt : "", i ? i.getBoundingClientRect().width : 0]"""


def test_a_slice_is_enlarged_by_its_picture_and_by_a_key(b: Browser) -> None:
    first, second = b.run(IDS)[:2]
    b.click(".card .look")
    is_open, count, alt, width = b.run(LARGE)
    assert (is_open, count, alt) == (True, 1, f"Slice {first}")
    assert width > 2 * 160
    b.press("escape")
    assert b.run(LARGE)[0] is False
    assert b.run(PRESSED) == []  # looking decides nothing
    b.run("document.querySelectorAll('.card')[1].focus()")
    b.press("e")
    assert b.run(LARGE)[:3] == [True, 1, f"Slice {second}"]
    third = b.run(IDS)[2]
    b.press("r")  # decided there, the next is shown
    assert b.run(LARGE)[:3] == [True, 1, f"Slice {third}"]
    assert b.run(PRESSED) == [[second, "relabel"]]
    b.press("p")
    assert b.text(".large .caption").startswith(second)
    assert b.text(".large .caption").endswith(": relabel")
    b.press("w")
    assert "relabel" not in b.text(".large .caption")
    assert b.run(PRESSED) == []
    b.click(".large .slice")
    assert b.run(LARGE)[0] is False
    assert b.run("return document.activeElement.dataset.id") == second


def test_the_last_slice_says_what_was_decided_on_it(b: Browser) -> None:
    b.run("document.querySelector('.card:last-child').focus()")
    b.press("e", "k")
    assert b.text(".large .caption").endswith(": keep")


def test_brightness_and_contrast_change_all_slices(b: Browser) -> None:
    filters = """return [...new Set([...document.querySelectorAll("img.slice")].map(
        (image) => getComputedStyle(image).filter))]"""
    assert b.run(filters) == ["none"]
    before = b.run(IDS)
    for name, value in (("brightness", "2"), ("contrast", "1.5")):
        b.run(
            f"""const slider = document.querySelector("[name={name}]");
            slider.value = {value};
            slider.dispatchEvent(new Event("input", {{ bubbles: true }}));"""
        )
    assert b.run(filters) == ["brightness(2) contrast(1.5)"]
    assert b.run(IDS) == before


def test_the_queue_comes_first(b: Browser) -> None:
    sections = b.run("return [...document.querySelectorAll('main > section')].map((s) => s.id)")
    assert sections[:2] == ["queue", "done"]


def test_a_decision_is_kept_over_a_reload(b: Browser, page: Path) -> None:
    b.click(".card:nth-of-type(2) button[value=relabel]")
    assert state(b).endswith("1 decided (0 keep, 1 relabel, 0 unsure).")
    second = b.run(IDS)[1]
    b.open(page)
    assert b.run(PRESSED) == [[second, "relabel"]]
    assert state(b).endswith("1 decided (0 keep, 1 relabel, 0 unsure).")
    b.click("button[name=clear]")
    b.accept()
    assert state(b).endswith("0 decided.")
    assert b.run(PRESSED) == []


def test_keys_decide_and_move_on(b: Browser) -> None:
    b.run("document.querySelector('.card').focus()")
    b.press("r", "k", "n", "p", "u")
    decided = b.run(
        "return [...document.querySelectorAll('.card')].slice(0, 4).map((c) => c.dataset.decision)"
    )
    assert decided == ["relabel", "keep", "unsure", ""]
    assert (
        b.run("return [...document.querySelectorAll('.card')].indexOf(document.activeElement)") == 3
    )
    b.press("tab", "tab", "tab", " ")  # past the picture to the card's second button
    assert b.run("return document.querySelectorAll('.card')[3].dataset.decision") == "relabel"


def test_a_decision_is_withdrawn_by_its_button_and_by_a_key(b: Browser, page: Path) -> None:
    first = b.run(IDS)[0]
    b.click(".card button[value=keep]")
    assert b.run(PRESSED) == [[first, "keep"]]
    b.click(".card button[value=keep]")
    assert b.run(PRESSED) == []
    assert state(b).endswith("0 decided.")
    b.press(" ", "w")
    assert state(b).endswith("0 decided.")
    b.press(" ")
    b.open(page)
    assert b.run(PRESSED) == [[first, "keep"]]
    b.click(".card button[value=keep]")
    b.click("button[name=export]")
    assert state(b).endswith("Nothing to export yet.")
    b.open(page)
    assert b.run(PRESSED) == []


def test_decisions_on_samples_of_another_page_of_the_run_stay(b: Browser, page: Path) -> None:
    b.click(".card button[value=unsure]")
    kept = "Object.keys(localStorage).filter((k) => k.startsWith('shapcpp-review-'))[0]"
    stored = f"return JSON.parse(localStorage.getItem({kept}))"
    b.run(f"const k = {kept}; localStorage.setItem(k, JSON.stringify({{elsewhere: 'keep'}}))")
    b.open(page)
    assert state(b).endswith("0 decided.")
    b.click(".card button[value=keep]")
    assert state(b).endswith("1 decided (1 keep, 0 relabel, 0 unsure).")
    assert b.run(stored)["elsewhere"] == "keep"
    b.click("button[name=clear]")
    b.accept()
    assert b.run(stored) == {"elsewhere": "keep"}


def test_sorting(b: Browser, v: Valuation) -> None:
    candidates = {c.id: c for c in review(v, 0.3).candidates}
    by_default = b.run(IDS)
    for i, metric in enumerate(("acc", "rec", "spc")):
        b.choose("select[name=sort]", metric)
        values = [candidates[name].verdicts[i].value for name in b.run(IDS)]
        assert values == sorted(values)
        assert len(values) == len(candidates)
    b.choose("select[name=sort]", "patient")
    patients = [str(candidates[name].patient) for name in b.run(IDS)]
    assert patients == sorted(patients, key=lambda p: int(p[1:].split()[0]))
    b.choose("select[name=sort]", "doubt")
    assert b.run(IDS) == by_default


def test_filtering(b: Browser, v: Valuation) -> None:
    candidates = review(v, 0.3).candidates
    b.click("select[name=label] option:nth-of-type(2)")
    assert b.run(IDS) == [c.id for c in candidates if c.label == 0]
    b.choose("select[name=metric]", "spc")
    assert b.run(IDS) == [c.id for c in candidates if c.label == 0 and c.verdicts[2].is_lowest]
    b.click("select[name=label] option:nth-of-type(1)")
    b.choose("select[name=metric]", "")
    patient = candidates[0].patient
    b.choose("select[name=patient]", f"={patient}")
    shown = b.run(IDS)
    assert shown == [c.id for c in candidates if c.patient == patient]
    assert state(b) == f"{len(shown)} of {len(candidates)} shown, 0 decided."
    b.choose("select[name=decision]", "none")
    assert b.run(IDS) == shown
    b.click("select[name=decision] option:nth-of-type(3)")
    assert b.run(IDS) == []
    assert "No sample of the queue fits" in b.text("#queue .empty")


def test_exported_decisions_are_applied(b: Browser, folder: Path, noisy: Features) -> None:
    b.click("button[name=export]")
    assert state(b).endswith("Nothing to export yet.")
    b.run("document.querySelector('.card').focus()")
    b.press(*("r" * len(b.run(IDS))))
    b.click(".card:nth-of-type(3) button[value=keep]")
    b.choose("select[name=metric]", "rec")  # what is hidden is exported all the same
    b.click("button[name=export]")
    target = folder / "decisions.csv"
    while not target.exists():
        time.sleep(0.02)
    text = target.read_text()
    assert not re.search(r'"[=+@-]', text)
    decisions = read_decisions(target)
    assert {'=HYPERLINK("file:///taken")', "'=1+1"} & {d.id for d in decisions}  # both ways
    b.choose("select[name=metric]", "")
    ids = b.run(IDS)
    assert [d.id for d in decisions] == ids
    fixed = apply_decisions(noisy, decisions)
    changed = noisy.rows["id"][noisy.rows["label"] != fixed.rows["label"]]
    assert sorted(changed.tolist()) == sorted(ids[:2] + ids[3:])


def test_a_page_denied_storage_works_and_says_so(b: Browser) -> None:
    b.run("Storage.prototype.setItem = () => { throw new Error('denied'); }")
    b.click(".card button[value=keep]")
    assert "cannot be kept in this browser" in state(b)
    assert b.run("return document.querySelector('.card').dataset.decision") == "keep"


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_sticks_out_to_the_right(width: int, b: Browser, page: Path) -> None:
    b.developer(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=800,
        deviceScaleFactor=1,
        mobile=width < 600,
    )
    b.open(page)
    wide: Any = b.run("return [document.documentElement.scrollWidth, innerWidth]")
    b.developer("Emulation.clearDeviceMetricsOverride")
    assert wide[0] <= wide[1]
    assert wide[1] == width


def test_the_page_prints(b: Browser) -> None:
    b.developer("Emulation.setEmulatedMedia", media="print")
    displayed = b.run(
        "return ['nav', '.controls', '.card', '.panel'].map((s) => getComputedStyle(document.querySelector(s)).display)"
    )
    visibility = b.run("return getComputedStyle(document.querySelector('.card')).contentVisibility")
    b.developer("Emulation.setEmulatedMedia", media="")
    assert displayed == ["none", "none", "grid", "block"]
    assert visibility == "visible"
