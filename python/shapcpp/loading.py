"""`load`: reads whatever the package saves."""

from __future__ import annotations

from typing import Any

from shapcpp.doubts import doubts_file, readers_file
from shapcpp.doubts.readers import Readers
from shapcpp.doubts.result import Doubts
from shapcpp.results.folded import load_run
from shapcpp.storage import files

__all__ = ["load"]


def load(path: files.PathLike) -> Any:
    """Reads a result written by the method ``save`` of any result of this package.

    Parameters
    ----------
    path : path-like
        A ``.npz`` file.

    Returns
    -------
    Valuation, FoldedValuation, Doubts or Readers
        With the same content as the one saved.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it is not a result file, or a damaged one.
    """
    if doubts_file.holds_doubts(path):
        return Doubts(**doubts_file.read(path))
    if readers_file.holds_readers(path):
        names, fields = readers_file.read(path)
        return Readers(names, (Doubts(**fields[0]), Doubts(**fields[1])))
    return load_run(path)
