"""Every bad argument: one sentence naming it, the offending value and the place."""

from __future__ import annotations

import inspect
import itertools
from typing import Any

import numpy as np
import pytest

import shapcpp

rng = np.random.default_rng(0)
GOOD: dict[str, Any] = {
    "X": rng.normal(size=(8, 3)),
    "y": np.array([0, 1] * 4),
    "X_test": rng.normal(size=(5, 3)),
    "y_test": np.array([0, 1, 0, 1, 1]),
    "permutations": 3,
}


def spoilt(name: str, where: tuple[int, ...], what: float) -> Any:
    array = np.array(GOOD[name], dtype=float)
    array[where] = what
    return array


CASES: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"X": spoilt("X", (6, 1), np.nan)}, ValueError, "X has nan at row 6, column 1"),
    ({"X": spoilt("X", (7, 2), -np.inf)}, ValueError, "X has -inf at row 7, column 2"),
    ({"X": spoilt("X", (0, 0), 1e200)}, ValueError, "X has 1e+200 at row 0, column 0"),
    ({"X": np.zeros((8, 3), dtype=complex)}, TypeError, "X must hold real numbers, got dtype complex128"),
    ({"X": np.full((8, 3), "a")}, TypeError, "X must hold real numbers, got dtype <U1"),
    ({"X": [[1.0, 2.0], [3.0]]}, ValueError, "X is ragged: its rows differ in length"),
    ({"X": GOOD["X"][:, 0]}, ValueError, "X must have shape (samples, features), got shape (8,)"),
    ({"X": GOOD["X"][:0]}, ValueError, "X is empty: it has shape (0, 3)"),
    ({"X": GOOD["X"][:, :0]}, ValueError, "X has no features: it has shape (8, 0)"),
    ({"X": np.ma.masked_less(GOOD["X"], 0)}, ValueError, "X has masked entries"),
    ({"y": GOOD["y"][:7]}, ValueError, "y has 7 labels and X has 8 rows: shapes (7,) and (8, 3)"),
    ({"y": GOOD["y"] * 0.5}, ValueError, "y has 0.5 at row 1; labels that are floats must be whole numbers"),
    ({"y": GOOD["y"] * 1j}, TypeError, "y must hold integers, booleans, strings or whole floats, got dtype complex"),
    ({"y": ["a", ""] * 4}, ValueError, "y has an empty string, a missing label, at row 1; leave such rows out"),
    ({"y": ["a", None] * 4}, ValueError, "y has None, a missing label, at row 1; leave such rows out"),
    ({"y": ["a", np.nan] * 4}, ValueError, "y has nan, a missing label, at row 1; leave such rows out"),
    ({"y": [0.0, np.nan] * 4}, ValueError, "y has nan, a missing label, at row 1; leave such rows out"),
    ({"y": [1, "1"] * 4}, TypeError, "y must hold labels of one kind, got '1' at row 1 beside 1 at row 0"),
    ({"y": ["a", "b\n"] * 4}, ValueError, "y has 'b\\n' at row 1: line breaks and control characters"),
    ({"y_test": ["0", "1", "0", "1", "1"]}, TypeError, "y_test holds strings (row 0 is '0') and y integers (such as 0)"),
    ({"y": ["a", "b"] * 4}, TypeError, "y_test holds integers (row 0 is 0) and y strings (such as 'a'): make them"),
    ({"true_labels": ["0", ""] * 4}, TypeError, "true_labels holds strings (row 0 is '0') and y integers (such as 0): make them alike"),
    ({"y": GOOD["y"][:, None]}, ValueError, "y must have shape (samples,), got shape (8, 1)"),
    ({"y": np.ones(8, int)}, ValueError, "y holds one class only: every label is 1"),
    ({"y": np.arange(8) % 3, "model": "forest"}, ValueError, "model must be one of 'logistic', 'ovr', 'ridge', 'lda', 'centroid', 'bayes', 'multinomial' or"),
    ({"y": np.array([2**64 - 1, 0] * 4, dtype=np.uint64)}, ValueError, "y has 18446744073709551615 at row 0"),
    ({"X_test": GOOD["X_test"][:, :2]}, ValueError, "X_test has 2 features and X has 3: shapes (5, 2) and (8, 3)"),
    ({"X_test": spoilt("X_test", (4, 0), np.nan)}, ValueError, "X_test has nan at row 4, column 0"),
    ({"X_test": GOOD["X_test"][:0], "y_test": []}, ValueError, "X_test is empty: it has shape (0, 3)"),
    ({"y_test": GOOD["y_test"][:4]}, ValueError, "y_test has 4 labels and X_test has 5 rows: shapes (4,) and (5, 3)"),
    ({"y_test": [0, 1, 0, 7, 1]}, ValueError, "y_test has label 7 at row 3, which y lacks (its labels are 0, 1)"),
    ({"permutations": 0}, ValueError, "permutations must be at least 1, got 0"),
    ({"permutations": -5}, ValueError, "permutations must be at least 1, got -5"),
    ({"permutations": 2.5}, TypeError, "permutations must be an integer, got 2.5"),
    ({"permutations": True}, TypeError, "permutations must be an integer, got True"),
    ({"permutations": 2**62}, ValueError, "could overflow the 64-bit sums"),
    ({"seed": -1}, ValueError, "seed must lie between 0 and 2^64 - 1, got -1"),
    ({"seed": 2**64}, ValueError, "seed must lie between 0 and 2^64 - 1, got 18446744073709551616"),
    ({"seed": None}, TypeError, "seed must be an integer, got None"),
    ({"C": 0}, ValueError, "C must be positive and finite, got 0.0"),
    ({"C": -1.0}, ValueError, "C must be positive and finite, got -1.0"),
    ({"C": np.nan}, ValueError, "C must be positive and finite, got nan"),
    ({"C": "1"}, TypeError, "C must be a number, got '1'"),
    ({"class_weight": "even"}, ValueError, "class_weight must be one of None, 'balanced'; got 'even'"),
    ({"class_weight": {0: 1.0}}, ValueError, "class_weight lacks label 1"),
    ({"class_weight": {0: 1.0, 1: 0.0}}, ValueError, "class_weight[1] must be positive and finite, got 0.0"),
    ({"class_weight": {0: 1.0, 1: 1.0, 2: 1.0}}, ValueError, "class_weight has label 2, which y lacks"),
    ({"class_weight": [1.0, 1.0]}, TypeError, "class_weight must be None, 'balanced' or a dict"),
    ({"scale": "minmax"}, ValueError, "scale must be one of None, 'standard'; got 'minmax'"),
    ({"empty": "all"}, ValueError, "empty must be 'majority', 'none' or a label, ('label', 'all')"),
    ({"empty": ("label", "x")}, ValueError, "empty is label x, which y lacks (its labels are 0, 1)"),
    ({"empty": 3}, ValueError, "empty is label 3, which y lacks (its labels are 0, 1)"),
    ({"empty": 0.5}, TypeError, "empty must be 'majority', 'none' or ('label', LABEL), got 0.5"),
    ({"single_class": "drop"}, ValueError, "single_class must be one of 'constant', 'carry'; got 'drop'"),
    ({"single_class": 1}, TypeError, "single_class must be one of 'constant', 'carry'; got 1"),
    ({"groups": [1, 2]}, ValueError, "groups has 2 entries and y has 8 rows: shapes (2,) and (8,)"),
    ({"groups": np.ones(8)}, TypeError, "groups must hold integers or strings, got dtype float64"),
    ({"ids": [["a"]] * 8}, ValueError, "ids must have shape (samples,), got shape (8, 1)"),
    ({"ids": ["a", None] * 4}, TypeError, "ids must hold integers or strings, all of one kind, got None at row 1"),
    ({"threads": 0}, ValueError, "threads must be at least 1, got 0"),
    ({"threads": 2000}, ValueError, "threads must be at most 1024, got 2000"),
    ({"ids": ["a", 3] * 4}, TypeError, "ids must hold integers or strings, all of one kind, got 3 at row 1"),
    ({"ids": ["a", "b\nc"] * 4}, ValueError, "ids has 'b\\nc' at row 1: line breaks and control"),
    ({"C": 10**400}, ValueError, "C is too large for a double"),
    ({"threads": 1.0}, TypeError, "threads must be an integer, got 1.0"),
    ({"progress": "yes"}, TypeError, "progress must be False, True or a callable, got 'yes'"),
    ({"true_labels": [0] * 7}, ValueError, "true_labels has 7 labels and y has 8 rows"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "error", "sentence"), CASES, ids=[c[2][:60] for c in CASES])
def test_bad_argument(change: dict[str, Any], error: type[Exception], sentence: str) -> None:
    with pytest.raises(error) as raised:
        shapcpp.value(**(GOOD | change))
    assert type(raised.value) is error
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


BAD: dict[str, Any] = {
    "X": spoilt("X", (6, 1), np.nan), "y": GOOD["y"] * 0.5, "X_test": spoilt("X_test", (4, 0), np.nan),
    "y_test": [0, 1, 0, 1, 7], "permutations": 0, "seed": -1, "C": -1, "class_weight": "even",
    "scale": "minmax", "empty": "all", "single_class": "drop", "groups": [1, 2], "ids": [["a"]] * 8,
    "threads": 0, "progress": "yes", "true_labels": [0] * 7, "first": -1, "sampler": "walk",
    "trace": 0, "until": "enough", "max_time": 0, "checkpoint_every": -1, "extend": 3, "executor": 3,
    "doubt": 1,
}  # fmt: skip


def test_bad_values_are_in_the_order_of_the_arguments() -> None:
    unchecked = {"by_group", "folds", "checkpoint"}  # true or false of each; tested elsewhere
    assert [*BAD] == [name for name in inspect.signature(shapcpp.value).parameters if name in BAD]
    assert {*inspect.signature(shapcpp.value).parameters} >= {*BAD} | unchecked


@pytest.mark.parametrize(("one", "next_one"), [*itertools.pairwise(BAD)])
def test_of_two_bad_arguments_the_first_is_told(one: str, next_one: str) -> None:
    def sentence(*bad: str) -> str:
        with pytest.raises((TypeError, ValueError)) as raised:
            shapcpp.value(**(GOOD | {name: BAD[name] for name in bad}))
        return str(raised.value)

    assert sentence(one, next_one, "executor") == sentence(one)
    assert one in sentence(one)


def test_the_core_checks_sizes_again() -> None:
    from shapcpp import _core
    from shapcpp._core import testing

    good: dict[str, Any] = {
        "X": GOOD["X"], "classes": GOOD["y"], "X_test": GOOD["X_test"], "classes_test": GOOD["y_test"],
        "C": 1.0, "class_weights": np.ones(2), "players": np.arange(8),
        "empty_counts": np.array([2, 0]), "single_class": "constant",
    }  # fmt: skip
    _core.Problem(**good)
    for name, bad in {
        "classes": GOOD["y"][:3],
        "classes_test": GOOD["y_test"] + 5,
        "X_test": GOOD["X_test"][:, :1].copy(),
        "C": -1.0,
        "class_weights": np.ones(1),
        "players": np.arange(8) * 2,
        "empty_counts": np.array([1, 2, 3]),
        "single_class": "other",
    }.items():
        with pytest.raises(ValueError, match="."):
            _core.Problem(**(good | {name: bad}))
    with pytest.raises(TypeError):
        _core.Problem(**(good | {"classes": GOOD["y"].astype(float)}))
    game = _core.game(_core.Problem(**good))
    grand_coalition = _core.grand_coalition(game)
    for order in ([0, 1], [0] * 8, list(range(1, 9))):
        with pytest.raises(ValueError, match="each player once"):
            testing.walk(game, grand_coalition, np.array(order))
