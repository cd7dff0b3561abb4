"""Pages of doubts, of runs that keep them, of folds, of two readers, and of many classes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

import shapcpp
from markup import Page
from shapcpp import Doubts, Features, FoldedValuation, Metric, Readers, Valuation
from shapcpp.report.queue import review

Write = Callable[..., Path]


def clear(n: int = 180, n_classes: int = 2, text: bool = False) -> tuple[Any, Any, Any]:
    """Features that tell the classes apart, labels of which a tenth is wrong, and the truth."""
    truth = np.arange(n) % n_classes
    X = np.random.default_rng(11).normal(size=(n, 3)) + 6 * np.eye(3)[truth]
    given = truth.copy()
    wrong = np.arange(n // 10) * 7
    given[wrong] = (truth[wrong] + 1) % n_classes
    names = np.array(["clear <b>", "ill", "odd"]) if text else np.arange(3)
    return X, names[given], names[truth]


def folded(groups: Any = None, **options: Any) -> tuple[FoldedValuation, Features]:
    X, y, truth = clear()
    ids = [f"s{i:03d}" for i in range(len(y))]
    made = Features.from_splits(X, y, ids=ids, groups=groups, true_labels=truth)
    v: FoldedValuation = shapcpp.value(
        X, y, permutations=20, folds=3, seed=2, ids=ids, groups=groups, **options
    )
    return v, made


def ids_of(page: Page) -> list[str]:
    return [a["data-id"] for a in page.all("li", **{"class": "card"})]


def test_a_run_with_doubts_begins_with_them(v: Valuation, noisy: Features, write: Write) -> None:
    train, _ = noisy.sides()
    d = shapcpp.doubt(train.X, train.y, ids=train.ids)
    page = Page(write(replace(v, doubts=d), noisy, name="doubts.html"))
    low, high = d.total_interval()
    said = (
        f"About {d.n_expected:.0f} of 80 labels are probably wrong (95%: {low:.0f} to {high:.0f})"
    )
    assert said in page.text
    assert ids_of(page) == d.ids[d.expected_wrong()].tolist()
    assert "As many labels as are expected to be wrong" in page.text
    assert page.text.count("likely wrong, probably") == len(d.expected_wrong())
    assert page.text.count("What is it worth?") == len(d.expected_wrong())
    assert "value by balanced accuracy" in page.text
    assert v.true_labels is not None
    table = shapcpp.detection_table(d, v.labels, v.true_labels, 0.2)
    assert re.search(rf"20% doubt {table[0].share:.2f} {table[1].share:.2f}", page.text)
    assert "as expected doubt" in page.text


def test_features_that_doubts_leave_out_are_told(
    v: Valuation, noisy: Features, write: Write
) -> None:
    train, _ = noisy.sides()
    told = {
        0: "",
        1: " 1 feature the same for all samples is left out.",
        2: " 2 features the same for all samples are left out.",
    }
    for columns, sentence in told.items():
        X = np.column_stack([train.X, np.ones((len(train.y), columns))])
        d = shapcpp.doubt(X, train.y, ids=train.ids)
        text = Page(write(replace(v, doubts=d), noisy, name=f"{columns}.html")).text
        assert sentence in text
        assert ("the same for all samples" in text) == (columns > 0)


def test_the_cut_may_be_a_share_of_all(v: Valuation, noisy: Features) -> None:
    train, _ = noisy.sides()
    d = shapcpp.doubt(train.X, train.y, ids=train.ids)
    queue = review(replace(v, doubts=d), 0.2)
    assert [c.id for c in queue.candidates] == d.ids[d.lowest(0.2)].tolist()
    doubts = [c.doubt for c in queue.candidates]
    assert [one.rank for one in doubts if one is not None] == list(range(1, 17))


def test_doubts_alone_have_a_page(write: Write) -> None:
    X, y, _ = clear(text=True)
    d = shapcpp.doubt(X, y)
    page = Page(write(d, name="alone.html"))
    assert ids_of(page) == [str(i) for i in d.expected_wrong()]
    assert "labelled clear <b>" in page.text
    assert "all other labels; no test set" in page.text
    assert "Value and label" not in page.text
    assert not page.all("b")
    text = Page(write(d, class_names={"ill": "COVID-19"}, name="named.html")).text
    assert "ill (COVID-19)" in text
    with pytest.raises(ValueError, match="class_names has 7, which is none of the labels"):
        write(d, class_names={7: "x"}, name="never.html")


def test_no_error_expected_still_shows_the_least_likely_label(write: Write) -> None:
    X, _, truth = clear(200)
    d = shapcpp.doubt(X, truth)
    assert len(d.expected_wrong()) == 0
    page = Page(write(d, name="none.html"))
    assert ids_of(page) == [str(d.lowest(0.001)[0])]
    assert "No label is expected to be wrong" in page.text


@pytest.mark.parametrize("by_group", [False, True])
def test_folds_have_a_page(by_group: bool, write: Write) -> None:
    groups = np.arange(180) // 6
    v, made = folded(groups, by_group=by_group, doubt=True)
    page = Page(write(v, made, name="folds.html"))
    assert "the samples judge one another in 3 folds" in page.text
    assert "every sample is both valued and tested on" in page.text
    assert not re.search(r"\b(nan|None)\b", page.text)
    headings = page.all("li", **{"class": "patient"})
    assert len(headings) == (len({v.groups[int(i[1:])] for i in ids_of(page)}) if by_group else 0)  # type: ignore[index]
    rows = made.rows.copy()
    rows["features"] *= 2
    with pytest.raises(ValueError, match="is not what the run was made of"):
        write(v, Features(rows, "features.npy"), name="other.html")
    with pytest.raises(TypeError, match="carry goes with a run that has a test set"):
        write(v, carry=v.parts[0], name="never.html")


def test_the_samples_of_a_patient_stand_together_under_one_value(write: Write) -> None:
    groups = np.arange(180) % 9
    v, made = folded(groups)
    page = Page(write(v, made, name="patients.html", fraction=0.3))
    patients = [a["data-patient"] for a in page.all("li", **{"class": "card"})]
    changes = sum(a != b for a, b in pairwise(patients))
    assert changes == len(set(patients)) - 1
    assert [a["data-patient"] for a in page.all("li", **{"class": "patient"})] == list(
        dict.fromkeys(patients)
    )
    tables = [a for a in page.all("table") if a.get("aria-label", "").startswith("Patient")]
    assert len(tables) == len(set(patients))


def two_readers() -> Readers:
    X, first, second = clear()
    return shapcpp.compare_readers(X, first, second, names=("Anna <i>", "Ben"))


def test_two_readers_have_a_page_of_what_they_disagree_on(write: Write, tmp_path: Path) -> None:
    r = two_readers()
    r.save(tmp_path / "r.npz")
    page = Page(write(tmp_path / "r.npz", name="readers.html"))
    assert ids_of(page) == [str(i) for i in r.differ]
    assert "Anna <i> and Ben agree on 90.0% (Cohen’s kappa 0.80)" in page.text
    assert page.text.count("the others side with Ben") == len(r.differ)
    assert {a["data-new"] for a in page.all("li", **{"class": "card"})} == {"0", "1"}
    assert not page.all("i")


def test_of_three_classes_the_new_label_is_chosen(write: Write) -> None:
    X, y, _ = clear(n_classes=3, text=True)
    d = shapcpp.doubt(X, y)
    page = Page(write(d, name="three.html"))
    assert len(page.all("select", name="new")) == len(d.expected_wrong())
    chosen = [a["value"] for a in page.all("option") if "selected" in a]
    assert chosen == d.suggestion[d.expected_wrong()].tolist()


def test_values_of_three_classes_have_a_page(write: Write) -> None:
    X, y, truth = clear(n_classes=3, text=True)
    made = Features.from_splits(X, y, X[::3], truth[::3], true_labels=truth)
    v = shapcpp.value(
        X, y, X[::3], truth[::3], 5, true_labels=truth, doubt=True, model=GaussianNB()
    )
    page = Page(write(v, made, name="values3.html"))
    assert "Known errors found" in page.text
    assert re.search(r"True label, given label Lowest Number doubt accuracy", page.text)
    assert re.search(r"labelled \S+ 10% \d+ [01]\.\d\d", page.text)
    assert "Positive" not in page.text
    assert "(positive)" not in page.text
    assert not re.search(r"\b(nan|None)\b", page.text)


def test_metrics_of_ones_own_reach_the_page(v: Valuation, noisy: Features, write: Write) -> None:
    cost = Metric('cost "<5>"', lambda n: [1 / n.sum(), 5 / n.sum()])
    page = Page(write(v, noisy, metrics=["acc", cost], name="cost.html"))
    assert 'value by cost "<5>"' in page.text
    assert [a["value"] for a in page.all("option") if "data-metric" in a][:2] == ["acc", cost.name]
    assert any(f"by {cost.name} from" in a["alt"] for a in page.all("img"))


def test_what_was_reviewed_before_is_shown_and_not_asked_again(write: Write) -> None:
    X, y, _ = clear()
    d = shapcpp.doubt(X, y)
    first = d.expected_wrong()
    reviewed = np.full(len(y), "", dtype="U7")
    reviewed[first[:3]] = ["keep", "relabel", "unsure"]
    rows = Features.from_splits(X, y).rows
    wider = np.empty(len(rows), dtype=[*rows.dtype.descr, ("reviewed", "U7")])
    for name in rows.dtype.names or ():
        wider[name] = rows[name]
    wider["reviewed"] = reviewed
    by_file = Page(write(d, Features(wider), name="file.html"))
    by_result = Page(write(replace(d, reviewed=reviewed), name="result.html"))
    for page in (by_file, by_result):
        assert ids_of(page) == [str(i) for i in first[2:]]
        assert "2 labels reviewed before are not asked again" in page.text
        assert page.text.count("reviewed before: unsure") == 1
        assert re.search(rf"{first[0]} {y[first[0]]} keep", page.text)


@pytest.mark.parametrize("kind", [Doubts, FoldedValuation, Valuation])
def test_equal_arguments_give_equal_bytes(kind: type, write: Write) -> None:
    X, y, _ = clear(40)
    made: dict[type, Callable[[], Any]] = {
        Doubts: lambda: shapcpp.doubt(X, y),
        FoldedValuation: lambda: shapcpp.value(X, y, permutations=5, folds=2, doubt=True),
        Valuation: lambda: shapcpp.value(X, y, X, y, 5, doubt=True),
    }
    one, two = (write(made[kind](), name=f"{name}.html").read_bytes() for name in "xy")
    assert one == two


def test_without_doubts_the_votes_of_models_are_shown(v: Valuation, write: Write) -> None:
    page = Page(write(v, name="votes.html"))
    cards = page.all("li", **{"class": "card"})
    assert page.text.count("of the models trained without it agree with this label") == len(cards)
    shown = {a["data-id"]: float(a["data-agreement"]) for a in cards}
    agreement = dict(zip(v.ids.tolist(), v.agreement().tolist(), strict=True))
    assert shown == {name: agreement[name] for name in shown}
    assert "fewest models agree first" in page.text
    silent = Page(write(replace(v, vote_counts=None), name="silent.html"))
    assert "models trained without it" not in silent.text
