"""Arrays from anything that holds numbers: data frames, tensors, Arrow tables."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["array_of", "real_matrix", "text_of"]

Array = NDArray[Any]
LARGEST_DENSE = 4_000_000_000  # bytes that a sparse matrix may become


def array_of(name: str, value: object) -> Array:
    """Returns the array that a value holds; objects that are numbers become numbers.

    Raises
    ------
    TypeError, ValueError
        If it is ragged, masked, sparse and too large, or a data set of tensors.
    """
    value = _unpacked(name, value)
    if _is_column(value):
        return _from_column(name, value, "")
    try:
        array = np.asarray(value)
    except ValueError:
        if hasattr(value, "__getitem__") and not isinstance(value, Sequence):
            raise _no_array(name, value) from None
        raise ValueError(f"{name} is ragged: its rows differ in length") from None
    if array.dtype == object and array.ndim == 0:
        raise _no_array(name, value)
    if np.ma.is_masked(value):
        raise ValueError(f"{name} has masked entries: fill or drop them first")
    return _as_integers(array) if array.dtype == object and array.ndim == 1 else array


def real_matrix(name: str, value: object) -> Array:
    """Returns an array of real numbers, column by column where the value has columns.

    Raises
    ------
    TypeError, ValueError
        As for `array_of`, and for the first entry that is missing or no real number, which is
        named by row and column.
    """
    value = _unpacked(name, value)
    columns = _columns(value)
    if columns is not None:
        if all(isinstance(kind, np.dtype) for kind in getattr(value, "dtypes", (None,))):
            whole = np.asarray(value)
            if whole.dtype.kind in "biuf":
                return whole
        made = [
            _from_column(name, column, f", column {label!r}", _real) for label, column in columns
        ]
        return np.column_stack(made) if made else np.zeros((len(value), 0))  # type: ignore[arg-type]
    array = array_of(name, value)
    if array.dtype == object:
        return _reals(array, lambda at: f"{name} has {{}} at {_place(at)}")
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
    return array


def text_of(name: str, array: Array) -> Array:
    """The text that bytes encode as UTF-8; others, which may have lost letters, are named.

    Raises
    ------
    ValueError
        Names the first row that is not UTF-8.
    """
    try:
        return np.char.decode(array, "utf-8")
    except UnicodeDecodeError:
        pass
    row = next(row for row, entry in enumerate(array.tolist()) if not _is_utf8(entry))
    raise ValueError(
        f"{name} has {array[row].item()!r} at row {row}, bytes that are no UTF-8: pass text, as "
        "np.char.decode(..., 'latin-1') makes of an older encoding"
    )


def _is_utf8(entry: bytes) -> bool:
    try:
        entry.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _unpacked(name: str, value: object) -> Any:
    """Takes the array out of sparse matrices, tensors, and data sets of one tensor."""
    library = type(value).__module__.partition(".")[0]
    if hasattr(value, "toarray") and hasattr(value, "nnz"):
        return _dense(name, value)
    if library == "torch" and hasattr(value, "tensors"):
        tensors = value.tensors
        if len(tensors) != 1:
            raise TypeError(
                f"{name} is a data set of {len(tensors)} tensors: pass one of them, as in "
                f"{name}.tensors[0]"
            )
        value = tensors[0]
    if library == "torch" and not hasattr(value, "detach"):
        raise _no_array(name, value)
    if library == "torch":
        tensor: Any = value
        tensor = tensor.detach().cpu()
        return (tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor).numpy()
    return value


def _no_array(name: str, value: object) -> TypeError:
    return TypeError(
        f"{name} is a {type(value).__name__}, which is no array: pass an array of all samples, as "
        f"np.stack([x for x, _ in {name}]) makes of a data set of pairs"
    )


def _dense(name: str, value: Any) -> Any:
    size = int(np.prod(value.shape)) * 8
    if size > LARGEST_DENSE:
        raise ValueError(
            f"{name} is sparse, and dense it takes {size / 1e9:.0f} GB: reduce its columns first, "
            "as TruncatedSVD of scikit-learn does"
        )
    return value.toarray()


def _columns(value: Any) -> list[tuple[object, Any]] | None:
    """Returns the columns of a table with their names; None if it is no table."""
    if hasattr(value, "column_names") and hasattr(value, "columns"):  # Arrow
        return list(zip(value.column_names, value.columns, strict=True))
    if hasattr(value, "get_columns") and hasattr(value, "schema"):  # Polars
        return [(column.name, column) for column in value.get_columns()]
    if hasattr(value, "iloc") and hasattr(value, "columns"):  # pandas
        return [(label, value.iloc[:, at]) for at, label in enumerate(value.columns)]
    return None


def _is_column(value: Any) -> bool:
    """True for a column of a table by itself, but for arrays of numpy."""
    if isinstance(value, np.ndarray):
        return False
    is_pandas = hasattr(value, "isna") and hasattr(value, "to_numpy")
    is_arrow = hasattr(value, "to_pylist") and hasattr(value, "type")
    return (is_pandas or is_arrow) and _columns(value) is None


def _from_column(
    name: str,
    column: Any,
    called: str,
    convert: Callable[[Array, Callable[[tuple[int, ...]], str]], Array] | None = None,
) -> Array:
    """Returns one column as an array; a missing entry is told with its row."""
    if hasattr(column, "to_pylist"):
        array = np.asarray(column.to_pylist() if column.null_count else column)
    elif hasattr(column, "isna"):
        array = np.asarray(column)
        absent = np.asarray(column.isna())
        # A float that is no number in a column of features is told by its place in the matrix.
        is_plain = isinstance(column.dtype, np.dtype)
        if absent.any() and not (convert and is_plain and array.dtype.kind == "f"):
            row = int(np.argmax(absent))
            entry = array[row] if is_plain else "<NA>"
            raise ValueError(f"{name} has {entry} at row {row}{called}; fill or drop it first")
    else:
        array = np.asarray(column)
    if array.dtype == object:
        for row, entry in enumerate(array.tolist()):
            if entry is None:
                raise ValueError(f"{name} has None at row {row}{called}; fill or drop it first")
    if convert is None:
        return _as_integers(array) if array.dtype == object else array
    return convert(array, lambda at: f"{name} has {{}} at row {at[0]}{called}")


def _real(array: Array, sentence: Callable[[tuple[int, ...]], str]) -> Array:
    if array.dtype.kind in "biuf":
        return array
    if array.dtype.kind in "mM":  # whose objects may be integers
        raise TypeError(f"{sentence((0,)).format(array[0])}, a time: encode it as a number first")
    return _reals(array.astype(object), sentence)


def _reals(array: Array, sentence: Callable[[tuple[int, ...]], str]) -> Array:
    """Converts objects that are real numbers; names the first that is none."""
    try:
        if all(issubclass(kind, REAL) for kind in set(map(type, array.ravel().tolist()))):
            return array.astype(np.float64)
    except OverflowError:
        pass
    for at, entry in np.ndenumerate(array):
        if entry is None or type(entry).__name__ in ("NAType", "NaTType"):
            shown = "None" if entry is None else str(entry)
            raise ValueError(f"{sentence(at).format(shown)}; fill or drop it first")
        if not isinstance(entry, REAL):
            raise TypeError(
                f"{sentence(at).format(repr(entry))}, and features must be real numbers: encode "
                "text and dates as numbers first"
            )
        try:
            float(entry)
        except OverflowError:
            raise ValueError(
                f"{sentence(at).format('an integer too large for a double')}"
            ) from None
    return array.astype(np.float64)


REAL = (numbers.Real, Decimal, np.bool_)


def _as_integers(array: Array) -> Array:
    """Returns objects as integers, booleans or text where all are; else as they are."""
    kinds = set(map(type, array.tolist()))
    if kinds and kinds <= {bool, np.bool_}:
        return array.astype(bool)
    if kinds and all(issubclass(kind, (int, np.integer)) for kind in kinds) and bool not in kinds:
        try:
            return array.astype(np.int64)
        except OverflowError:
            return array
    return array


def _place(at: tuple[int, ...]) -> str:
    names = ("row", "column")
    return ", ".join(f"{name} {number}" for name, number in zip(names, at, strict=False)) or "it"
