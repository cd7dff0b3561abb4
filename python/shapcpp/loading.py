"""`load`: reads whatever the package saves."""

from __future__ import annotations

from typing import TypeVar, overload

from shapcpp.doubts import doubts_file, readers_file
from shapcpp.doubts.readers import Readers
from shapcpp.doubts.result import Doubts
from shapcpp.results.exact import ExactValuation, load_exact
from shapcpp.results.folded import FoldedValuation, load_run
from shapcpp.results.valuation import Valuation
from shapcpp.storage import files

__all__ = ["load"]

AnyResult = Valuation | FoldedValuation | ExactValuation | Doubts | Readers
Kind = TypeVar("Kind", Valuation, FoldedValuation, ExactValuation, Doubts, Readers)


@overload
def load(path: files.PathLike) -> AnyResult: ...
@overload
def load(path: files.PathLike, kind: type[Kind]) -> Kind: ...
def load(path: files.PathLike, kind: type | None = None) -> AnyResult:
    """Reads a result written by the method ``save`` of any result of this package.

    Parameters
    ----------
    path : path-like
        A ``.npz`` file.
    kind : type, optional
        The class that the result must have: `Valuation`, `FoldedValuation`, `ExactValuation`,
        `Doubts` or `Readers`. Default: any of them.

    Returns
    -------
    Valuation, FoldedValuation, ExactValuation, Doubts or Readers
        With the same content as the one saved.

    Raises
    ------
    OSError
        If the file cannot be opened.
    TypeError
        If the file holds a result of another kind than `kind`.
    ValueError
        If it is not a result file, or a damaged one.

    Examples
    --------
    >>> v = shapcpp.load("run.npz")
    >>> v = shapcpp.load("run.npz", shapcpp.Valuation)  # and type checkers know what it is
    """
    found = _read(path)
    if kind is not None and not isinstance(found, kind):
        raise TypeError(
            f"{path} holds a {type(found).__name__}, where kind asks for a {kind.__name__}"
        )
    return found


def _read(path: files.PathLike) -> AnyResult:
    if doubts_file.holds_doubts(path):
        return Doubts(**doubts_file.read(path))
    if readers_file.holds_readers(path):
        names, fields = readers_file.read(path)
        return Readers(names, (Doubts(**fields[0]), Doubts(**fields[1])))
    exact = load_exact(path)
    return load_run(path) if exact is None else exact
