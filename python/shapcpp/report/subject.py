"""The subject of a page: a run with its doubts, doubts alone, or two readers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.doubts.readers import Readers
from shapcpp.doubts.result import Doubts
from shapcpp.loading import load
from shapcpp.results.exact import ExactValuation
from shapcpp.results.folded import FoldedValuation
from shapcpp.results.valuation import Valuation
from shapcpp.storage import files
from shapcpp.storage.reviewed import FINAL

__all__ = ["About", "Run", "Subject", "check_pair", "subject_of"]

Run = Valuation | FoldedValuation
About = Run | Doubts | Readers | files.PathLike


@dataclass(frozen=True)
class Subject:
    """The samples that a page shows, with everything known about them.

    Attributes
    ----------
    v : Valuation, FoldedValuation or None
        Their values.
    doubts : Doubts or None
        Their doubts; with two readers, those of the first.
    readers : Readers or None
        Two readers, if the page compares them.
    """

    v: Run | None
    doubts: Doubts | None
    readers: Readers | None = None

    @property
    def _samples(self) -> Run | Doubts:
        known = self.doubts if self.v is None else self.v
        assert known is not None
        return known

    @property
    def ids(self) -> NDArray[Any]:
        """Identifiers, shape (n,)."""
        return self._samples.ids

    @property
    def labels(self) -> NDArray[Any]:
        """The labels as given, shape (n,)."""
        return self._samples.labels

    @property
    def groups(self) -> NDArray[Any] | None:
        """Group ids, shape (n,), where known."""
        return self._samples.groups

    @property
    def true_labels(self) -> NDArray[Any] | None:
        """True labels, shape (n,), where known."""
        return self._samples.true_labels

    @property
    def classes(self) -> NDArray[Any]:
        """The sorted labels, shape (K,)."""
        return self._samples.classes if self.readers is None else self.readers.classes

    @property
    def by_group(self) -> bool:
        """True if the samples of a group share one value."""
        return self.v is not None and bool(self.v.settings["by_group"])

    @property
    def reviewed(self) -> NDArray[Any] | None:
        """Reviewers' decision on each label, "" if none; None if decisions are unknown."""
        return None if self.doubts is None else self.doubts.reviewed

    @property
    def decided(self) -> NDArray[np.bool_]:
        """True for each label that a reviewer has decided on, which is not asked again."""
        if self.reviewed is None:
            return np.zeros(len(self.labels), dtype=bool)
        return np.isin(self.reviewed, FINAL)

    @property
    def key(self) -> str:
        """A key for the labels under review, so that decisions on other labels are not shown."""
        if isinstance(self.v, FoldedValuation):
            of = "".join(part.fingerprint for part in self.v.parts)
        elif self.v is not None:
            of = self.v.fingerprint
        else:
            of = "" if self.readers is None else " ".join(self.readers.names)
            of += f"{self.labels.tolist()}"
        return hashlib.sha256(f"{of}{self.ids.tolist()}".encode()).hexdigest()[:16]

    def remembering(self, reviewed: NDArray[Any] | None) -> Subject:
        """A copy with the reviewers' decisions, if these are known."""
        if reviewed is None or self.doubts is None:
            return self
        return replace(self, doubts=replace(self.doubts, reviewed=reviewed))


def subject_of(name: str, about: About) -> Subject:
    """The subject of a page, from a result or the file of one."""
    found = load(about) if isinstance(about, str | PathLike) else about
    if isinstance(found, Doubts):
        return Subject(None, found)
    if isinstance(found, Readers):
        return Subject(None, found.doubts[0], found)
    if not isinstance(found, Valuation | FoldedValuation):
        raise TypeError(_no_page_of(about if isinstance(about, str | PathLike) else name, found))
    about = found
    if about.n_permutations == 0:
        raise ValueError(f"{name} holds no permutation: it has no values to report")
    if isinstance(about, FoldedValuation):
        about.check_begun()
    return Subject(about, about.doubts)


def _no_page_of(source: files.PathLike, found: object) -> str:
    if isinstance(found, ExactValuation):
        return (
            f"{source} holds exact values of nearest neighbours, which have no page: "
            "`shapcpp detect` lists the lowest, and `shapcpp doubt` makes doubts to report"
        )
    return f"{source} must be a run, doubts or two readers, got {found!r}"


def check_pair(v: Run | None, carry: About) -> Valuation:
    """The same run under the other rule; raises TypeError or ValueError if it is not one."""
    other = subject_of("carry", carry).v
    if not isinstance(v, Valuation) or not isinstance(other, Valuation):
        raise TypeError("carry goes with a run that has a test set, and is one itself")
    rule = v.settings["single_class"]
    if other.settings["single_class"] == rule:
        raise ValueError(f"carry has the same rule for coalitions of one class as run: {rule!r}")
    differs = v.differs_from(replace(other, settings=other.settings | {"single_class": rule}))
    if differs is not None:
        raise ValueError(f"carry differs from run not only in its rule: {differs}")
    return other
