"""Where a phantom's slices come from: one hospital, or two whose scanners differ."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ILL", "ONE", "WELL", "Source"]


@dataclass(frozen=True)
class Source:
    """A hospital's scanner and habits.

    Attributes
    ----------
    name : str
        Its name in the manifest.
    noise : (float, float)
        The least and the largest deviation of the noise, HU.
    volume : int
        Slices of a patient, on average: the more, the closer they lie.
    kernel : float
        Width (pixels) of a reconstruction kernel that smooths; a negative number sharpens by as
        much, and leaves the noise of neighbouring pixels independent. 0: neither.
    field : float
        Side of the field of view, times that of one hospital.
    table : float
        How much farther below the patient's back the table lies, mm.
    """

    name: str
    noise: tuple[float, float]
    volume: int = 25
    kernel: float = 0.0
    field: float = 1.0
    table: float = 0.0


ONE = Source("", noise=(15, 30))
# All ill and all well patients of a phantom with two sources. The kernel is in pixels, so that it
# is seen at any size of slices.
ILL = Source("A", noise=(5, 10), volume=12, kernel=0.8, field=1.15)
WELL = Source("B", noise=(30, 40), volume=25, kernel=-0.8, table=12)
