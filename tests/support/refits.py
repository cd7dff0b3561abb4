"""The slow twin of `_core.leave_one_out`: one ridge regression per sample left out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
JITTER = 1e-6


def view(
    X: Floats, similarity: str, width: float, landmarks: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Columns, and the matrix P of the penalty w' P w."""
    if not len(landmarks):
        return X, np.eye(X.shape[1])
    M = X[landmarks]

    def compare(A: Floats) -> Floats:
        difference = A[:, None, :] - M[None]
        if similarity == "product":
            return np.asarray(A @ M.T)
        size = np.abs(difference) if similarity == "laplacian" else difference**2
        return np.asarray(size.sum(axis=2))

    columns, among = compare(X), compare(M)
    if similarity != "product":
        pairs = np.sort(among[np.tril_indices(len(M), -1)])
        scale = pairs[len(pairs) // 2] if len(pairs) else 1.0
        reach = 2 * width**2 * scale if similarity == "gaussian" else width * scale
        columns, among = np.exp(-columns / reach), np.exp(-among / reach)
    return columns, among + JITTER * np.trace(among) * np.eye(len(M))


def refit_without_each(columns: Floats, P: Floats, targets: Floats, penalty: float) -> Floats:
    """Predictions of each sample by the fit to all others; centring stays as it is of all."""
    Z = columns - columns.mean(axis=0)
    n, width = Z.shape
    A = np.column_stack([Z, np.ones(n)])  # the intercept is free
    size = np.zeros((width + 1, width + 1))
    size[:width, :width] = penalty * P
    predictions = np.empty_like(targets)
    for i in range(n):
        others = np.arange(n) != i
        B = A[others]
        weights = np.linalg.solve(B.T @ B + size, B.T @ targets[others])
        predictions[i] = A[i] @ weights
    return predictions


def fit_to_all(columns: Floats, P: Floats, targets: Floats, factor: float) -> Floats:
    """Weights of the fit to all samples, for this factor of the mean squared length of one."""
    Z = columns - columns.mean(axis=0)
    products = Z.T @ Z
    size = np.trace(np.linalg.solve(P, products)) / len(Z)
    weights: Floats = np.linalg.solve(products + factor * size * P, Z.T @ targets)
    return weights
