"""Kernel logistic regression by Newton's method on dual coefficients, in numpy: the slow twin."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

Floats = NDArray[np.float64]

TIE, CLOSE = 1e-12, 1e-9  # the twin cannot tell between them, and says so
MOST_STEPS = 500


class CloseMarginError(AssertionError):
    """A margin that the twin can neither call a tie nor tell the sign of."""


def gaussian(X: Floats, Y: Floats, gamma: float) -> Floats:
    """exp(-gamma |x - y|^2) of all pairs of rows."""
    apart = X[:, None, :] - Y[None, :, :]
    return np.asarray(np.exp(-gamma * np.einsum("ijk,ijk->ij", apart, apart)))


class KernelLogistic(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """One coefficient per sample and a free intercept; for more labels, of each against the rest.

    Minimises sum_i a_i log(1 + exp(-s_i z_i)) + beta' K beta / (2 C) with z = K beta + b by damped
    Newton steps. Ties go to the smallest label.

    Parameters
    ----------
    kernel : callable
        Gives the matrix of two sets of rows.
    C : float
        Inverse strength of the penalty.
    weights : dict, optional
        The weight of each label's losses.
    """

    def __init__(self, kernel: Any = None, C: float = 1.0, weights: Any = None) -> None:
        self.kernel = kernel
        self.C = C
        self.weights = weights

    def fit(self, X: Floats, y: NDArray[Any]) -> KernelLogistic:
        """Fits one model for two labels, one of each label against the rest for more."""
        self.classes_ = np.unique(y)
        self.X_ = X
        K = self.kernel(X, X)
        a = np.array([1.0 if self.weights is None else self.weights[k] for k in y.tolist()])
        chosen = self.classes_[1:] if len(self.classes_) == 2 else self.classes_
        self.models_ = [dual_newton(K, np.where(y == k, 1.0, -1.0), self.C * a) for k in chosen]
        return self

    def predict(self, X: Floats) -> NDArray[Any]:
        """The label of the largest margin."""
        K = self.kernel(X, self.X_)
        margins = np.stack([K @ beta + b for beta, b in self.models_], axis=1)
        if len(self.models_) == 1:
            margins = np.c_[-margins, margins]
        behind = margins.max(axis=1, keepdims=True) - margins
        if ((behind > TIE) & (behind < CLOSE)).any():
            raise CloseMarginError("a margin is close to zero: draw another problem")
        return np.asarray(self.classes_[(behind <= TIE).argmax(axis=1)])


def dual_newton(K: Floats, signs: Floats, most: Floats) -> tuple[Floats, float]:
    """Coefficients and intercept at the optimum; no coefficient is larger than `most`."""
    n = len(K)
    beta, b = np.zeros(n), 0.0
    moved, size = np.inf, 1.0
    for _ in range(MOST_STEPS):
        z = K @ beta + b
        wrong = 1 / (1 + np.exp(np.clip(signs * z, -700, 700)))
        root = np.sqrt(np.maximum(most * wrong * (1 - wrong), 1e-300))
        # beta + change = most signs wrong - root^2 (K change + shift), and beta adds up to zero.
        system = np.zeros((n + 1, n + 1))
        system[:n, :n] = K * root * root[:, None] + np.eye(n)
        system[:n, n] = system[n, :n] = root
        found = np.linalg.solve(
            system, np.append((most * signs * wrong - beta) / root, -beta.sum())
        )
        change, shift = found[:n] * root, found[n]
        moved, size = np.abs(K @ change + shift).max(), 1 + np.abs(z).max()
        length = min(1.0, 2.0 / max(moved, 1e-300))
        beta, b = beta + length * change, b + length * shift
        if moved < 1e-14 * size:
            break
    if moved > 1e-11 * size:
        raise AssertionError(f"the twin does not converge: {moved}")
    return beta, float(b)


class LongGaussian:
    """The optimum of two labels with the exact Gaussian, in the longest floats.

    Steps are those of double precision; what is left is computed in long ones.

    Parameters
    ----------
    X : ndarray, shape (n, d)
        Training rows.
    y : ndarray, shape (n,)
        Labels 0 and 1.

    Attributes
    ----------
    error : float
        Of the gradient, as Lemma 24 has it: margins err by at most some times that.
    """

    def __init__(self, X: Floats, y: NDArray[Any], gamma: float, C: float) -> None:
        self.X, self.gamma = X, gamma
        K, signs = self.kernel(X), np.where(y == 1, 1.0, -1.0)
        beta, b = (np.asarray(x, dtype=np.longdouble) for x in dual_newton(
            np.asarray(K, dtype=float), signs, np.full(len(y), C)))  # fmt: skip
        for _ in range(20):
            wrong = 1 / (1 + np.exp(signs * (K @ beta + b)))
            left = C * signs * wrong - beta
            root = np.sqrt(np.asarray(C * wrong * (1 - wrong), dtype=float))
            n = len(K)
            system = np.zeros((n + 1, n + 1))
            system[:n, :n] = np.asarray(K, dtype=float) * root * root[:, None] + np.eye(n)
            system[:n, n] = system[n, :n] = root
            right = np.append(np.asarray(left, dtype=float) / root, -float(beta.sum()))
            found = np.linalg.solve(system, right)
            beta, b = beta + found[:n] * root, b + found[n]
        self.error = float(np.sqrt(np.sum(left**2 / (C * wrong * (1 - wrong)))))
        self.beta, self.b = beta, b

    def kernel(self, rows: Floats) -> NDArray[np.longdouble]:
        apart = rows.astype(np.longdouble)[:, None, :] - self.X.astype(np.longdouble)[None]
        return np.asarray(np.exp(-np.longdouble(self.gamma) * (apart**2).sum(axis=-1)))

    def margins(self, rows: Floats) -> NDArray[np.longdouble]:
        return np.asarray(self.kernel(rows) @ self.beta + self.b)
