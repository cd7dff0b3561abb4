"""The result: for each sample whether its label is wrong, and how many there are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shapcpp import checks
from shapcpp.doubts import doubts_file, notebook
from shapcpp.extras import installs
from shapcpp.storage import files
from shapcpp.storage.csv_files import write_csv
from shapcpp.storage.reviewed import FINAL

if TYPE_CHECKING:
    import pandas

__all__ = ["Doubts"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Doubts:
    """Which labels to doubt, as all other labels see them; returned by `doubt` and `load`.

    Attributes
    ----------
    score : ndarray of float64, shape (n,)
        Log odds that the given label is right; the lowest are to be doubted first.
    probability : ndarray of float64, shape (n,)
        That the given label is wrong: ``1 / (1 + exp(score))``.
    suggestion : ndarray, shape (n,)
        The most probable label other than the one given.
    classes : ndarray, shape (K,)
        The sorted labels.
    rates : ndarray of float64, shape (K, K)
        Estimated shares: of the samples whose true class is the row's, those that are given
        the column's label. Rows add up to 1.
    shift : str
        A sentence: whether errors in one direction were taken to be more frequent than in another,
        and why.
    by_direction : bool
        The same as a fact.
    evidence : float
        For rates by direction, as a normal deviate: they are used above 2.33, which chance exceeds
        once in a hundred.
    counts, deviations : ndarray of float64, shape (K, K)
        Expected numbers of wrong labels by true class (row) and given label (column), and their
        standard deviations; 0 on the diagonal. See `expected`.
    total_deviation : float
        The standard deviation of the number of all wrong labels.
    labels, ids : ndarray, shape (n,)
        The labels as given, and identifiers: the row number where none were given.
    groups, true_labels : ndarray of shape (n,), or None
        Group ids and true labels where known. Neither changes a doubt.
    reviewed : ndarray of str, shape (n,), or None
        What reviewers decided of each label, "" for none: see `decided`.
    settings : dict
        The seed, how many features of how many vary, the weights of the views, the slope and
        offsets of the mixture, and the middle and half width from which predictions are bent.
    """

    score: Floats
    suggestion: NDArray[Any]
    classes: NDArray[Any]
    rates: Floats
    by_direction: bool
    evidence: float
    counts: Floats
    deviations: Floats
    total_deviation: float
    labels: NDArray[Any]
    ids: NDArray[Any]
    groups: NDArray[Any] | None
    true_labels: NDArray[Any] | None
    settings: dict[str, Any]
    reviewed: NDArray[Any] | None = None

    def __len__(self) -> int:
        return len(self.score)

    def __repr__(self) -> str:
        low, high = self.total_interval()
        constant = f"; {self.n_constant} constant features left out" if self.n_constant else ""
        return (
            f"Doubts({len(self)} labels of {len(self.classes)} classes; about "
            f"{self.n_expected:.0f} wrong, {low:.0f} to {high:.0f} at 95%{constant})"
        )

    def _repr_html_(self) -> str:
        return notebook.as_html(repr(self), self.columns())

    @property
    def probability(self) -> Floats:
        """That the given label is wrong."""
        z = np.exp(-np.abs(self.score))
        return np.where(self.score >= 0, z, 1.0) / (1.0 + z)

    @property
    def decided(self) -> NDArray[np.bool_]:
        """Whether a reviewer has decided on the label, which is then not asked again."""
        if self.reviewed is None:
            return np.zeros(len(self), dtype=bool)
        return np.isin(self.reviewed, FINAL)

    @property
    def n_constant(self) -> int:
        """How many features are the same for all samples, and left out."""
        return int(self.settings["features"]) - int(self.settings["varying"])

    @property
    def n_expected(self) -> float:
        """The expected number of wrong labels: the sum of `probability`."""
        return float(self.counts.sum())

    @property
    def shift(self) -> str:
        """Whether, and why, one direction of error counts for more than another."""
        if not self.by_direction:
            return (
                "no direction of error is more frequent for certain: all labels are doubted alike "
                f"(rate {1 - self.rates[0, 0]:.1%})"
            )
        off = self.rates - np.diag(np.diag(self.rates))
        true, given = np.unravel_index(int(np.argmax(off)), off.shape)
        a, b = self.classes[true], self.classes[given]
        return (
            f"errors differ by direction: {off[true, given]:.1%} of {a} are given as {b}, "
            f"{off[given, true]:.1%} of {b} as {a}; labels {b} are doubted sooner for it"
        )

    def total_interval(self, level: float = 0.95) -> tuple[float, float]:
        """An interval for the number of all wrong labels.

        Parameters
        ----------
        level : float, default 0.95
            How often such intervals hold the number, about.

        Returns
        -------
        low, high : float
        """
        low, high = self._interval(
            np.array([self.n_expected]), np.array([self.total_deviation]), level, len(self)
        )
        return float(low[0]), float(high[0])

    def expected(self, level: float = 0.95) -> np.recarray[Any, Any]:
        """How many labels are wrong, by given and suggested label.

        Parameters
        ----------
        level : float, default 0.95
            How often the intervals hold the number, about.

        Returns
        -------
        recarray
            Fields ``given``, ``suggested``, ``number``, ``low``, ``high``: a row for each pair,
            the most numerous first. The interval is symmetric on the scale of square roots.
        """
        true, given = np.nonzero(~np.eye(len(self.classes), dtype=bool))
        numbers, deviations = self.counts[true, given], self.deviations[true, given]
        sizes = np.array([np.sum(self.labels == label) for label in self.classes])
        low, high = self._interval(numbers, deviations, level, sizes[given])
        order = np.argsort(-numbers, kind="stable")
        kind = self.classes.dtype
        table = np.empty(len(order), dtype=[
            ("given", kind), ("suggested", kind), ("number", float), ("low", float), ("high", float)
        ]).view(np.recarray)  # fmt: skip
        columns = self.classes[given], self.classes[true], numbers, low, high
        for name, column in zip(table.dtype.names or (), columns, strict=True):
            table[name] = column[order]
        return table

    @staticmethod
    def _interval(
        numbers: Floats, deviations: Floats, level: float, most: Any
    ) -> tuple[Floats, Floats]:
        level = checks.real("level", level)
        if not 0 < level < 1:
            raise ValueError(f"level must lie above 0 and below 1, got {level}")
        root = np.sqrt(numbers)
        reach = _normal_quantile((1 + level) / 2) * deviations / np.maximum(2 * root, 1e-150)
        return np.maximum(root - reach, 0.0) ** 2, np.minimum((root + reach) ** 2, most)

    def lowest(self, fraction: float) -> NDArray[np.int64]:
        """Samples to look at first.

        Parameters
        ----------
        fraction : float
            Above 0 and at most 1.

        Returns
        -------
        ndarray of int64
            The ``floor(fraction * n + 1/2)`` samples with the lowest score, at least one, the
            lowest first; ties in the order of the samples.
        """
        return self._first(
            max(1, math.floor(checks.fraction("fraction", fraction) * len(self) + 0.5))
        )

    def expected_wrong(self) -> NDArray[np.int64]:
        """The samples with the lowest scores, as many as labels are expected to be wrong.

        Of those that no reviewer has decided on.
        """
        decided = self.decided
        left = self.n_expected - float(self.probability[decided].sum())
        order = self._first(len(self))
        return order[~decided[order]][: max(math.floor(left + 0.5), 0)]

    def _first(self, count: int) -> NDArray[np.int64]:
        return np.argsort(self.score, kind="stable")[:count]

    def columns(self) -> dict[str, NDArray[Any]]:
        """The result sample by sample, as named columns.

        Returns
        -------
        dict of str to ndarray of shape (n,)
            id, label, then group and true_label where known, then suggestion, probability, score;
            then reviewed where known.
        """
        table: dict[str, NDArray[Any]] = {"id": self.ids, "label": self.labels}
        if self.groups is not None:
            table["group"] = self.groups
        if self.true_labels is not None:
            table["true_label"] = self.true_labels
        table |= {
            "suggestion": self.suggestion,
            "probability": self.probability,
            "score": self.score,
        }
        return table if self.reviewed is None else table | {"reviewed": self.reviewed}

    def to_frame(self) -> pandas.DataFrame:
        """The columns of `columns` as a pandas DataFrame, one row per sample.

        Raises
        ------
        ImportError
            If pandas, of the extra ``frame``, is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise ImportError(
                f"to_frame needs pandas: {installs('frame')}; columns() and to_csv() do not"
            ) from None
        frame: pandas.DataFrame = pandas.DataFrame(self.columns())
        return frame

    def to_csv(
        self, path: files.PathLike, order: NDArray[np.int64] | None = None, *, raw: bool = False
    ) -> None:
        """Writes the columns of `columns` as CSV, whole or not at all.

        Text that a spreadsheet would run as a formula (it begins with ``= + - @``) gets an
        apostrophe.

        Parameters
        ----------
        path : path-like
            The file to write.
        order : ndarray of int64, optional
            The samples to write, in order; default: all, as they came.
        raw : bool, default False
            Writes text as it is.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        table = self.columns()
        rows = np.arange(len(self)) if order is None else order
        lines = zip(*(column[rows].tolist() for column in table.values()), strict=True)
        write_csv(path, table, lines, raw)

    def save(self, path: files.PathLike) -> None:
        """Writes the result as a ``.npz`` file without pickles; `shapcpp.load` reads it.

        Parameters
        ----------
        path : path-like
            The file to write, whole or not at all.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        doubts_file.write(path, vars(self))


def _normal_quantile(share: float) -> float:
    """The number below which a normal variable lies with this probability, by bisection."""
    low, high = -40.0, 40.0
    for _ in range(80):
        middle = (low + high) / 2
        below = math.erfc(-middle / math.sqrt(2)) / 2 < share
        low, high = (middle, high) if below else (low, middle)
    return (low + high) / 2
