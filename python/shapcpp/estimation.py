"""estimate_cost(): what a call of value() would take."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from shapcpp.plan import expected_cost, plan
from shapcpp.running.cost import RunCost
from shapcpp.valuation import value

__all__ = ["estimate_cost"]


def _of_a_call_of(
    of: Callable[..., object],
) -> Callable[[Callable[..., RunCost]], Callable[..., RunCost]]:
    """Gives a function the signature of another."""

    def take(function: Callable[..., RunCost]) -> Callable[..., RunCost]:
        function.__signature__ = inspect.signature(of).replace(  # type: ignore[attr-defined]
            return_annotation="RunCost"
        )
        return function

    return take


@_of_a_call_of(value)
def estimate_cost(*positional: Any, **named: Any) -> RunCost:
    """Time and memory that a call of `value` would take.

    Draws permutations of random subsets of the training samples, each twice as large as the last,
    for about three seconds, up to all samples if time allows. It takes longer if a single fit
    does. If the results decide the number of permutations, the cost is that of the largest number
    possible.

    Parameters
    ----------
    *positional, **named
        As for `value`. Arguments that say when to stop and where to keep the results are checked
        but not used.

    Returns
    -------
    RunCost

    Raises
    ------
    TypeError, ValueError, MemoryError
        As for `value`.
    ConvergenceError
        If a fit missed its tolerance: `value` would fail too.

    Examples
    --------
    >>> import numpy as np, shapcpp
    >>> X = np.array([[0.0], [0.2], [0.9], [1.1], [0.1]])
    >>> c = shapcpp.estimate_cost(X, [0, 0, 1, 1, 1], [[0.0], [1.0]], [0, 1], permutations=100)
    >>> c.seconds < 1
    True
    """
    return expected_cost(plan(**inspect.signature(value).bind(*positional, **named).arguments))
