"""The slices above and below a slice, in its volume or series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shapcpp.ct.readers.kinds import DICOM, NIFTI
from shapcpp.ct.readers.nifti import Volume
from shapcpp.ct.readers.slice_index import SERIES, SliceIndex, SliceRef

__all__ = ["neighbours"]


def neighbours(index: SliceIndex, slices: Sequence[SliceRef], reach: int) -> list[list[SliceRef]]:
    """Lists the slices of the same volume or series around each slice.

    Parameters
    ----------
    index : SliceIndex
        All slices. Slices of a NIfTI volume are found even if the index does not list them.
    slices : sequence of SliceRef
        Some of them.
    reach : int
        Number of slices to list on either side.

    Returns
    -------
    list of list of SliceRef
        For each slice its neighbours in order, including the slice itself; the slice alone if
        nothing is known about others.
    """
    stacks: dict[tuple[str, ...], dict[int, SliceRef]] = {}
    for ref in index.slices:
        if ref.slice is not None and (key := _stack_of(ref)) is not None:
            stacks.setdefault(key, {}).setdefault(ref.slice, ref)
    around = []
    for ref in slices:
        key = _stack_of(ref)
        stack = None if key is None else stacks.get(key)
        if stack is None or ref.slice is None or stack.get(ref.slice) != ref:
            around.append([ref])
            continue
        if ref.kind == NIFTI:
            _complete(stack, ref, reach)
        numbers = sorted(stack)
        at = numbers.index(ref.slice)
        around.append([stack[n] for n in numbers[max(0, at - reach) : at + reach + 1]])
    return around


def _stack_of(ref: SliceRef) -> tuple[str, ...] | None:
    """The name of the volume or series of a slice; None if unknown."""
    if ref.kind == NIFTI:
        return (str(ref.file),)
    if ref.kind == DICOM:
        return (ref.extra[SERIES],) if ref.extra.get(SERIES) else None
    # An image series is the pictures of one patient in one folder, numbered by the manifest.
    return None if ref.patient is None else (ref.patient, str(ref.file.parent))


def _complete(stack: dict[int, SliceRef], ref: SliceRef, reach: int) -> None:
    """Adds the slices around one that are in the volume but not in the index."""
    assert ref.slice is not None
    wanted = range(max(0, ref.slice - reach), ref.slice + reach + 1)
    missing = [number for number in wanted if number not in stack]
    if not missing:
        return
    try:
        depth = Volume(ref.file).n_slices
    except (OSError, ValueError):  # which is told where the slice itself is read
        return
    for number in missing:
        if number < depth:
            stack[number] = replace(ref, id=f"{ref.file}:{number}", slice=number)
