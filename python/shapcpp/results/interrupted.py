"""Interrupted: Ctrl-C that keeps the permutations completed."""

from __future__ import annotations

from typing import Any

from shapcpp.results.folded import FoldedValuation
from shapcpp.results.valuation import Valuation

__all__ = ["Interrupted"]


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during `value`; the permutations completed by then are kept.

    Attributes
    ----------
    partial : Valuation or FoldedValuation
        The permutations completed.
    """

    partial: Any

    def __init__(self, partial: Valuation | FoldedValuation) -> None:
        super().__init__(
            f"stopped after {partial.n_permutations} of {partial.settings['permutations']} "
            "permutations; .partial of this error holds them (in a notebook: import sys; "
            "v = sys.last_value.partial)"
        )
        self.partial = partial

    def __reduce__(self) -> tuple[type[Interrupted], tuple[Valuation | FoldedValuation]]:
        return type(self), (self.partial,)
