"""Windows in Hounsfield units: a slice as a picture of three channels, as encoders take it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from shapcpp.ct.readers.preparation import grey_levels
from shapcpp.ct.slices import Slices
from shapcpp.progress import silent

__all__ = ["CHANNELS", "PRESETS", "Windows", "chosen", "parsed", "pictures"]

CHANNELS = 3
Windows = tuple[tuple[float, float], ...]  # centre and width of each channel, in Hounsfield units
# Brain, subdural and bone of a head; lung, mediastinum and bone of everything else.
PRESETS: dict[str, Windows] = {
    "head": ((40, 80), (80, 200), (400, 1800)),
    "chest": ((-600, 1500), (40, 400), (400, 1800)),
}
ONE = re.compile(r"(-?\d+(?:\.\d+)?)/(\d+(?:\.\d+)?)")
# A head is bone to a large part and has hardly a pixel of lung; measured on this many slices.
LOOKED_AT = 200
TISSUE, BONE, LUNG = -300, 300, (-950, -500)  # Hounsfield units
LITTLE_LUNG, MUCH_BONE = 0.05, 0.1  # of all pixels; of the body


def parsed(windows: str | Sequence[Sequence[float]] | None) -> Windows | None:
    """Reads windows: a name of `PRESETS`, or three of "CENTRE/WIDTH"; None stays None.

    Raises
    ------
    TypeError, ValueError
        If they are none of these.
    """
    if windows is None:
        return None
    if isinstance(windows, str):
        if windows in PRESETS:
            return PRESETS[windows]
        found = [ONE.fullmatch(one.strip()) for one in windows.split(",")]
        pairs = [(float(one[1]), float(one[2])) if one else (0.0, 0.0) for one in found]
    else:
        pairs = [(float(centre), float(width)) for centre, width in windows]
    if len(pairs) != CHANNELS or min(width for _, width in pairs) <= 0:
        raise ValueError(
            f"windows must be {' or '.join(PRESETS)}, or three of CENTRE/WIDTH in Hounsfield "
            f"units, as in 40/80,80/200,400/1800, got {windows!r}"
        )
    return tuple(pairs)


def chosen(
    windows: str | Sequence[Sequence[float]] | None,
    slices: Slices,
    note: Callable[[str], None] = silent,
) -> Windows:
    """The windows asked for, or else those of a head or of a chest, whichever the slices show.

    Slices show a head if most of them are bone to a tenth of the body, and hardly lung.
    """
    given = parsed(windows)
    units = slices.hounsfield
    if units is None or not units.any():
        if given is not None:
            note("windows has no effect here: pictures are not in Hounsfield units")
        return given or PRESETS["chest"]
    if given is not None:
        return given
    rows = np.flatnonzero(units)
    some = slices.images[rows[:: -(-len(rows) // LOOKED_AT)]]
    body = (some > TISSUE).sum((1, 2))
    bone = (some > BONE).sum((1, 2)) / np.maximum(body, 1)
    lung = ((some > LUNG[0]) & (some < LUNG[1])).mean((1, 2))
    name = "head" if np.median(bone) > MUCH_BONE and np.median(lung) < LITTLE_LUNG else "chest"
    words = ", ".join(f"{centre:g}/{width:g}" for centre, width in PRESETS[name])
    other = next(preset for preset in PRESETS if preset != name)
    note(
        f"windows: {name} ({words} Hounsfield units), chosen from the look of most slices; "
        f"windows='{other}' would take others"
    )
    return PRESETS[name]


def pictures(slices: Slices, rows: slice, windows: Windows) -> NDArray[np.float32]:
    """Makes pictures for an encoder: shape (rows, 3, size, size), from 0 to 1.

    Slices in Hounsfield units are seen through three windows; in all others the channels are alike.
    """
    images = np.asarray(slices.images[rows])
    made = np.empty((len(images), CHANNELS, *images.shape[1:]), np.float32)
    for row, image in enumerate(images):
        if slices.hounsfield is None:
            made[row] = grey_levels(image)
        elif not slices.hounsfield[rows][row]:
            made[row] = image
        else:
            for channel, (centre, width) in enumerate(windows):
                made[row, channel] = np.clip((image - centre) / width + 0.5, 0, 1)
    return made
