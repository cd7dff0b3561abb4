"""Valuations of known answer, made of contributions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from shapcpp import Valuation

TEST_SAMPLES = 1000  # of each class


def valuation(contributions: ArrayLike, players: ArrayLike | None = None) -> Valuation:
    """The result of permutations in which players changed both counts by this much.

    `contributions` has shape (permutations, players); divided by 1000 they are those under each of
    the four named metrics. `players` says which player each sample belongs to.
    """
    changes = np.asarray(contributions, dtype=np.int64)
    P, n_players = changes.shape
    rows = np.arange(n_players) if players is None else np.asarray(players, dtype=np.int64)
    n = len(rows)
    settings: dict[str, Any] = {"permutations": P, "seed": 0}
    settings |= {"sampler": "permutations", "gain_unit": 1}
    settings["by_group"] = players is not None
    return Valuation(
        gains=np.repeat(changes.sum(axis=0)[:, None], 2, axis=1),
        moments=np.tile((changes**2).sum(axis=0)[:, None, None], (1, 2, 2)),
        empty_counts=np.zeros(2, dtype=np.int64),
        full_counts=np.full(2, -1),
        test_counts=np.full(2, TEST_SAMPLES),
        ties=0,
        uncertified=0,
        ranges=np.array([[0, P]]),
        classes=np.array([0, 1]),
        players=rows,
        ids=np.arange(n),
        labels=np.zeros(n, dtype=np.int64),
        groups=None if players is None else rows,
        true_labels=None,
        settings=settings,
        scaling=None,
        fingerprint="",
    )


def around(means: ArrayLike, permutations: int, spread: int = 1) -> Any:
    """Contributions that are one `spread` above and below their means in turn."""
    signs = np.where(np.arange(permutations) % 2, 1, -1)[:, None]
    return np.asarray(means)[None, :] + spread * signs
