"""The base class of results, with a test set or in folds."""

from __future__ import annotations

from abc import abstractmethod
from typing import TypeVar

from shapcpp.results.sample_table import SampleTable
from shapcpp.storage import files

__all__ = ["Run"]

Kind = TypeVar("Kind", bound="Run")


class Run(SampleTable):
    """The result of a run, which goes with other runs of its kind and into a file."""

    @property
    @abstractmethod
    def complete(self) -> bool:
        """True if the run did all that was asked for."""

    def merge(self: Kind, other: Kind) -> Kind:
        """The result of two runs together: the same integers as of one run over both ranges.

        Parameters
        ----------
        other : Valuation or FoldedValuation
            As this is: of the same data, options, seed and, if any, folds, over other
            permutations.

        Returns
        -------
        Valuation or FoldedValuation
            Neither of the two is changed. It has no trace: its permutations were not done one
            after the other.

        Raises
        ------
        TypeError
            If one of them has folds and the other has none.
        ValueError
            If the two differ in anything but the permutations, or share some of these:
            which, in one sentence.
        UncertifiedError
            As in `value`, if one of them is what such an error left behind.

        Examples
        --------
        >>> a = shapcpp.value(X, y, X_test, y_test, permutations=500)             # one machine
        >>> b = shapcpp.value(X, y, X_test, y_test, permutations=500, first=500)  # another
        >>> a.merge(b).n_permutations
        1000
        """
        if not isinstance(other, type(self)):
            raise TypeError(
                f"a {type(self).__name__} merges with its like, not with a {type(other).__name__}: "
                "either both runs have a test set, or both have the same folds"
            )
        return self._merged(other)

    def save(self, path: files.PathLike) -> None:
        """Writes the result to a ``.npz`` file without pickles, whole or not at all.

        Parameters
        ----------
        path : path-like
            The file to write, under exactly this name.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        self._write(path)

    @abstractmethod
    def _merged(self: Kind, other: Kind) -> Kind:
        """Both together; ValueError if they do not belong together."""

    @abstractmethod
    def _write(self, path: files.PathLike) -> None:
        """Writes the file."""
