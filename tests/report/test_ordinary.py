"""Pages of ordinary and odd runs: nothing empty, nothing undefined, nothing that is not theirs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shapcpp
from markup import Page
from shapcpp import Features, Valuation

Write = Callable[..., Path]


def features(n: int, labels: tuple[int, int] = (0, 1), **columns: Any) -> Features:
    rng = np.random.default_rng(n)
    y, held = np.arange(n) % 3 == 0, np.arange(40) % 2 == 0
    made = Features.from_splits(
        rng.normal(size=(n, 2)) + y[:, None],
        np.where(y, labels[1], labels[0]),
        rng.normal(size=(40, 2)) + held[:, None],
        np.where(held, labels[1], labels[0]),
        **columns,
    )
    made.rows["split"][n::4] = "val"
    return made


def run(made: Features, permutations: int = 40, **options: Any) -> Valuation:
    train, test = made.sides()
    return shapcpp.value(
        train.X,
        train.y,
        test.X,
        test.y,
        permutations,
        ids=train.ids,
        groups=train.groups,
        **({"sampler": "permutations"} | options),
    )


def checked(path: Path) -> Page:
    """The page, with something in each section, and no number that is none."""
    page = Page(path)
    assert not re.search(r"\b(nan|None|inf)\b", page.text), page.text
    assert not [a["alt"] for a in page.all("img") if re.search(r"\bnan\b", a["alt"])]
    for section in re.findall(r"<section.*?</section>", path.read_text(), re.DOTALL):
        assert re.search(r"</h2>\s*<", section)
        assert re.search(r"<(p|figure|table|dl)\b", section)
    return page


@pytest.mark.parametrize(
    ("n", "options"),
    [
        (2, {}), (30, {}), (30, {"trace": 5}), (30, {"sampler": "halving"}),
        (30, {"scale": "standard", "class_weight": "balanced"}),
    ],
)  # fmt: skip
def test_without_true_labels_nothing_is_found_and_nothing_of_the_papers_is_shown(
    n: int, options: dict[str, Any], write: Write
) -> None:
    made = features(n)
    page = checked(write(run(made, **options), made, name="ordinary.html"))
    assert "Known errors found" not in page.text
    assert "Small, for comparison" not in page.text  # Table 2 of the paper
    assert "true label" not in page.text
    assert "Scores on the validation samples" in page.text
    assert ("--trace 50" in page.text) is ("trace" not in options)
    assert len(page.all("li", **{"class": "card"})) >= min(n, 3) - 1


def test_labels_of_other_names(write: Write) -> None:
    made = features(30, (3, 7))
    page = checked(write(run(made), made, name="37.html", fraction=1.0))
    assert "label 7, the larger one" in page.text
    assert "relabel as 3" in page.text
    assert "relabel as 7" in page.text
    assert "labelled 7 (positive)" in page.text
    assert "labelled 0" not in page.text


def test_true_labels_without_an_error_among_them(write: Write) -> None:
    v = run(features(9))
    page = checked(write(replace(v, true_labels=v.labels), name="clean.html"))
    assert "No given label differs from its true one" in page.text
    assert not page.all("th", scope="colgroup", colspan="3")


def test_errors_at_a_rate_that_is_none_of_the_papers(write: Write) -> None:
    v = run(features(30))
    true = v.labels.copy()
    true[:2] = 1 - true[:2]
    page = checked(write(replace(v, true_labels=true), name="natural.html"))
    assert "Of the labels known to be wrong" in page.text
    assert "Small, for comparison" not in page.text
    assert "paper 1.00" not in page.text


def test_the_papers_numbers_say_whose_they_are(page: Path) -> None:
    text = Page(page).text
    assert "what Enshaei et al. found with as large a share of flipped labels in their own" in text
    assert "500 training slices of COVID-19 CT at 512 pixels" in text


@pytest.mark.parametrize("judges", [[0, 30], [30, 0]])
def test_a_test_set_of_one_class(judges: list[int], write: Write) -> None:
    page = checked(write(replace(run(features(30)), test_counts=np.array(judges)), name="one.html"))
    assert "Recall against specificity" not in page.text


def test_values_that_are_all_the_same(write: Write) -> None:
    v = run(features(30))
    same = replace(v, gains=np.zeros_like(v.gains), moments=np.zeros_like(v.moments))
    page = checked(write(same, name="same.html"))
    assert [a for a in page.all("img") if "all values by recall are the same" in a["alt"]]


def test_a_queue_that_is_cut_says_so(write: Write) -> None:
    page = checked(write(run(features(60)), name="cut.html", fraction=0.5, most=7))
    assert re.search(r"most doubtful first: the first 7 of \d\d", page.text)
    assert "Review 7 samples" in page.text
