"""Two readers of the same samples: how far they agree, and whom the other labels side with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shapcpp import checks, labels
from shapcpp.doubts import readers_file
from shapcpp.doubts.detector import doubt
from shapcpp.doubts.result import Doubts
from shapcpp.storage import files
from shapcpp.storage.csv_files import write_csv

__all__ = ["Readers", "compare_readers"]

NEITHER = "neither"
Progress = bool | Callable[[int, int], object]


@dataclass(frozen=True, eq=False, repr=False)
class Readers:
    """Two readers' labels of the same samples; returned by `compare_readers` and `load`.

    Attributes
    ----------
    names : tuple of str
        What the two readers are called.
    doubts : tuple of Doubts
        The doubts of each reader's labels, as the other labels of that reader see them.
    """

    names: tuple[str, str]
    doubts: tuple[Doubts, Doubts]

    def __len__(self) -> int:
        return len(self.doubts[0])

    def __repr__(self) -> str:
        return (
            f"Readers({len(self)} samples; {self.names[0]} and {self.names[1]} agree on "
            f"{self.agreement:.1%}, kappa {self.kappa:.2f})"
        )

    @property
    def classes(self) -> NDArray[Any]:
        """The sorted labels that either reader gave, shape (K,)."""
        return np.union1d(*(d.classes for d in self.doubts))

    @property
    def confusion(self) -> NDArray[np.int64]:
        """Numbers of samples by the label of the first reader (row) and the second, (K, K)."""
        first, second = (np.searchsorted(self.classes, d.labels) for d in self.doubts)
        counts = np.zeros((len(self.classes),) * 2, dtype=np.int64)
        np.add.at(counts, (first, second), 1)
        return counts

    @property
    def agreement(self) -> float:
        """The share of samples that both gave the same label."""
        return float(np.trace(self.confusion) / len(self))

    @property
    def kappa(self) -> float:
        """Cohen's kappa: how far they agree beyond chance; nan where chance agrees always."""
        shares = self.confusion / len(self)
        chance = float(shares.sum(axis=0) @ shares.sum(axis=1))
        return (float(np.trace(shares)) - chance) / (1 - chance) if chance < 1 else float("nan")

    @property
    def differ(self) -> NDArray[np.int64]:
        """The samples they disagree on, those first whose first label is most doubted."""
        rows = np.flatnonzero(self.doubts[0].labels != self.doubts[1].labels)
        return rows[np.argsort(self.doubts[0].score[rows], kind="stable")]

    def sides_with(self, sample: int) -> str:
        """The reader whom the other labels side with on a sample.

        The one whose label is wrong with the smaller probability; "neither" where both are wrong
        more probably than not.
        """
        wrong = [float(d.probability[sample]) for d in self.doubts]
        return NEITHER if min(wrong) > 0.5 else self.names[int(wrong[1] < wrong[0])]

    def disagreements(self) -> np.recarray[Any, Any]:
        """The samples they disagree on, in the order of `differ`.

        Returns
        -------
        recarray
            Fields ``sample``, the row number; ``id``; ``group`` where known; ``first`` and
            ``second``, the labels; ``first_wrong`` and ``second_wrong``, the probabilities that
            they are wrong; ``sides_with``, the reader whom the other labels side with: see
            `sides_with`.
        """
        rows = self.differ
        one, two = self.doubts
        columns: dict[str, NDArray[Any]] = {"sample": rows, "id": one.ids[rows]}
        if one.groups is not None:
            columns["group"] = one.groups[rows]
        columns |= {"first": one.labels[rows], "second": two.labels[rows]}
        columns |= {"first_wrong": one.probability[rows], "second_wrong": two.probability[rows]}
        columns["sides_with"] = np.array([self.sides_with(i) for i in rows.tolist()], dtype=np.str_)
        dtype = [(name, column.dtype) for name, column in columns.items()]
        table: np.recarray[Any, Any] = np.rec.fromarrays([*columns.values()], dtype=dtype)
        return table

    def to_csv(self, path: files.PathLike, *, raw: bool = False) -> None:
        """Writes `disagreements` as CSV, whole or not at all; as by `Doubts.to_csv`.

        Parameters
        ----------
        path : path-like
            The file to write.
        raw : bool, default False
            Writes text as it is.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        table = self.disagreements()
        write_csv(path, table.dtype.names or (), table.tolist(), raw)

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
        readers_file.write(path, self.names, [vars(d) for d in self.doubts])


def compare_readers(
    X: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    names: Sequence[str] = ("first reader", "second reader"),
    groups: ArrayLike | None = None,
    ids: ArrayLike | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = False,
    *,
    reviewed: ArrayLike | None = None,
) -> Readers:
    """Compares two readers' labels, and asks the features whom they side with.

    Each reader's labels are doubted by themselves, as by `doubt`. Where the two differ, the other
    labels side with the reader whose label is wrong with the smaller probability.

    Parameters
    ----------
    X : array_like of shape (n, d)
        Features.
    first, second : array_like of shape (n,)
        The labels of the two readers, of one kind.
    names : sequence of two str, default ("first reader", "second reader")
        What the readers are called.
    groups, ids, seed, threads, progress, reviewed
        As for `doubt`.

    Returns
    -------
    Readers

    Raises
    ------
    TypeError, ValueError, InsufficientMemoryError
        As for `doubt`; or if `names` are not two different ones, or labels of two kinds.

    Notes
    -----
    Cohen, *A coefficient of agreement for nominal scales*, 1960.

    Examples
    --------
    >>> r = shapcpp.compare_readers(X, y_anna, y_ben, names=("Anna", "Ben"))
    >>> r.agreement, r.kappa, r.disagreements().sides_with
    """
    called = tuple(names)
    if len(called) != 2 or not all(isinstance(n, str) for n in called) or len({*called}) < 2:
        raise ValueError(f"names must be two different ones, got {names!r}")
    y, z = labels.class_labels("first", first), labels.class_labels("second", second)
    checks.same_length("second", z, "labels", "first", y)
    if (y.dtype.kind == "U") != (z.dtype.kind == "U"):
        raise ValueError(
            f"first holds {labels.KINDS[y.dtype.kind]} and second {labels.KINDS[z.dtype.kind]}: "
            "labels of two kinds never agree"
        )
    how: dict[str, Any] = {"groups": groups, "ids": ids, "seed": seed, "threads": threads}
    how |= {"progress": progress, "reviewed": reviewed}
    return Readers(
        (called[0], called[1]), (_doubt(X, "first", y, how), _doubt(X, "second", z, how))
    )


def _doubt(X: ArrayLike, name: str, y: NDArray[Any], how: dict[str, Any]) -> Doubts:
    """The doubts of one reader, whose labels errors call by their own name."""
    try:
        return doubt(X, y, **how)
    except ValueError as error:
        said = str(error)
        raise ValueError(f"{name}{said[1:]}" if said.startswith("y ") else said) from None
