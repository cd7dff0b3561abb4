"""The base class of results, with a test set or in folds."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, TypeVar

from shapcpp.results.sample_table import SampleTable

__all__ = ["Run"]

Kind = TypeVar("Kind", bound="Run")


class Run(SampleTable):
    """The result of a run, which can be merged with other runs of its kind and saved."""

    _kind: ClassVar[str]  # in words, for error messages

    @property
    @abstractmethod
    def complete(self) -> bool:
        """True if the run did everything that was asked for."""

    def merge(self: Kind, other: Kind) -> Kind:
        """The result of two runs together: the same integers as one run over both ranges gives.

        Parameters
        ----------
        other : Valuation or FoldedValuation
            A run of the same kind, with the same data, options, seed and, if any, folds, over
            other permutations.

        Returns
        -------
        Valuation or FoldedValuation
            A new result; neither run is changed. It has no trace, because its permutations
            were not drawn one after another.

        Raises
        ------
        TypeError
            If one of them has folds and the other has none.
        ValueError
            If the two differ in anything but the permutations, or have permutations in common;
            the message says which.
        UncertifiedError
            As in `value`, if either run is the ``.partial`` of such an error.

        Examples
        --------
        >>> a = shapcpp.value(X, y, X_test, y_test, permutations=500)             # one machine
        >>> b = shapcpp.value(X, y, X_test, y_test, permutations=500, first=500)  # another
        >>> a.merge(b).n_permutations
        1000
        """
        if not isinstance(other, type(self)):
            what = other._kind if isinstance(other, Run) else f"a {type(other).__name__}"
            raise TypeError(
                f"{self._kind} cannot be merged with {what}: "
                "either both runs must have a test set, or both the same folds"
            )
        return self._merged(other)

    @abstractmethod
    def _merged(self: Kind, other: Kind) -> Kind:
        """Both runs together; raises ValueError if they do not belong together."""
