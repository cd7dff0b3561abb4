"""The limits of a run: the rule and the time that end it early, and its checkpoint."""

from __future__ import annotations

from dataclasses import dataclass

from shapcpp import checks
from shapcpp.results.stopping import Rule, parse_rule
from shapcpp.storage import files, writing

__all__ = ["DEFAULT_RULE", "Limits"]

DEFAULT_RULE = "reliability >= 0.95"


@dataclass(frozen=True)
class Limits:
    """Options of `value` that never change what an order gives; `Limits.of` checks them.

    Attributes
    ----------
    rule : Rule or None
        Ends the run as soon as its results suffice.
    max_time, checkpoint, checkpoint_every
        The arguments of `value`.
    patience : float or None
        If the first orders predict that the run takes longer than this many seconds, it ends
        after them. The command line sets it, `value` never does.
    """

    rule: Rule | None = None
    max_time: float | None = None
    checkpoint: files.PathLike | None = None
    checkpoint_every: float = 60.0
    patience: float | None = None

    @classmethod
    def of(
        cls,
        *,
        permutations: int | None = None,
        until: str | None = None,
        max_time: float | None = None,
        checkpoint: files.PathLike | None = None,
        checkpoint_every: float = 60.0,
        patience: float | None = None,
    ) -> Limits:
        """Checks the arguments of `value` that say when to stop."""
        if max_time is not None:
            max_time = checks.positive_real("max_time", max_time)
        checkpoint_every = checks.positive_real("checkpoint_every", checkpoint_every)
        if checkpoint is not None:
            writing.check_writable(checkpoint)
        if until is None and permutations is None:
            until = DEFAULT_RULE
        rule = None if until is None else parse_rule(until)
        return cls(rule, max_time, checkpoint, checkpoint_every, patience)
