"""The arguments of the engine's game, for this process or another one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shapcpp import _core
from shapcpp.labels import Labels
from shapcpp.problem.models import Model, Refits

__all__ = ["Recipe"]


@dataclass(frozen=True, eq=False)
class Recipe:
    """A model, and the samples and conventions that it is played with.

    Attributes
    ----------
    model : Model
        What coalitions train.
    labels : ndarray, shape (K,)
        The sorted labels.
    arguments : dict
        Of `_core.Problem`.
    """

    model: Model
    labels: Labels = field(repr=False)
    arguments: dict[str, Any] = field(repr=False)

    def game(self) -> _core.Game:
        """Makes the game."""
        if self.model.estimator is None:
            return _core.game(_core.Problem(**self.arguments), self.model.name)
        a = self.arguments
        refits = Refits(self.model, self.labels, a)
        return _core.model_game(
            count=refits.count,
            predict=refits.predict,
            test_counts=np.bincount(a["classes_test"], minlength=len(self.labels)).astype(np.int64),
            **{name: a[name] for name in ("classes", "players", "empty_counts", "single_class")},
        )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Numbers of players, samples and classes."""
        players = self.arguments["players"]
        return int(players.max()) + 1, len(players), len(self.labels)

    def bytes_needed(self, threads: int, vote_sizes: int, n_ballots: int) -> int:
        """Memory that a game allocates on this many threads, beyond the arguments.

        The others as `Sampling.vote_room` gives them.
        """
        n_players, n_samples, n_classes = self.shape
        return _core.footprint(
            n_samples=n_samples,
            n_test=len(self.arguments["X_test"]),
            n_features=self.arguments["X"].shape[1],
            n_players=n_players,
            n_classes=n_classes,
            threads=threads,
            model=self.model.engine_name,
            vote_sizes=vote_sizes,
            n_ballots=n_ballots,
        )
