"""permutation(): the random orders of a run, for anyone who checks it by hand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shapcpp import _core, checks

__all__ = ["permutation"]


def permutation(n: int, seed: int = 0, index: int = 0) -> NDArray[np.int64]:
    """The `index`-th permutation of seed `seed`: the order in which n players join.

    Same on every machine, and short enough to write again anywhere: start from 0 .. n-1;
    for i = n-1 down to 1 exchange entries i and j, with j the upper half of the 128-bit
    product word * (i + 1); a word whose product's lower half is below 2^64 mod (i + 1) is
    skipped. Words come from Philox4x64-10 with key (seed, index):
    ``numpy.random.Philox(key=[seed, index]).random_raw()``.

    Parameters
    ----------
    n : int
        Number of players: samples, or groups.
    seed : int, default 0
        From 0 to 2^64 - 1.
    index : int, default 0
        Which permutation, from 0 to 2^64 - 1.

    Returns
    -------
    ndarray of int64, shape (n,)

    Raises
    ------
    TypeError, ValueError
        If an argument is not an integer or is out of range.

    Notes
    -----
    Philox: Salmon et al., *Parallel random numbers: as easy as 1, 2, 3*, 2011. Unbiased
    bounded numbers: Lemire, *Fast random integer generation in an interval*, 2019.

    Examples
    --------
    >>> permutation(5, seed=1, index=2)
    array([...])
    """
    n = checks.positive("n", n)
    index = checks.whole("index", index)
    if not 0 <= index <= checks.LARGEST_SEED:
        raise ValueError(f"index must lie between 0 and 2^64 - 1, got {index}")
    return _core.permutation(n, checks.seed(seed), index)
