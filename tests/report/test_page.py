"""The page as text: whole, offline, labelled, and safe against what ids contain."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shapcpp
from doubtful import NASTY
from markup import Page
from shapcpp import Features, Valuation
from shapcpp.report import report
from shapcpp.report.queue import review


@pytest.fixture(name="parsed", scope="module")
def _parsed(page: Path) -> Page:
    return Page(page)


@pytest.fixture(name="bare", scope="module")
def _bare(v: Valuation, write: Callable[..., Path]) -> Page:
    """A page without features, scans, truth, trace, patients and negatives to judge."""
    plain = replace(v, true_labels=None, trace_counts=None, trace_gains=None, groups=None)
    return Page(write(replace(plain, test_counts=np.array([0, 30])), name="bare.html"))


def test_nothing_is_fetched_from_anywhere(parsed: Page, bare: Page) -> None:
    for page in (parsed, bare):
        for _, attributes in page.tags:
            for name in ("src", "href", "action", "srcset", "poster"):
                if name in attributes:
                    assert attributes[name].startswith(("data:", "#")), attributes
        ids = [a["id"] for _, a in page.tags if "id" in a]
        assert len(ids) == len(set(ids))
        targets = {a["href"][1:] for a in page.all("a")}
        assert targets <= set(ids)


def test_the_style_fetches_nothing_either(page: Path) -> None:
    style = re.findall(r"<style>(.*?)</style>", page.read_text(), re.DOTALL)
    assert len(style) == 1
    assert "url(" not in style[0]
    assert "@import" not in style[0]


def test_every_picture_says_what_it_shows(parsed: Page) -> None:
    images = parsed.all("img")
    assert len(images) > 20
    assert all(a["alt"].strip() and a["width"] and a["height"] for a in images)


def test_tables_controls_and_sections_are_labelled(parsed: Page) -> None:
    assert all(a.get("scope") in ("col", "row", "colgroup") for a in parsed.all("th"))
    ids = {a["id"] for _, a in parsed.tags if "id" in a}
    assert all(a["aria-labelledby"] in ids for a in parsed.all("section"))
    assert len(parsed.all("main")) == len(parsed.all("h1")) == 1
    assert parsed.all("html")[0]["lang"] == "en"
    assert (
        len(parsed.all("fieldset"))
        == len(parsed.all("legend"))
        == len(parsed.all("li", **{"class": "card"}))
    )


def test_ids_are_text_wherever_they_stand(parsed: Page, v: Valuation) -> None:
    cards = parsed.all("li", **{"class": "card"})
    queue = review(v, 0.3)
    assert [a["data-id"] for a in cards] == [c.id for c in queue.candidates]
    nasty = [
        name for name in v.ids[: len(NASTY)].tolist() if name in {c.id for c in queue.candidates}
    ]
    assert nasty  # else the test tests nothing
    for name in nasty:
        assert " ".join(name.split()) in parsed.text
    assert len(parsed.all("script")) == 1
    assert not any("onerror" in a for _, a in parsed.tags)
    assert not parsed.all("i")
    assert not parsed.all("b")


def test_the_title_is_text_too(parsed: Page) -> None:
    assert len(parsed.all("title")) == 1
    assert parsed.text.count("</title><script>document.title='taken'</script>") == 2


def test_the_policy_allows_this_script_only(parsed: Page, page: Path) -> None:
    script = re.findall(r"<script>(.*?)</script>", page.read_text(), re.DOTALL)[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(a["content"] for a in parsed.all("meta") if "http-equiv" in a)
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def test_the_page_says_what_was_done(parsed: Page, v: Valuation) -> None:
    for words in (
        f"80: {(v.labels == 0).sum()} labelled 0, {(v.labels == 1).sum()} labelled 1",
        "indices 0 to 149 of seed 0",
        "C = 1",
        "as given, not standardised",
        "constant: a coalition of one class predicts that class",
        v.fingerprint,
        f"shapcpp {shapcpp.__version__}",
    ):
        assert words in parsed.text
    assert "calls every test sample" not in parsed.text


def test_known_errors_are_shown_beside_the_papers(parsed: Page, v: Valuation) -> None:
    assert v.true_labels is not None
    table = shapcpp.detection_table(v, v.labels, v.true_labels, 0.2, "rec")
    assert f"{table[0].share:.2f} paper 1.00" in parsed.text
    assert "12 negatives labelled positive, 20% of each class" in parsed.text
    assert "carry" in parsed.text


def test_known_errors_are_counted_where_the_truth_is_known(
    v: Valuation, write: Callable[..., Path]
) -> None:
    assert v.true_labels is not None
    wrong = np.flatnonzero(v.true_labels != v.labels)
    truths = v.true_labels.copy()
    truths[wrong[:3]] = -1  # not known
    text = Page(write(replace(v, true_labels=truths), name="unknown.html")).text
    assert f"{len(wrong) - 3} of the 80 given labels differ from the true ones" in text
    text = Page(write(replace(v, true_labels=v.labels), name="right.html")).text
    assert "given labels differ" not in text


def test_what_is_missing_is_said_and_not_left_out(bare: Page) -> None:
    assert "How values settled is shown for runs made with --trace 50" in bare.text
    assert "Give the features file" in bare.text
    assert "Known errors found" not in bare.text
    assert "Recall against specificity" not in bare.text
    assert not [a for a in bare.all("img") if a["alt"].startswith("Slice")]
    assert not bare.all("select", name="patient")


def test_a_partial_run_and_features_without_validation_rows(
    v: Valuation, noisy: Features, write: Callable[..., Path]
) -> None:
    rows = noisy.rows.copy()
    rows["split"][rows["split"] == "val"] = ""
    partial = replace(
        v,
        settings=v.settings | {"permutations": 999},
        true_labels=None,
        full_counts=v.test_counts * np.array([1, 0]),
    )
    page = Page(write(partial, Features(rows), name="partial.html"))
    assert "This run is partial: 150 of 999 permutations" in page.text
    assert "The classifier of all samples calls every test sample 0." in page.text
    assert "has no validation rows" in page.text


def test_the_same_arguments_give_the_same_bytes(v: Valuation, write: Callable[..., Path]) -> None:
    few = replace(v, true_labels=None)
    one, two = (write(few, name=f"{name}.html").read_bytes() for name in "ab")
    assert one == two


def other_labels(features: Features) -> Features:
    rows = features.rows.copy()
    rows["label"][2] = 1 - rows["label"][2]
    return Features(rows, "features.npy")


def other_test_rows(features: Features) -> Features:
    rows = features.rows.copy()
    rows["features"][rows["split"] == "test"] *= 2
    return Features(rows, "features.npy")


def fewer(features: Features) -> Features:
    return Features(features.rows[1:], "features.npy")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (other_labels, "features.npy is not what the run was made of: training row 2 has label"),
        (other_test_rows, "ids and labels are the same, features or test rows differ"),
        (fewer, "features.npy has 79 training rows, the run has 80"),
    ],
)
def test_features_of_another_run_are_refused(
    change: Callable[[Features], Features],
    sentence: str,
    v: Valuation,
    noisy: Features,
    tmp_path: Path,
) -> None:
    with pytest.raises(ValueError, match=sentence):
        report(v, change(noisy), output=tmp_path / "report.html")
    assert not list(tmp_path.iterdir())


def test_groups_that_joined_together_are_told(noisy: Features, write: Callable[..., Path]) -> None:
    train, test = noisy.sides()
    v = shapcpp.value(
        train.X, train.y, test.X, test.y, 20, ids=train.ids, groups=train.groups, sampler="halving"
    )
    page = Page(write(v, noisy, name="groups.html"))
    assert "the samples of a group together: 10 groups" in page.text
    assert "each halved over and over" in page.text


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"fraction": 0}, "fraction must be above 0 and at most 1, got 0.0"),
        ({"most": 0}, "most must be at least 1, got 0"),
        ({"scans": {}}, "scans has no picture of"),
    ],
)
def test_bad_arguments(
    options: dict[str, Any], sentence: str, v: Valuation, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=sentence):
        report(v, output=tmp_path / "report.html", **options)


def test_two_runs_must_differ_in_the_rule_and_in_nothing_else(v: Valuation, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="carry has the same rule for coalitions of one class"):
        report(v, output=tmp_path / "report.html", carry=v)
    carry = v.settings | {"single_class": "carry"}
    for other, sentence in (
        (replace(v, settings=carry | {"C": 2.0}), "not only in its rule: C is 1.0, not 2.0"),
        (replace(v, settings=carry, fingerprint="x"), "not only in its rule: data"),
    ):
        with pytest.raises(ValueError, match=sentence):
            report(v, output=tmp_path / "report.html", carry=other)


def test_a_run_without_permutations_is_refused(v: Valuation, tmp_path: Path) -> None:
    none = replace(v, ranges=np.zeros((0, 2), dtype=np.int64))
    with pytest.raises(ValueError, match="run holds no permutation"):
        report(none, output=tmp_path / "report.html")
