"""Facts about a result that its reader should know, in Python and in the shell alike."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from shapcpp.results import trust
from shapcpp.results.folded import FoldedValuation
from shapcpp.results.valuation import Valuation

__all__ = ["ValuationWarning", "notices", "repeated_ids", "warn", "warn_of"]


class HasIds(Protocol):
    """Samples with identifiers."""

    @property
    def ids(self) -> NDArray[Any]:
        """Identifiers, shape (n,)."""


class ValuationWarning(UserWarning):
    """The values say less than they seem to, or ids do not tell the samples apart.

    Attributes
    ----------
    partial : Valuation, FoldedValuation or None
        The result, if a warnings filter turns this warning into an error after a run.
    """

    partial: Valuation | FoldedValuation | None = None


def warn(sentences: Iterable[str], stacklevel: int = 2) -> None:
    """Issues a `ValuationWarning` for each sentence, at the caller of the calling function."""
    for sentence in sentences:
        warnings.warn(sentence, ValuationWarning, stacklevel=stacklevel + 1)


def warn_of(
    v: Valuation | FoldedValuation, shown: Iterable[str] | None = None, stacklevel: int = 2
) -> None:
    """Issues the notices of a finished run as warnings; if one raises, it carries the result."""
    try:
        warn(notices(v, shown), stacklevel=stacklevel + 1)
    except ValuationWarning as error:
        error.partial = v
        raise


def notices(v: Valuation | FoldedValuation, shown: Iterable[str] | None = None) -> Iterator[str]:
    """Sentences, without a full stop, about the metrics shown (default: all)."""
    if (only := v.only_prediction) is not None:
        yield (
            f"the classifier of all samples calls every test sample {only}, so that values say "
            "little of any other class; standardised features (scale='standard'), "
            "class_weight='balanced' or a larger C may change that"
        )
    yield from repeated_ids(v)
    if (said := trust.message(v, shown)) is not None:
        yield said


def repeated_ids(v: HasIds) -> Iterator[str]:
    """A sentence if several samples share an id, so that decisions on them cannot be applied."""
    names, first, counts = np.unique(v.ids, return_index=True, return_counts=True)
    repeated = np.flatnonzero(counts > 1)
    if not len(repeated):
        return
    name = min(repeated, key=lambda k: first[k])
    rows = np.flatnonzero(v.ids == names[name])
    others = f", and so do {len(repeated) - 1} other ids" if len(repeated) > 1 else ""
    shown = names[name] if str(names[name]) else "'' (empty)"
    yield (
        f"id {shown} names {counts[name]} of the training samples (rows {rows[0]} and "
        f"{rows[1]}{', ...' if len(rows) > 2 else ''}){others}: a decision about it could be "
        "applied to none of them"
    )
