"""More features than samples: the engine works in the span of the samples, to within a known error."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

import baseline
import shapcpp
from judge import Objective, exactly
from shapcpp import _core
from shapcpp._core import testing

Floats = NDArray[np.float64]
Change = Callable[[Floats, np.random.Generator], Floats]


def problem(X: Floats, X_test: Floats, C: float = 1.0) -> _core.Problem:
    """Labels alternate."""
    return _core.Problem(
        X=X, classes=np.arange(len(X)) % 2, X_test=X_test, classes_test=np.zeros(len(X_test), int),
        C=C, class_weights=np.ones(2), players=np.arange(len(X)), empty_counts=np.array([0, 0]),
        single_class="constant",
    )  # fmt: skip


def draw(seed: int, n: int, m: int, d: int) -> tuple[Floats, Floats, np.random.Generator]:
    rng = np.random.default_rng([seed, n, d])
    return rng.normal(size=(n, d)), rng.normal(size=(m, d)), rng


def one_outlier(X: Floats, rng: np.random.Generator) -> Floats:
    return X * np.where(np.arange(len(X)) == 1, 1e4, 1)[:, None]


def constant_in_training(X: Floats, rng: np.random.Generator) -> Floats:
    """The first four rows are the training samples."""
    X = X.copy()
    X[:4, ::3] = 0.1
    X[4:, ::3] *= 1e12
    return X


# Changes of all samples, training samples first.
KINDS: dict[str, Change] = {
    "plain": lambda X, rng: X,
    "far from the origin": lambda X, rng: X + 1e6,
    "huge": lambda X, rng: X * 1e120,
    "tiny": lambda X, rng: X * 1e-200,
    "denormal": lambda X, rng: X * 1e-308,
    "mixed scales": lambda X, rng: X * 10.0 ** rng.integers(-9, 10, X.shape[1]),
    "one outlier": one_outlier,
    "duplicates": lambda X, rng: X[[0, 0, 2, 2, *range(4, len(X))]],
    "nearly equal": lambda X, rng: X[:1] + 1e-9 * X,
    "all constant": lambda X, rng: np.concatenate([0 * X[:4] + 0.3, X[4:]]),
    "constant in training": constant_in_training,
}


@pytest.mark.parametrize("d", [5, 9, 40])
@pytest.mark.parametrize("kind", KINDS)
def test_the_error_of_the_rotation_is_within_its_bound(kind: str, d: int) -> None:
    """Inner products with training samples are all that matters: judged in exact fractions."""
    X, X_test, rng = draw(1, 4, 3, d)
    both = KINDS[kind](np.concatenate([X, X_test]), rng)
    X, X_test = both[:4], both[4:]
    built = problem(X, X_test)
    if kind in ("plain", "nearly equal", "tiny"):
        assert built.samples.shape == (4, 5)
        assert built.rotation_error > 0
    assert built.rotation_error < 1e-14
    # Columns that are not rotated are rounded once, when they are centred.
    error = Fraction(max(built.rotation_error, 2.0**-52))

    centre = np.zeros(d)
    for x in X:
        centre += x / 4
    constant = X.min(axis=0) == X.max(axis=0)

    def before(x: Floats) -> list[Fraction]:
        return [
            Fraction(0) if same else Fraction(a) - Fraction(b)
            for a, b, same in zip(x, centre, constant, strict=True)
        ]

    def dot(x: list[Fraction], y: list[Fraction]) -> Fraction:
        return sum((a * b for a, b in zip(x, y, strict=True)), Fraction(0))

    rows = [before(x) for x in both]
    working = [list(map(Fraction, z)) for z in [*built.samples, *built.test_samples(0)]]
    penalty = list(map(Fraction, built.penalty))
    for x, z in zip(rows, working, strict=True):
        for y, v in zip(rows[:4], working[:4], strict=True):
            # What one weight per column and its penalty make of two samples, since C = 1.
            pairs = zip(z[:-1], v[:-1], penalty[:-1], strict=True)
            difference = sum((a * b / p for a, b, p in pairs), Fraction(0)) - dot(x, y)
            bound = 2 * error + error**2
            assert difference**2 <= bound**2 * dot(x, x) * dot(y, y)


def test_the_bound_is_needed_and_not_far_from_the_error() -> None:
    X, X_test, _ = draw(2, 60, 5, 400)
    built = problem(X, X_test)
    exact = np.longdouble(X) - sum((x / 60 for x in X), np.zeros(400))
    norms = np.sqrt((exact**2).sum(axis=1))
    found = np.longdouble(built.samples[:, :-1])
    difference = found @ found.T - np.longdouble(built.penalty[0]) * exact @ exact.T
    share = np.abs(difference / np.outer(norms, norms)).max() / np.longdouble(built.penalty[0])
    assert built.rotation_error / 100 < share < 2 * built.rotation_error


@pytest.mark.parametrize(("n", "d"), [(2, 2), (5, 3), (30, 30)])
def test_no_rotation_where_it_gains_nothing(n: int, d: int) -> None:
    X, X_test, _ = draw(3, n, 2, d)
    built = problem(X, X_test)
    assert built.rotation_error == 0
    assert built.samples.shape == (n, d + 1)


def options_of(kind: str, rng: np.random.Generator, n: int) -> dict[str, Any]:
    if kind == "groups":
        return {"groups": rng.integers(0, 5, n), "class_weight": {0: 0.2, 1: 3.0}}
    return {"strong penalty": {"C": 1e-3}, "weak penalty": {"C": 1e3}}.get(kind, {})


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "kind", ["plain", "groups", "strong penalty", "weak penalty", "far from the origin",
             "one outlier", "constant in training", "duplicates"],
)  # fmt: skip
@pytest.mark.parametrize(("n", "d"), [(2, 7), (14, 15), (14, 90)])
def test_same_integers_as_the_twin_and_as_data_rotated_by_hand(
    kind: str, seed: int, n: int, d: int
) -> None:
    X, X_test, rng = draw(seed, n, 20, d)
    y, y_test = np.arange(n) % 2, np.arange(20) % 2
    if kind == "constant in training":
        X[:, ::3], X_test[:, ::3] = 0.1, 1e5 * X_test[:, ::3]
    elif kind == "duplicates":
        X = X[np.arange(n) // 2]
    elif kind in KINDS:
        both = KINDS[kind](np.concatenate([X, X_test]), rng)
        X, X_test = both[:n], both[n:]
    options = options_of(kind, rng, n)
    plain: dict[str, Any] = {"sampler": "permutations", **options}
    v = shapcpp.value(X, y, X_test, y_test, 4, seed, **plain)
    if kind != "duplicates":  # of opposite labels: margins that are exactly zero
        assert v.uncertified == 0

    centred, basis = X - X[0], np.linalg.qr((X - X[0]).T)[0]
    by_hand = shapcpp.value(centred @ basis, y, (X_test - X[0]) @ basis, y_test, 4, seed, **plain)
    for other in (baseline.value(X, y, X_test, y_test, 4, seed, **options), by_hand):
        np.testing.assert_array_equal(v.gains, other.gains)
        np.testing.assert_array_equal(v.products, other.products)


@pytest.mark.parametrize("exponent", [-300, -40, 40, 300])
def test_a_power_of_two_in_all_features_is_one_in_the_penalty(exponent: int) -> None:
    X, X_test, _ = draw(5, 20, 50, 64)
    y, y_test = np.arange(20) % 2, np.arange(50) % 2
    plain = shapcpp.value(X, y, X_test, y_test, 5)
    s = 2.0**exponent
    scaled = shapcpp.value(s * X, y, s * X_test, y_test, 5, C=s**-2.0)
    np.testing.assert_array_equal(plain.gains, scaled.gains)
    assert plain.uncertified == scaled.uncertified == 0


ONE = 10.0 ** np.where(np.arange(30) == 3, 1, 0)
SCALES: dict[str, Floats] = {
    "one column at 1e9": ONE**9,
    "one column at 1e11": ONE**11,
    "one column at 1e14": ONE**14,
    "one tiny column": ONE**-12,
    "four columns at 1e9": 10.0 ** np.where(np.arange(30) < 4, 9, 0),
    "more columns at 1e7 than samples": 10.0 ** np.where(np.arange(30) < 15, 7, 0),
    "scales over twelve orders": 10.0 ** np.linspace(-3, 9, 30),
}


@pytest.mark.parametrize("offset", [0, 1e3])
@pytest.mark.parametrize("kind", SCALES)
def test_columns_of_all_sizes_are_judged_right(kind: str, offset: float) -> None:
    """Against fifty digits, on the data as it is: the penalty is on the user's scale."""
    n, m = 12, 15
    X, X_test, rng = draw(7, n, m, 30)
    y = np.arange(n) % 2
    X[:, 3] += y
    X, X_test = ((side + offset) * SCALES[kind] for side in (X, X_test))
    order = rng.permutation(n)
    built = problem(X, X_test)
    assert built.samples.shape[1] <= 31
    truth = {}
    with mpmath.workdps(60):
        for size in (4, 7, 12):
            rows = order[:size]
            if len(set(y[rows])) == 2:
                truth[size] = int(positive_by_kernel(X[rows], y[rows], X_test).sum())
    assert truth
    for make in (_core.game, testing.dense_game):
        game = make(built)
        path, open_signs = testing.walk(game, _core.grand_coalition(game), order)
        assert open_signs == (0, 0)
        assert {size: m - int(path[size, 0]) for size in truth} == truth


def positive_by_kernel(X: Floats, y: NDArray[np.int64], X_test: Floats) -> NDArray[np.bool_]:
    """Weights are combinations of the samples: an objective of one number for each, C = 1."""
    rows, tests = ([exactly(row) for row in side] for side in (X, X_test))
    inner = mpmath.matrix([[mpmath.fdot(a, b) for b in rows] for a in rows])
    root = mpmath.cholesky(inner)
    samples = [[root[i, j] for j in range(len(rows))] + [mpmath.mpf(1)] for i in range(len(rows))]
    objective = Objective(
        np.zeros((0, 1)), y, np.ones(len(y)), [mpmath.mpf(1)] * len(y) + [mpmath.mpf(0)]
    )
    objective.rows = samples
    w = objective.optimum([mpmath.mpf(0)] * (len(y) + 1))
    residuals = [
        label - 1 / (1 + mpmath.exp(-z))
        for label, z in zip(y.tolist(), objective.margins(w), strict=True)
    ]
    return np.array([
        mpmath.fdot(residuals, [mpmath.fdot(t, row) for row in rows]) + w[-1] > 0 for t in tests
    ])  # fmt: skip


def test_dense_and_certified_agree_and_leave_nothing_open() -> None:
    X, X_test, _ = draw(6, 60, 400, 700)
    y = np.arange(60) % 3 == 0
    X[:, 0] += 3 * y
    games = [make(problem(X, X_test)) for make in (_core.game, testing.dense_game)]
    order = _core.permutation(60, 0, 0)
    certified, dense = (testing.walk(g, _core.grand_coalition(g), order) for g in games)
    np.testing.assert_array_equal(certified[0], dense[0])
    assert certified[1] == dense[1] == (0, 0)
