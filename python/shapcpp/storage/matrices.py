"""Matrices of numbers as people write them: a ``.npy``, or text with a row per line."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from shapcpp.storage import files

__all__ = ["read_matrix"]


def read_matrix(path: files.PathLike) -> NDArray[np.float64]:
    """Reads a matrix.

    Parameters
    ----------
    path : path-like
        A 2-D ``.npy``, or text with one row per line, numbers separated by commas, semicolons or
        spaces.

    Raises
    ------
    OSError
        If the file cannot be opened.
    TypeError, ValueError
        If it holds no such matrix; the message names the bad entry and its place.
    """
    if files.is_npy(path):
        array = files.read_npy(path)
        if array.ndim != 2 or array.dtype.kind not in "biuf":
            raise ValueError(f"{path} has dtype {array.dtype} and shape {array.shape}: no matrix")
        return array.astype(np.float64)
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        lines = [(number, line.strip()) for number, line in enumerate(file, 1) if line.strip()]
    rows = [
        [_number(cell, f"{path}, line {number}") for cell in _cells(line)] for number, line in lines
    ]
    if not rows or len({len(row) for row in rows}) > 1:
        sizes = ", ".join(str(len(row)) for row in rows) or "none"
        raise ValueError(f"{path} is no matrix: its lines hold {sizes} numbers")
    return np.array(rows)


def _cells(line: str) -> list[str]:
    return re.split(r"\s*[,;]\s*|\s+", line)


def _number(cell: str, place: str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise ValueError(
            f"{place} has {cell!r}, which is no number; leave out names of rows and columns"
        ) from None
