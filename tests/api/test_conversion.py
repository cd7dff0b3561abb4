"""Features, labels and ids from whatever holds them: frames, tensors, sparse matrices, tables."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse

import shapcpp
from shapcpp import checks

X = np.array([[0.5, 1.0], [-1.0, 0.0], [2.0, 1.0], [0.0, 0.0]])
y = np.array([0, 1, 0, 1])


def frame(**columns: Any) -> pd.DataFrame:
    made: pd.DataFrame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], **columns})
    return made


FEATURES: list[tuple[str, Callable[[], Any]]] = [
    ("a frame", frame),
    ("floats beside booleans", lambda: frame(b=X[:, 1] == 1)),
    ("dummies", lambda: pd.get_dummies(pd.DataFrame({"a": X[:, 0], "b": list("yxyx")}))[["a", "b_y"]]),
    ("nullable columns", lambda: frame().astype({"a": "Float64", "b": "Int64"})),
    ("nullable booleans", lambda: frame(b=pd.array(X[:, 1] == 1, dtype="boolean"))),
    ("a column of objects", lambda: frame(b=pd.Series([1, 0.0, np.int8(1), False], dtype=object))),
    ("decimals and fractions", lambda: frame(b=[Decimal(1), Fraction(0), Decimal("1.0"), 0])),
    ("numeric categories", lambda: frame(b=pd.Categorical([1, 0, 1, 0]))),
    ("sparse columns", lambda: frame(b=pd.arrays.SparseArray(X[:, 1]))),
    ("two columns of one name", lambda: pd.DataFrame(X, columns=["a", "a"])),
    ("an array of objects", lambda: X.astype(object)),
    ("a list of lists", X.tolist),
    ("a sparse matrix", lambda: sparse.csr_matrix(X)),
    ("a sparse array", lambda: sparse.coo_array(X)),
    ("a tensor", lambda: torch.tensor(X)),
    ("a tensor with a gradient", lambda: torch.tensor(X, requires_grad=True)),
    ("a tensor of 16 bits", lambda: torch.tensor(X, dtype=torch.bfloat16)),
    ("a data set of one tensor", lambda: torch.utils.data.TensorDataset(torch.tensor(X))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "make"), FEATURES, ids=[name for name, _ in FEATURES])
def test_features_of_every_kind(name: str, make: Callable[[], Any]) -> None:
    matrix = checks.features("X", make())
    assert matrix.dtype == np.float64
    assert matrix.flags.c_contiguous
    assert matrix.tolist() == X.tolist()


LABELS: list[tuple[str, Callable[[], Any]]] = [
    ("a series", lambda: pd.Series(y)),
    ("nullable integers", lambda: pd.Series(y, dtype="Int8")),
    ("nullable booleans", lambda: pd.Series(y == 1, dtype="boolean")),
    ("a series of objects", lambda: pd.Series(y.tolist(), dtype=object)),
    ("an array of objects", lambda: y.astype(object)),
    ("a tensor", lambda: torch.tensor(y)),
    ("a tensor of booleans", lambda: torch.tensor(y == 1)),
    ("numeric categories", lambda: pd.Series(pd.Categorical(y))),
]


@pytest.mark.parametrize(("name", "make"), LABELS, ids=[name for name, _ in LABELS])
def test_labels_of_every_kind(name: str, make: Callable[[], Any]) -> None:
    assert checks.labels("y", make()).tolist() == y.tolist()


@pytest.mark.parametrize(
    "make",
    [
        lambda: pd.Series(["a", "b"], dtype="string"),
        lambda: pd.Series(["a", "b"], dtype=object),
        lambda: pd.Series(pd.Categorical(["a", "b"])),
        lambda: pd.Index(["a", "b"]),
        lambda: np.array(["a", "b"]),
    ],
)
def test_ids_of_every_kind(make: Callable[[], Any]) -> None:
    assert checks.identifiers("ids", make()).tolist() == ["a", "b"]
    assert checks.identifiers("ids", pd.Series([3, 5], dtype="Int64")).tolist() == [3, 5]
    assert checks.identifiers("ids", torch.tensor([3, 5])).tolist() == [3, 5]


@pytest.mark.parametrize(
    ("make", "error", "sentence"),
    [
        (lambda: frame(b=pd.array([1, None, 0, 1], dtype="Int64")), ValueError,
         "^X has <NA> at row 1, column 'b'; fill or drop it first$"),
        (lambda: frame(b=pd.Series([1.0, None, 2, 3], dtype=object)), ValueError,
         "^X has None at row 1, column 'b'"),
        (lambda: frame(b=pd.Series([1.0, pd.NA, 2, 3], dtype=object)), ValueError,
         "^X has <NA> at row 1, column 'b'"),
        (lambda: np.array([[1.0, None]] * 4, dtype=object), ValueError,
         "^X has None at row 0, column 1"),
        (lambda: frame(b=[1.0, np.nan, 2, 3]), ValueError, "^X has nan at row 1, column 1"),
        (lambda: frame(sex=list("mfmf")), TypeError,
         "^X has 'm' at row 0, column 'sex', and features must be real numbers: encode text"),
        (lambda: frame(b=["1.5", 2, 3, 4]), TypeError, "^X has '1.5' at row 0, column 'b'"),
        (lambda: frame(sex=pd.Categorical(list("mfmf"))), TypeError, "^X has 'm' at row 0, column 'sex'"),
        (lambda: frame(day=pd.to_datetime(["2020-01-01"] * 4)), TypeError,
         "^X has 2020-01-01.* at row 0, column 'day', a time: encode it as a number"),
        (lambda: frame(b=np.ones(4) * 1j), TypeError, "^X has .*j.* at row 0, column 'b'"),
        (lambda: [[10**400, 1.0]] * 4, ValueError,
         "^X has an integer too large for a double at row 0, column 0"),
        (lambda: [[10**200, 1.0]] * 4, ValueError, "at row 0, column 0; features must be finite"),
        (lambda: torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(y)), TypeError,
         r"^X is a data set of 2 tensors: pass one of them, as in X.tensors\[0\]"),
        (lambda: torch.utils.data.Subset(torch.utils.data.TensorDataset(torch.tensor(X)), [0]), TypeError,
         "^X is a Subset, which is no array: pass an array of all samples"),
        (lambda: Pairs(), TypeError, "^X is a Pairs, which is no array: pass an array of all"),
        (lambda: object(), TypeError, "^X is a object, which is no array"),
        (lambda: sparse.coo_array(([1.0], ([0], [0])), shape=(10**6, 10**6)), ValueError,
         "^X is sparse, and dense it takes 8000 GB: reduce its columns"),
    ],
)  # fmt: skip
def test_what_are_no_features_is_named_by_row_and_column(
    make: Callable[[], Any], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence) as told:
        checks.features("X", make())
    assert "\n" not in str(told.value)


class Pairs(torch.utils.data.Dataset[Any]):
    """A data set of pairs, as users write them."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> tuple[Any, int]:
        if index >= 4:
            raise IndexError
        return X[index], int(y[index])


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: pd.Series([0, None, 1, 0], dtype="Int64"), "^y has <NA> at row 1; fill or drop"),
        (lambda: np.array([0, None, 1, 0], dtype=object), "^y must hold integers or booleans"),
        (lambda: [10**30, 1, 0, 1], "^y has 10{30} at row 0, beyond the 64-bit integers"),
        (
            lambda: [0, 1, -(2**63) - 1, 1],
            "^y has -9223372036854775809 at row 2, beyond the 64-bit",
        ),
    ],
)
def test_what_are_no_labels_is_named_by_row(make: Callable[[], Any], sentence: str) -> None:
    with pytest.raises((TypeError, ValueError), match=sentence):
        checks.labels("y", make())


def test_ids_beyond_64_bits_are_named() -> None:
    with pytest.raises(ValueError, match="ids has 10{30} at row 1, beyond the 64-bit integers"):
        checks.identifiers("ids", [1, 10**30])


def test_tables_of_arrow() -> None:
    arrow = pytest.importorskip("pyarrow")
    table = arrow.table({"a": X[:, 0], "b": arrow.array([True, False, True, False])})
    assert checks.features("X", table).tolist() == X.tolist()
    assert checks.labels("y", arrow.chunked_array([[0, 1], [0, 1]])).tolist() == y.tolist()
    assert checks.identifiers("ids", arrow.array(["a", "b"])).tolist() == ["a", "b"]
    gap = arrow.table({"a": X[:, 0], "b": arrow.array([1, None, 0, 1])})
    with pytest.raises(ValueError, match="X has None at row 1, column 'b'"):
        checks.features("X", gap)
    other = arrow.table({"b": X[:, 1], "a": X[:, 0]})
    with pytest.raises(ValueError, match="column 0 of X_test is 'b', and that of X is 'a'"):
        checks.same_columns("X_test", other, "X", table)


def test_the_values_are_those_of_plain_arrays() -> None:
    rng = np.random.default_rng(0)
    A, labels = rng.normal(size=(30, 3)), np.arange(30) % 2
    table = pd.DataFrame(A, columns=list("abc")).astype({"a": "Float64"}).assign(d=labels == 1)
    plain = np.column_stack([A, labels])
    first = shapcpp.value(plain, labels, plain, labels, permutations=20)
    nullable: Any = pd.Series(labels, dtype="Int64")
    second = shapcpp.value(table, nullable, torch.tensor(plain), nullable, permutations=20)
    np.testing.assert_array_equal(first.gains, second.gains)
