"""From many features to a few: the principal directions of the training rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from shapcpp import checks
from shapcpp.machine.threads import aside
from shapcpp.problem.scaling import scaled
from shapcpp.results.components import Components

__all__ = ["Reduction", "principal_directions", "reduced_sides"]

Floats = NDArray[np.float64]

GRID = 2.0**-16  # of the entries of directions: coarse enough to take off what libraries differ in
# Squares of the features tell directions from rounding down to this share of the largest variance;
# below it the features themselves are decomposed, at many times the cost.
TRUSTED = 1e-9


class Reduction:
    """The number of directions asked for, and the directions once they are fitted.

    Parameters
    ----------
    asked : int
        Number of directions.
    fitted : Components, optional
        The directions, if they are known.
    """

    def __init__(self, asked: int, fitted: Components | None = None) -> None:
        self.asked = asked
        self._fitted = fitted

    @classmethod
    def of(cls, components: int | Reduction | None, columns: int) -> Reduction | None:
        """Checks the argument `components` of `value` for this many features."""
        if components is None or isinstance(components, Reduction):
            return components
        asked = checks.positive("components", components)
        if asked > columns:
            raise ValueError(
                f"components is {asked}, but X has {columns} column{'s' * (columns > 1)}: there "
                f"are no more directions than columns"
            )
        return cls(asked)

    def fitted(self, X: Callable[[], Floats]) -> Components:
        """The directions of these training rows, which are asked for the first time only.

        Ctrl-C is heard meanwhile.
        """
        if self._fitted is None:
            rows = X()
            self._fitted = aside(lambda: principal_directions(rows, self.asked))
        return self._fitted

    @staticmethod
    def bytes_needed(n: int, columns: int) -> int:
        """Memory that the fit to n rows allocates, beyond the features."""
        side = min(n, columns)
        return 8 * (3 * n * columns + 4 * side * side)


def principal_directions(X: Floats, count: int) -> Components:
    """The directions along which the rows vary most.

    There are fewer than `count` where the rows span fewer dimensions beside their mean.

    Parameters
    ----------
    X : ndarray of float64, shape (n, d)
        Training rows.
    count : int
        Number of directions, at most d.

    Returns
    -------
    Components

    Raises
    ------
    ValueError
        If all rows are equal.
    """
    size = 2.0 ** np.ceil(np.log2(max(float(np.abs(X).max()), np.finfo(float).tiny)))
    Z = X / size  # squares of tiny or huge numbers do not fit
    mean = Z.mean(axis=0)
    Z -= mean
    Z[:, X.max(axis=0) == X.min(axis=0)] = 0.0  # not the rounding of a mean
    variances, directions = _by_squares(Z, count)
    if not variances[count - 1 : count].all() or variances[-1] <= TRUSTED * variances[0]:
        variances, directions = _by_values(Z, count)
    if not len(variances):
        raise ValueError("components finds no direction: all rows of X are equal")
    total = float(np.einsum("ij,ij->", Z, Z)) / len(Z)
    directions = np.round(directions / GRID) * GRID
    largest = np.abs(directions).argmax(axis=1)
    directions *= np.sign(directions[np.arange(len(directions)), largest])[:, None]
    rest = max(total - float(variances.sum()), 0.0)
    directions += 0.0  # no zero is negative
    return Components(
        mean * size, directions, np.sqrt(variances) * size, float(np.sqrt(rest)) * size
    )


def reduced_sides(
    X: NDArray[np.float64],
    X_test: NDArray[np.float64],
    scaling: NDArray[np.float64] | None,
    components: Components,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both sides along the principal directions of a run, which are also in its fingerprint."""
    return components.apply(scaled(X, scaling)), components.apply(scaled(X_test, scaling))


def _by_squares(Z: Floats, count: int) -> tuple[Floats, Floats]:
    """Variances and directions from the products of columns, or of rows where these are fewer."""
    n, d = Z.shape
    values, vectors = np.linalg.eigh(Z.T @ Z if d <= n else Z @ Z.T)
    values = np.maximum(values[::-1][:count], 0.0)
    vectors = vectors[:, ::-1][:, :count]
    if d <= n:
        return values / n, vectors.T
    lengths = np.sqrt(values)
    lengths[lengths == 0] = 1.0
    return values / n, (vectors / lengths).T @ Z


def _by_values(Z: Floats, count: int) -> tuple[Floats, Floats]:
    """The same from the rows themselves, without directions that hold rounding alone."""
    _, values, vectors = np.linalg.svd(Z, full_matrices=False)
    kept = int((values[:count] > max(Z.shape) * np.finfo(float).eps * values[0]).sum())
    return values[:kept] ** 2 / len(Z), vectors[:kept]
