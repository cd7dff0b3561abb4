"""How wide ties are: Lemmas 15, 17 and 18, computed here from their formulas.

Test samples lie on a line across the border of two classes, some within the width of a tie and some
beyond it. A bound that is half as large, or twice, makes other ties.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

from class_problems import ClassProblem
from shapcpp import _core
from shapcpp.problem.models import smoothing

U = 2.0**-53
SIZE, FEATURES, C = 24, 2, 0.7
COLUMNS = FEATURES + 1
SECOND = 0.25  # the second feature of all test samples
TIE = 4  # the width of a tie, in roundings of a gradient
STEPS, PER_WIDTH = 60, 40

Floats = NDArray[np.float64]
Exact = Callable[[Any], Any]


class Border(NamedTuple):
    """The lead of class 1 at (t, SECOND), to 40 digits, and the width of its tie."""

    margin: Exact
    width: Callable[[float], float]


def samples(seed: int) -> tuple[Floats, NDArray[np.int64]]:
    """Multiples of 1/16 whose mean is exactly zero, so that centring rounds nothing."""
    rng = np.random.default_rng(seed)
    half = rng.integers(-40, 41, size=(SIZE // 2, FEATURES)) / 16
    X = np.vstack([half, -half])
    y = (X[:, 0] - 0.5 * X[:, 1] > 0.375).astype(np.int64)
    y[:3] = 1 - y[:3]
    return X, y


def solved(matrix: Floats, right: Floats) -> Floats:
    """To 40 digits; an array of mpmath numbers."""
    found = mpmath.lu_solve(mpmath.matrix(matrix.tolist()), mpmath.matrix(right.tolist()))
    return np.array(list(found))


def norm(x: Floats, inverse: Floats) -> float:
    return float(np.sqrt(x @ inverse @ x))


def ridge(X: Floats, y: NDArray[np.int64]) -> Border:
    """Lemma 15: 4 times the bounds of both gradients, and twice the rounding of the products."""
    X = np.column_stack([X, np.ones(SIZE)])
    H = X.T @ X + np.diag([1 / C] * FEATURES + [0])
    weights = [solved(H, X.T @ (y == k)) for k in (0, 1)]
    inverse = np.linalg.inv(H)
    roots = np.sqrt(np.diagonal(H))
    spread = float(roots @ np.sqrt(np.diagonal(inverse)))
    of_sum, of_dot = (SIZE / 2 + 25 + 1) * U, (COLUMNS + 5) * U
    sizes = [np.abs(w.astype(float)) for w in weights]
    gradients = sum(
        float(of_dot * (size @ roots) + (of_sum * spread + 2 * U) * np.sqrt((y == k).sum()))
        for k, size in enumerate(sizes)
    )

    def width(t: float) -> float:
        x = np.array([t, SECOND, 1])
        of_products = 2 * of_dot * float(np.abs(x) @ (sizes[0] + sizes[1]))
        return TIE * gradients * norm(x, inverse) + of_products

    return Border(lambda t: np.dot(weights[1] - weights[0], [t, SECOND, 1]), width)


def lda(X: Floats, y: NDArray[np.int64]) -> Border:
    """Lemma 17: members that are rounded, the product with the scatter, and the intercept."""
    of_dot = (COLUMNS + 8) * U
    means = [[mpmath.fsum(col) / len(col) for col in X[y == k].T] for k in (0, 1)]
    away = [X[i] - np.array(means[y[i]]) for i in range(SIZE)]
    A = np.sum([np.outer(one, one) for one in away], axis=0) + np.diag([mpmath.mpf(1) / C] * 2)
    weights, widths, sizes = [], [], []
    inverse = np.linalg.inv(A.astype(float))
    roots, inverse_roots = np.sqrt(np.diagonal(A.astype(float))), np.sqrt(np.diagonal(inverse))
    root_of_squares = np.sqrt((X**2).sum(axis=0))
    for k in (0, 1):
        w = solved(A, SIZE * np.array(means[k]))
        size = np.abs(w.astype(float))
        magnitude = np.abs(X[y == k]).mean(axis=0)
        of_product = of_dot * (roots * (size @ roots) + SIZE * magnitude)
        of_members = 4 * U * (
            roots * (size @ root_of_squares) + root_of_squares * (size @ roots)
        )  # fmt: skip
        radius = TIE * float(inverse_roots @ (of_product + of_members))
        mean = norm(np.array(means[k], dtype=float), inverse)
        constant = mpmath.log((y == k).sum()) - np.dot(w, means[k]) / 2
        of_constant = of_dot * float(size @ magnitude + np.log(SIZE) + 1)
        widths.append((radius, mean * radius + of_constant))
        weights.append(np.append(w, constant))
        sizes.append(np.append(size, abs(float(constant))))

    def width(t: float) -> float:
        x = np.array([t, SECOND, 1])
        of_products = of_dot * float(np.abs(x) @ (sizes[0] + sizes[1]))
        (radius_a, constant_a), (radius_b, constant_b) = widths
        of_weights = norm(x[:2], inverse) * (radius_a + radius_b)
        return of_weights + 2 * (of_products + constant_a + constant_b)

    return Border(lambda t: np.dot(weights[1] - weights[0], [t, SECOND, 1]), width)


def bayes(X: Floats, y: NDArray[np.int64]) -> Border:
    """Lemma 18: members that are rounded move means and variances; twice that."""
    means, variances, priors = [], [], []
    for k in (0, 1):
        own = [[mpmath.mpf(value) for value in column] for column in X[y == k].T]
        means.append([mpmath.fsum(column) / len(column) for column in own])
        variances.append([
            mpmath.fsum((value - m) ** 2 for value in column) / len(column) + smoothing(X)
            for column, m in zip(own, means[k], strict=True)
        ])  # fmt: skip
        priors.append(mpmath.log((y == k).sum()))

    def score(k: int, t: Any) -> Any:
        return priors[k] - mpmath.fsum(
            ((z - m) ** 2 / v + mpmath.log(v)) / 2
            for z, m, v in zip((t, SECOND), means[k], variances[k], strict=True)
        )

    def width(t: float) -> float:
        sum_of_both, z = 0.0, np.array([t, SECOND])
        for k in (0, 1):
            v, m = np.array(variances[k], dtype=float), np.array(means[k], dtype=float)
            mean_size, mean_square = np.abs(X[y == k]).mean(axis=0), (X[y == k] ** 2).mean(axis=0)
            moved = U * (np.abs(z) + mean_size)
            of_variance = 4 * U * (np.sqrt(v * mean_square) + U * mean_square) / v + 4 * U
            at = np.abs(z - m)
            sum_of_both += float(
                np.sum(moved * (at + moved) / v + of_variance * (at**2 / v + 1) / 2)
            )
        return 2 * sum_of_both

    return Border(lambda t: score(1, t) - score(0, t), width)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("model", "border_of"), [("ridge", ridge), ("lda", lda), ("bayes", bayes)])
def test_ties_are_as_wide_as_the_lemma_says(
    model: str, border_of: Callable[..., Border], seed: int
) -> None:
    X, y = samples(seed)
    with mpmath.workdps(40):
        border = border_of(X, y)
        at = mpmath.findroot(border.margin, (0.3, 0.4))
        slope = mpmath.diff(border.margin, at)
        width = border.width(float(at))
        t = np.array([float(at + i * width / slope / PER_WIDTH) for i in range(-STEPS, STEPS + 1)])
        leads = np.array([float(abs(border.margin(mpmath.mpf(one)))) / width for one in t])
    X_test = np.column_stack([t, np.full(len(t), SECOND)])
    problem = ClassProblem(X, y, X_test, np.arange(len(t)) % 2, 2, C)
    found = _core.grand_coalition(_core.game(problem.core(model), model))
    assert found.uncertified == 0
    assert 0 < (leads < 0.97).sum() <= found.ties <= (leads < 1.03).sum() < len(t)
