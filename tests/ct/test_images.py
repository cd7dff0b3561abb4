"""Image files: their depth is kept, their colours are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scans import pattern, write_png
from shapcpp.ct.images import read_image


def test_16_bits_are_kept(tmp_path: Path) -> None:
    pixels = np.array([[0, 1, 255], [256, 257, 40_000], [65_534, 65_535, 3]], dtype=np.uint16)
    read = read_image(write_png(tmp_path / "deep.png", pixels))
    assert read.tolist() == pixels.tolist()


def test_8_bits_stay_8_bits(tmp_path: Path) -> None:
    read = read_image(write_png(tmp_path / "grey.png", pattern(0)))
    assert read.dtype == np.uint8
    assert read.tolist() == pattern(0).tolist()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "LA"])
def test_colours_become_grey(tmp_path: Path, mode: str) -> None:
    Image.fromarray(pattern(0)).convert(mode).save(tmp_path / "colour.png")
    assert np.abs(read_image(tmp_path / "colour.png").astype(int) - pattern(0)).max() <= 1


def test_a_stack_is_refused(tmp_path: Path) -> None:
    first, second = Image.fromarray(pattern(0)), Image.fromarray(pattern(1))
    first.save(tmp_path / "stack.tif", save_all=True, append_images=[second])
    with pytest.raises(ValueError, match="it holds 2 frames, and one slice per file is read"):
        read_image(tmp_path / "stack.tif")
