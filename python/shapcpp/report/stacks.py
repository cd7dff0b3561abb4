"""Larger pictures of slices, and of those above and below, in a folder beside the page.

A slice in Hounsfield units has two 8-bit pictures: a wide one, from air to bone, and a narrow one,
of soft tissue; the page windows them. Files are named by a hash of their content, so that a name
reveals nothing about the patient, and a slice beside several others is stored once.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shapcpp.ct.libraries import library
from shapcpp.storage import files

if TYPE_CHECKING:
    from shapcpp.ct.readers.slice_index import SliceIndex, SliceRef

__all__ = ["NARROW", "REACH", "WIDE", "Stack", "folder_of", "jpeg", "write_stacks"]

REACH = 3  # slices on either side
LARGE, SMALL = 512, 256  # pixels of the slice itself, and of its neighbours
QUALITY = 80  # of JPEG
# Hounsfield units shown as black and as white.
WIDE, NARROW = (-1024.0, 1300.0), (-160.0, 240.0)
OURS = re.compile(r"[0-9a-f]{16}\.jpg")
Picture = tuple[str, ...]


class Stack(NamedTuple):
    """The slices around one: names of files, wide and narrow, or one in shades of grey."""

    at: int  # index of the slice itself
    pictures: list[Picture]
    window: tuple[int, int] | None  # Hounsfield units that its thumbnail shows black and white

    @property
    def is_hounsfield(self) -> bool:
        """True if the slice is in Hounsfield units, which can be windowed."""
        return self.window is not None


def folder_of(output: files.PathLike) -> Path:
    """The folder beside a page: "report-slices" for "report.html"."""
    path = Path(os.fspath(output))
    return path.with_name(f"{path.stem}-slices")


def write_stacks(
    output: files.PathLike,
    index: SliceIndex,
    slices: Mapping[str, SliceRef],
    reach: int,
    note: Callable[[str], None],
) -> dict[str, Stack]:
    """Writes the pictures around these slices, by id, and removes those of an earlier page.

    `reach` is the number of slices on either side.

    Raises
    ------
    OSError
        If they cannot be written.
    """
    from shapcpp.ct.readers.neighbours import neighbours

    folder = folder_of(output)
    around = dict(zip(slices, neighbours(index, [*slices.values()], reach), strict=True))
    kept = _Kept(folder)
    _draw(kept, [*slices.values()], LARGE, note)
    others = {_key(ref): ref for stack in around.values() for ref in stack}
    _draw(kept, [*others.values()], SMALL, lambda _: None)
    stacks = {}
    for name, ref in slices.items():
        own = kept.pictures.get(_sized(ref, LARGE))
        if own is None:
            continue
        drawn = [
            own if _key(one) == _key(ref) else kept.pictures.get(_sized(one, SMALL))
            for one in around[name]
        ]
        found = [picture for picture in drawn if picture is not None]
        stacks[name] = Stack(found.index(own), found, kept.windows.get(_key(ref)))
    kept.clear_others({name for one in stacks.values() for pair in one.pictures for name in pair})
    return stacks


def _key(ref: SliceRef) -> tuple[str, int | None]:
    return str(ref.file), ref.slice


def _sized(ref: SliceRef, size: int) -> tuple[str, int | None, int]:
    return (*_key(ref), size)


class _Kept:
    """The pictures that the folder holds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.pictures: dict[tuple[str, int | None, int], Picture] = {}
        self.windows: dict[tuple[str, int | None], tuple[int, int]] = {}

    def write(self, ref: SliceRef, size: int, pixels: NDArray[Any]) -> None:
        """Writes the pictures of one slice."""
        from shapcpp.ct.readers.kinds import IMAGE
        from shapcpp.ct.readers.preparation import resized
        from shapcpp.ct.readers.thumbnails import black_and_white, grey

        side = min(size, max(pixels.shape))
        if ref.kind == IMAGE:
            shown = [grey(pixels, side)]
        else:
            image = resized(pixels, side)
            low, high = black_and_white(image)
            self.windows[_key(ref)] = round(low), round(high)
            shown = [_windowed(image, *window) for window in (WIDE, NARROW)]
        self.pictures[_sized(ref, size)] = tuple(self._write(jpeg(one)) for one in shown)

    def _write(self, content: bytes) -> str:
        name = hashlib.sha256(content).hexdigest()[:16]
        path = self._folder / f"{name}.jpg"
        if not path.exists():
            self._folder.mkdir(exist_ok=True)
            path.write_bytes(content)
        return name

    def clear_others(self, names: set[str]) -> None:
        """Removes the pictures of an earlier page, and the folder if it is empty."""
        if not self._folder.is_dir():
            return
        for path in self._folder.iterdir():
            if OURS.fullmatch(path.name) and path.stem not in names:
                path.unlink()
        if not any(self._folder.iterdir()):
            self._folder.rmdir()


def _draw(kept: _Kept, slices: Sequence[SliceRef], size: int, note: Callable[[str], None]) -> None:
    from shapcpp.ct.readers.bad_slices import BadSlices
    from shapcpp.ct.readers.pixels import read_each

    def keep(row: int, pixels: NDArray[Any]) -> None:
        kept.write(slices[row], size, pixels)

    read_each(slices, keep, BadSlices(skip=True, note=note), lambda _: None)


def _windowed(image: NDArray[np.float32], low: float, high: float) -> NDArray[np.uint8]:
    scaled = (image.astype(np.float64) - low) * (255 / (high - low))
    return np.clip(np.round(scaled), 0, 255).astype(np.uint8)


def jpeg(picture: NDArray[np.uint8]) -> bytes:
    """A grey picture as JPEG."""
    image = library("PIL.Image", "showing slices")
    content = io.BytesIO()
    image.fromarray(picture).save(content, "JPEG", quality=QUALITY, optimize=True)
    return content.getvalue()
