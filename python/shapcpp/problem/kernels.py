"""Kernels: features whose inner products are the entries of a kernel matrix."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from shapcpp import _core, checks
from shapcpp.problem.models import LOGISTIC, ONE_AGAINST_REST, Model
from shapcpp.problem.scales import SMALL

__all__ = ["KERNELS", "Kernel", "KernelName", "typical_gamma"]

KernelName = Literal["linear", "rbf", "precomputed"]
KERNELS: tuple[KernelName, ...] = ("linear", "rbf", "precomputed")
Floats = NDArray[np.float64]

MOST_ROWS = 1_000  # rows, evenly spaced, whose distances gamma is taken from
DIGITS = 4  # of that gamma: it can be typed, and libraries differ in later digits
SAME = 1e-12  # share of the largest squared distance below which two rows are the same
ROUNDINGS = 2.0  # of a kernel entry, for each sample and feature
MOST_ERROR = 1e-6  # of margins, by the rounding of entries
UNEQUAL = 1e-10  # share of the two samples' own entries that is no rounding


@dataclass(frozen=True)
class Kernel:
    """The kernel of a run; `Kernel.of` makes one from arguments.

    Attributes
    ----------
    name : str
        One of `KERNELS`.
    gamma : float or None
        Of "rbf": exp(-gamma |x - y|^2).
    """

    name: str
    gamma: float | None = None

    @classmethod
    def of(
        cls,
        kernel: KernelName | Kernel | None,
        gamma: object,
        model: Model,
        used: dict[str, Any],
        X: Callable[[], Floats],
        X_test: Floats,
    ) -> Kernel | None:
        """Checks the arguments `kernel` and `gamma` of `value`.

        Parameters
        ----------
        used : dict
            The other arguments that say what features are: `components` and `scale`.
        X : callable
            Gives the training rows, scaled as those of the run. The default of gamma is taken from
            them.
        X_test : ndarray
            Test rows as given.
        """
        if isinstance(kernel, Kernel):
            return kernel
        checks.choice("kernel", kernel, None, *KERNELS)
        width = None if gamma is None else checks.positive_real("gamma", gamma)
        if width is not None and kernel != "rbf":
            raise ValueError(f"gamma is {width:g}, and belongs to kernel='rbf': leave out gamma")
        if kernel is None:
            return None
        if model.estimator is not None or model.name not in (LOGISTIC, ONE_AGAINST_REST):
            raise ValueError(
                f"kernel is {kernel!r}, which is for model={LOGISTIC!r}, and model is "
                f"{model.name!r}: leave out kernel"
            )
        no_use = ["components", "scale"] if kernel == "precomputed" else ["components"]
        for name in (name for name in no_use if used[name] is not None):
            raise ValueError(f"kernel is {kernel!r}, and {name} is given too: leave out {name}")
        made = cls(kernel, typical_gamma(X()) if kernel == "rbf" and width is None else width)
        made.check_entries(X, X_test)
        return made

    def check_entries(self, X: Callable[[], Floats], X_test: Floats) -> None:
        """Raises ValueError where both sides are to be kernel entries, and are none."""
        if self.name == "precomputed":
            _check_entries(X(), X_test)

    def check_digits(self, C: float, weights: Floats, X: Floats) -> None:
        """Raises ValueError if the rounding of kernel entries would matter to margins.

        Coefficients are at most C times a class weight, and an entry is known to the rounding of a
        sum over samples (docs/engine.md, Lemma 27).

        Parameters
        ----------
        weights : ndarray
            The weight of each class.
        X : ndarray
            Training rows as given.
        """
        if not self.is_map:
            return
        largest = float(X.diagonal().max()) if self.name == "precomputed" else 1.0
        error = ROUNDINGS * sum(X.shape) * np.finfo(float).eps * largest
        if C * float(weights.max()) * error > MOST_ERROR:
            divided = ", or divide them" if self.name == "precomputed" else ""
            raise ValueError(
                f"C is {C:g}, which asks for more digits than double precision has with kernel "
                f"entries of {largest:g}; lower it{divided}"
            )

    @property
    def is_map(self) -> bool:
        """True if features are other than those given, as many as there are training rows."""
        return self.name != "linear"

    @property
    def settings(self) -> tuple[str, float | None]:
        """What a result keeps, as its `kernel` and `gamma`."""
        return self.name, self.gamma

    def fault(self, features: Floats, C: float) -> str:
        """Why signs are uncertain, and what to do about it, in a clause.

        `features` are those of the training rows, as `sides` makes them.
        """
        of_gamma = "" if self.gamma is None else f", or raise gamma={self.gamma:g}"
        if C * float(features.var(axis=0).sum()) < SMALL**2:
            return (
                "the kernel's entries differ so little that the penalty leaves nothing of the "
                f"model; raise C={C:g}{of_gamma}"
            )
        return (
            "the kernel hardly tells some training rows apart, and the penalty is too weak to hold "
            f"the model; lower C={C:g}{of_gamma}"
        )

    def among(self, X: Floats, some: NDArray[Any]) -> Floats:
        """Rows of any samples where only some training samples are left."""
        return X[:, some] if self.name == "precomputed" else X

    def sides(self, X: Floats, X_test: Floats) -> tuple[Floats, Floats]:
        """Features of both sides, whose inner products are the entries of the kernel matrix.

        Equal rows have equal features.

        Parameters
        ----------
        X : ndarray of float64, shape (n, d)
            Training rows, scaled as those of the run; (n, n) where they are kernel entries.
        X_test : ndarray of float64, shape (m, d)
            Test rows.

        Returns
        -------
        tuple of ndarray of float64, shapes (n, r) and (m, r)
            r is the number of different training rows.

        Raises
        ------
        ValueError
            If given entries are not positive semidefinite.
        """
        if not self.is_map:
            return X, X_test
        n = len(X)
        rows = np.concatenate([X, X_test])
        rows += 0.0  # no zero is negative
        seen: dict[bytes, int] = {}
        which = np.array([seen.setdefault(row.tobytes(), len(seen)) for row in rows])
        first = np.unique(which, return_index=True)[1]
        training = first[first < n]
        if len(first) < len(rows):
            rows = rows[first]
        if self.name == "rbf":
            found = _core.gaussian_features(
                samples=rows, n_training=len(training), gamma=float(self.gamma or 0)
            )
        else:
            entries = np.ascontiguousarray(rows[:, training])
            found, bad, square = _core.matrix_features(entries=entries)
            if bad >= 0:
                raise ValueError(
                    "X is no kernel matrix, as it is not positive semidefinite: row "
                    f"{training[bad]}, less its projection on the rows before it, has the square "
                    f"{square:.3g}; entries from single precision must be computed in double"
                )
        if len(first) < len(which):
            return found[which[:n]], found[which[n:]]
        return found[:n], found[n:]


def typical_gamma(X: Floats) -> float:
    """1 over the median squared distance of two different rows, to four digits.

    Raises ValueError where that is no positive number. 1 where all rows are equal.
    """
    some = X[np.linspace(0, len(X) - 1, min(len(X), MOST_ROWS)).astype(np.int64)]
    size = 2.0 ** np.ceil(np.log2(max(float(np.abs(some).max()), np.finfo(float).tiny)))
    some = some / size  # squares of tiny or huge numbers do not fit
    some -= some.mean(axis=0)
    lengths = np.einsum("ij,ij->i", some, some)
    squares = lengths[:, None] + lengths - 2 * (some @ some.T)
    pairs = squares[np.triu_indices(len(some), 1)]
    pairs = pairs[pairs > SAME * max(float(pairs.max()), 0.0)]
    if not len(pairs):
        return 1.0
    with np.errstate(all="ignore"):
        distance = np.sqrt(np.median(pairs)) * size
        gamma = float(f"{1 / distance**2:.{DIGITS}g}")
    if not np.finfo(float).tiny < gamma < np.inf:
        raise ValueError(
            f"gamma has no default here, as rows of X lie about {distance:.3g} apart; standardise "
            'the features (scale="standard", --scale standard) or rescale them'
        )
    return gamma


def _check_entries(X: Floats, X_test: Floats) -> None:
    """Raises ValueError where training entries are no symmetric matrix of inner products."""
    n, columns = X.shape
    if n != columns:
        raise ValueError(
            f"X has shape {X.shape}: with kernel='precomputed' it holds the kernel of all pairs of "
            "training samples, a square matrix, and X_test that of test and training samples"
        )
    own = X.diagonal()
    if own.min() < 0:
        i = int(np.argmin(own))
        raise ValueError(
            f"X[{i}, {i}] is {own[i]:g}, and no sample has a negative entry with itself: pass the "
            "kernel of all pairs, not distances"
        )
    lengths = np.sqrt(own)
    for i in range(n):  # row by row: the matrix is large
        room = UNEQUAL * lengths[i] * lengths
        apart = np.abs(X[i] - X[:, i]) > room
        if apart.any():
            j = int(np.argmax(apart))
            raise ValueError(
                f"X is not symmetric: X[{i}, {j}] is {X[i, j]:g} and X[{j}, {i}] is {X[j, i]:g}"
            )
        long = np.abs(X[i]) > lengths[i] * lengths + room
        if long.any():
            j = int(np.argmax(long))
            raise ValueError(
                f"X is no kernel matrix: X[{i}, {j}] is {X[i, j]:g}, more than X[{i}, {i}] and "
                f"X[{j}, {j}] allow, {own[i]:g} and {own[j]:g}"
            )
    _check_test_entries(X, X_test, own)


def _check_test_entries(X: Floats, X_test: Floats, own: Floats) -> None:
    """Raises ValueError where test entries are of no kernel that has these training entries."""
    beyond = (X_test != 0) & (own == 0)
    if beyond.any():
        i, j = map(int, np.argwhere(beyond)[0])
        raise ValueError(
            f"X_test[{i}, {j}] is {X_test[i, j]:g}, and X[{j}, {j}] is 0: they are of no one kernel"
        )
    room = UNEQUAL * (float(np.abs(X_test).max(initial=0.0)) + float(own.max()))
    seen: dict[bytes, int] = {}
    for j, row in enumerate(X):
        name = hashlib.blake2b((row + 0.0).tobytes(), digest_size=16).digest()
        k = seen.setdefault(name, j)
        apart = np.abs(X_test[:, k] - X_test[:, j]) > room
        if apart.any():
            i = int(np.argmax(apart))
            raise ValueError(
                f"X_test[{i}, {k}] is {X_test[i, k]:g} and X_test[{i}, {j}] is {X_test[i, j]:g}, "
                f"and rows {k} and {j} of X are equal: they are of no one kernel"
            )
