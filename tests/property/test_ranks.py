"""Verdicts about ranks against the definition: all values that the intervals allow."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from shapcpp.results.certainty import certainly_lowest


@st.composite
def questions(draw: st.DrawFn) -> Any:
    n_players = draw(st.integers(1, 3))
    ends = st.tuples(st.integers(0, 3), st.integers(0, 3)).map(sorted)
    intervals = draw(st.lists(ends, min_size=n_players, max_size=n_players))
    others = draw(st.lists(st.integers(0, n_players - 1), max_size=3))
    players = draw(st.permutations([*range(n_players), *others]))
    return intervals, players, draw(st.integers(1, len(players)))


@given(questions())
@settings(max_examples=150, deadline=None)
def test_certain_is_what_holds_for_all_values(question: Any) -> None:
    intervals, players, count = question
    # Half-integers between the ends: an order of values that integers allow, and more.
    choices = [np.arange(2 * low, 2 * high + 1) for low, high in intervals]
    among = []
    for values in product(*choices):
        lowest = np.argsort([values[p] for p in players], kind="stable")[:count]
        among.append(np.isin(np.arange(len(players)), lowest))
    always, never = np.all(among, axis=0), ~np.any(among, axis=0)
    low, high = np.array(intervals, dtype=float).T
    verdict = certainly_lowest(low, high, np.array(players), count)
    np.testing.assert_array_equal(verdict, always.astype(int) - never)
