"""Kernel logistic regression against its slow twin and against linear models: equal integers."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import shapcpp
from kernel_twin import KernelLogistic, LongGaussian, gaussian

Floats = NDArray[np.float64]
Sides = tuple[Floats, NDArray[Any], Floats, NDArray[Any]]
SMALL, LARGE = 20, 56  # below 48 different rows features are so few that weights are used


def draw(n: int, d: int = 4, m: int = 50, classes: int = 2) -> Sides:
    rng = np.random.default_rng([n, d, classes])
    y, y_test = rng.integers(0, classes, n), rng.integers(0, classes, m)
    y[:classes] = np.arange(classes)
    X, X_test = (rng.normal(size=(len(k), d)) + 0.5 * k[:, None] for k in (y, y_test))
    return X, y, X_test, y_test


OPTIONS: dict[str, dict[str, Any]] = {
    "weak penalty": {"C": 1e3},
    "hardly any penalty": {"C": 1e5},
    "strong penalty": {"C": 1e-4},
    "weights over decades": {"class_weight": {0: 1e-2, 1: 30.0}},
    "separable": {"C": 10.0},
    "carry": {"single_class": "carry", "empty": "none"},
}


def nasty(kind: str, n: int) -> tuple[Sides, dict[str, Any]]:
    X, y, X_test, y_test = draw(n)
    half = n // 2
    both: list[NDArray[Any]] = [X, X_test]
    options = OPTIONS.get(kind, {})
    if kind == "one feature":
        both = [X[:, :1], X_test[:, :1]]
    if kind == "collinear":
        both = [np.c_[side, 2 * side[:, :2]] for side in both]
    if kind == "constant column":
        both = [np.c_[X, np.full(n, 0.1)], np.c_[X_test, np.full(len(X_test), 0.3)]]
    if kind == "more features":
        rng = np.random.default_rng(n)
        both = [rng.normal(size=(n, 3 * n)), rng.normal(size=(len(X_test), 3 * n))]
    if kind == "huge":
        both = [side * 1e120 for side in both]
    if kind == "tiny":
        both = [side * 1e-120 for side in both]
    if kind == "far from the origin":
        both = [side + 1e6 for side in both]
    if kind == "integers":
        both = [np.round(2 * side) for side in both]
    if kind == "few different rows":
        both = [(side[:, :3] > 0.3) * 1.0 for side in both]
    if kind == "separable":
        both = [X + 30.0 * y[:, None], X_test + 30.0 * y_test[:, None]]
    X, X_test = both
    if kind == "duplicates":
        X, y = np.repeat(X[:half], 2, axis=0), np.repeat(y[:half], 2)
    if kind == "duplicates with opposite labels":
        X, y, X_test = np.repeat(X[:half], 2, axis=0), np.arange(2 * half) % 2, X_test.copy()
        X_test[:10] = X[:20:2]
    if kind == "near duplicates":
        X = np.repeat(X[:half], 2, axis=0)
        X[1::2] += 1e-7
    if kind == "tests among training rows":
        X_test, y_test = X, y
    if kind == "one test class":
        y_test = np.ones_like(y_test)
    if kind == "mirrored":
        X, y, X_test = np.r_[X[:half], -X[:half]], np.arange(2 * half) // half, X_test.copy()
        X_test[:5] = 0
    if kind == "groups":
        options = {"groups": np.arange(n) // 3}
    return (X, y, X_test, y_test), options


NASTY = (
    "plain", "weak penalty", "hardly any penalty", "strong penalty", "weights over decades",
    "groups", "one feature", "collinear", "constant column", "more features", "huge", "tiny",
    "far from the origin", "integers", "few different rows", "separable", "duplicates", "carry",
    "duplicates with opposite labels", "near duplicates", "tests among training rows",
    "one test class", "mirrored",
)  # fmt: skip


def run(sides: Sides, permutations: int = 1, sampler: Any = "permutations", **options: Any) -> Any:
    return shapcpp.value(*sides, permutations, sampler=sampler, **options)


def assert_equal(v: Any, w: Any) -> None:
    for name in ("gains", "products", "empty_counts", "full_counts", "vote_counts"):
        np.testing.assert_array_equal(getattr(v, name), getattr(w, name))
    assert v.uncertified == w.uncertified == 0


def twin_of(v: Any, **options: Any) -> KernelLogistic:
    kernel = partial(gaussian, gamma=v.settings["gamma"])
    return KernelLogistic(kernel, v.settings["C"], options.get("class_weight"))


@pytest.mark.filterwarnings("ignore::shapcpp.ValuationWarning")
@pytest.mark.parametrize("n", [SMALL, LARGE])
@pytest.mark.parametrize("kind", NASTY)
def test_every_coalition_scores_as_its_dual_twin(kind: str, n: int) -> None:
    sides, options = nasty(kind, n if kind != "hardly any penalty" else SMALL)  # slow for a twin
    v = run(sides, kernel="rbf", **options)
    others = {k: value for k, value in options.items() if k not in ("C", "class_weight")}
    assert_equal(v, run(sides, model=twin_of(v, **options), **others))


@pytest.mark.filterwarnings("ignore::shapcpp.ValuationWarning")
@pytest.mark.parametrize("factor", [1e-3, 0.1, 8.0])
@pytest.mark.parametrize("n", [SMALL, LARGE])
def test_other_widths_score_as_the_twin(factor: float, n: int) -> None:
    sides = draw(n, d=3)
    v = run(sides, kernel="rbf", gamma=0.2 * factor, C=5.0)
    assert_equal(v, run(sides, model=twin_of(v)))


@pytest.mark.filterwarnings("ignore::shapcpp.ValuationWarning")
@pytest.mark.parametrize("kind", ["plain", "integers", "duplicates with opposite labels"])
def test_several_labels_score_as_the_twin(kind: str) -> None:
    (X, y, X_test, y_test), _ = nasty(kind, 30)
    sides = X, (y + np.arange(30)) % 3, X_test, (y_test + np.arange(len(y_test))) % 3
    v = run(sides, kernel="rbf")
    assert v.settings["model"] == "ovr"
    assert_equal(v, run(sides, model=twin_of(v)))


def linear(X: Floats) -> Floats:
    return X


def quadratic(X: Floats) -> Floats:
    """Features whose products are (1 + x.y)^2; the constant is the intercept's."""
    pairs = [X[:, i] * X[:, j] * (1 if i == j else np.sqrt(2))
             for i in range(X.shape[1]) for j in range(i + 1)]  # fmt: skip
    return np.asarray(np.c_[np.sqrt(2) * X, np.stack(pairs, axis=1)])


MATRICES: dict[str, Any] = {
    "linear": (lambda X, Y: X @ Y.T, linear),
    "quadratic": (lambda X, Y: (1 + X @ Y.T) ** 2, quadratic),
}
# Where squares of the features have too few digits for a matrix of products.
NO_PRODUCTS = {
    "linear": {"huge", "tiny", "far from the origin", "hardly any penalty"},
    "quadratic": {
        "huge",
        "tiny",
        "far from the origin",
        "hardly any penalty",
        "separable",
        "more features",
    },
}


@pytest.mark.filterwarnings("ignore::shapcpp.ValuationWarning")
@pytest.mark.parametrize("sampler", ["permutations", "halving"])
@pytest.mark.parametrize(
    ("name", "kind"),
    [(name, kind) for name in MATRICES for kind in NASTY if kind not in NO_PRODUCTS[name]],
)
def test_a_matrix_of_products_scores_as_the_features(kind: str, name: str, sampler: Any) -> None:
    matrix, features = MATRICES[name]
    for n in (SMALL, LARGE):
        (X, y, X_test, y_test), options = nasty(kind, n)
        v = run((matrix(X, X), y, matrix(X_test, X), y_test), 1, sampler, kernel="precomputed",
                **options)  # fmt: skip
        w = run((features(X), y, features(X_test), y_test), 1, sampler, **options)
        assert_equal(v, w)
        assert v.ties == w.ties


@pytest.mark.filterwarnings("ignore::shapcpp.ValuationWarning")
@pytest.mark.parametrize("kind", [kind for kind in NASTY if kind != "tiny"])  # leaves no weights
def test_the_linear_kernel_is_the_linear_model(kind: str) -> None:
    sides, options = nasty(kind, SMALL)
    v, w = run(sides, kernel="linear", **options), run(sides, **options)
    assert_equal(v, w)
    assert (v.settings["kernel"], v.settings["gamma"], v.ties) == ("linear", None, w.ties)


@pytest.mark.filterwarnings("ignore::shapcpp.ValuationWarning")
@pytest.mark.parametrize("sampler", ["permutations", "halving"])
def test_few_different_rows_score_as_features_of_their_own(sampler: Any) -> None:
    """From the eigenvectors of the matrix of the corners of a cube."""
    sides, _ = nasty("few different rows", LARGE)
    corners = np.stack(np.meshgrid(*[[0.0, 1.0]] * 3), axis=-1).reshape(8, 3)
    values, vectors = np.linalg.eigh(gaussian(corners, corners, 0.7))
    of_corner = vectors * np.sqrt(values)
    X, X_test = (
        of_corner[[int(np.flatnonzero((corners == row).all(axis=1))[0]) for row in side]]
        for side in (sides[0], sides[2])
    )
    v = run(sides, 2, sampler, kernel="rbf", gamma=0.7)
    w = run((X, sides[1], X_test, sides[3]), 2, sampler)
    assert_equal(v, w)
    assert v.ties == w.ties > 0


@pytest.mark.filterwarnings("ignore::shapcpp.ValuationWarning")
def test_a_matrix_of_the_gaussian_is_the_gaussian() -> None:
    X, y, X_test, y_test = draw(LARGE)
    v = run((X, y, X_test, y_test), 2, kernel="rbf", gamma=0.1)
    given = (gaussian(X, X, 0.1), y, gaussian(X_test, X, 0.1), y_test)
    assert_equal(v, run(given, 2, kernel="precomputed"))


@pytest.mark.filterwarnings("ignore::shapcpp.ValuationWarning")
@pytest.mark.parametrize("n", [SMALL, LARGE])
@pytest.mark.parametrize(("C", "gamma"), [(1.0, 0.3), (1.0, 0.03), (300.0, 0.1)])
def test_signs_next_to_the_surface_are_those_of_the_exact_kernel(
    C: float, gamma: float, n: int
) -> None:
    X, y, _, _ = draw(n, d=3)
    exact = LongGaussian(X, y, gamma, C)
    rng = np.random.default_rng(n)
    ends = 2 * rng.normal(size=(400, 2, 3))
    margins = exact.margins(ends.reshape(-1, 3)).reshape(-1, 2)
    ends = ends[(margins[:, 0] < 0) & (margins[:, 1] > 0)][:60]
    for _ in range(29):  # halves the way to the surface, and stays away from ties
        middle = ends.mean(axis=1)
        side = (exact.margins(middle) > 0).astype(int)
        ends[np.arange(len(ends)), side] = middle
    tests = ends.reshape(-1, 3)
    margins = exact.margins(tests)
    assert 100 * exact.error < np.abs(margins).min() < 1e-9
    assert np.median(np.abs(margins)) < 1e-8
    v = run((X, y, tests, (margins > 0).astype(int)), kernel="rbf", gamma=gamma, C=C)
    np.testing.assert_array_equal(v.full_counts, v.test_counts)
    assert v.uncertified == 0
