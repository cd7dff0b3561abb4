"""Labels, ids and groups as programs hand them over: what is taken, and what is refused."""

from __future__ import annotations

import warnings
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import shapcpp
from shapcpp.labels import class_labels, empty_rule, several_classes
from shapcpp.metrics import resolve
from shapcpp.results.rule_grammar import in_a_rule
from shapcpp.results.stopping import parse_rule


def objects(*entries: Any) -> Any:
    array = np.empty(len(entries), dtype=object)
    array[:] = entries
    return array


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ([b"b", "ä".encode()], ["b", "ä"]),
        (objects(b"b", "ä".encode()), ["b", "ä"]),
        (np.array(["ä".encode(), b"b"]), ["ä", "b"]),
        ([Decimal(3), Decimal(1)], [3, 1]),
        ([Fraction(4, 2), 1], [2, 1]),
        (np.array([1, 2], dtype=np.float16), [1, 2]),
        (objects(np.int8(3), 2.0), [3, 2]),
    ],
)
def test_numbers_and_text_of_any_type_are_labels(given: Any, wanted: list[Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert class_labels("y", given).tolist() == wanted


@pytest.mark.parametrize(
    ("given", "error", "sentence"),
    [
        # NumPy would make the same text of both, and one class of two.
        (
            np.array([b"M\xfcller", b"M\xf6ller"]),
            ValueError,
            r"y has b'M\\xfcller' at row 0, bytes",
        ),
        (["a\0", "a"], ValueError, r"y has 'a\\x00' at row 0: line breaks and control"),
        ([True, 1, 2], TypeError, "got 1 at row 1 beside True at row 0"),
        ([2, 1.0, True], TypeError, "got True at row 2 beside 2 at row 0"),
        (
            objects((0, 1), (0, 2)),
            TypeError,
            r"y has \(0, 1\) at row 0, and labels must be integers",
        ),
        (objects("a", {}), TypeError, r"y has \{\} at row 1, and labels must be integers"),
        (
            np.array(["2020-01-01"], "M8[D]"),
            TypeError,
            r"\(row 0 is 2020-01-01\); convert it first",
        ),
        ([[1], [2]], ValueError, r"got shape \(2, 1\); pass its one column"),
        (
            [[0, 1], [1, 0]],
            ValueError,
            r"got shape \(2, 2\); pass one label per sample, as np.argmax",
        ),
        (
            [1.5, 2.0],
            ValueError,
            r"labels that are floats must be whole numbers below 2\^53: pass text",
        ),
    ],
)
def test_what_is_no_label_is_named(given: Any, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        class_labels("y", given)


@pytest.mark.parametrize("two", [("cat", "cat "), ("\u00e9", "e\u0301"), (" a", "a")])
def test_labels_that_read_alike_are_refused(two: tuple[str, str]) -> None:
    y = np.array(["x", two[1], two[0]])
    with pytest.raises(ValueError, match=r"\(row 1\).*which read alike|\(row 2\).*read alike"):
        several_classes("y", y)
    assert several_classes("y", np.array(["Cat", "cat"]))[0].tolist() == ["Cat", "cat"]


def valued(**options: Any) -> shapcpp.Valuation:
    X = np.arange(8.0)[:, None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return shapcpp.value(X, [0, 1] * 4, X, [0, 1] * 4, permutations=4, **options)


def test_groups_and_ids_of_any_type_name_what_they_name() -> None:
    assert valued(ids=[b"a%d" % k for k in range(8)]).ids.tolist() == [f"a{k}" for k in range(8)]
    with pytest.raises(ValueError, match=r"groups has b'\\xfc' at row 1, bytes that are no UTF-8"):
        valued(groups=np.array([b"a", b"\xfc", b"\xf6", b"a"] * 2))
    with pytest.raises(TypeError, match="got dtype float64 .row 0 is 0.0.; convert it first"):
        valued(groups=np.arange(8) / 2)
    with pytest.raises(TypeError, match="row 0 is 2020-01-01.*convert it first"):
        valued(groups=np.array(["2020-01-01"] * 8, "M8[D]"))


@pytest.mark.parametrize("label", [np.array([0, 1]), [0], None])
def test_an_empty_rule_that_names_no_label_is_told_so(label: Any) -> None:
    with pytest.raises(TypeError, match="empty must be 'majority', 'none' or"):
        empty_rule(("label", label), np.array([0, 1]))


def test_a_metric_that_fails_is_told_with_the_counts_that_it_got() -> None:
    mine = shapcpp.Metric("mine", lambda counts: [[1.0]][len(counts)])
    with pytest.raises(
        ValueError, match=r"'mine' has weights that cannot be .* \[4, 4\]: IndexError"
    ):
        valued(metrics=mine)


@pytest.mark.parametrize("name", ["f1", "auc", "MCC", "precision"])
def test_scores_that_are_not_linear_are_told_what_to_use(name: str) -> None:
    with pytest.raises(ValueError, match="it is no weighted number of correct predictions.*: bal"):
        resolve(name)


@pytest.mark.parametrize("label", ["a", "a b", "a,b", 'say "x"', '"x"', '"', "-x", "Rec:a"])
def test_a_rule_names_any_label(label: str) -> None:
    rule = parse_rule(f"acc, {in_a_rule(f'rec:{label}')} reliability >= 0.9")
    assert rule.metrics == ("acc", f"rec:{label}")


def test_a_rule_that_names_a_label_with_spaces_is_told_of_quotes() -> None:
    with pytest.raises(ValueError, match='stands in quotes, as in rec:"a b"'):
        parse_rule("rec:a b stderr <= 0.1")


def test_flipped_bytes_stay_bytes() -> None:
    given = np.array(["\u00e4".encode(), b"bb"] * 4)
    noisy, flipped = shapcpp.flip_labels(given, 0.5)
    assert noisy.dtype == given.dtype
    assert flipped.sum() == 4
    assert sorted(noisy[flipped].tolist()) == sorted(given[flipped].tolist())
