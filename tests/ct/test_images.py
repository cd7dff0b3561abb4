"""Image files: their depth is kept, their colours are not."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scans import pattern, write_png
from shapcpp.ct.readers.images import read_image


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


def test_what_is_transparent_is_black(tmp_path: Path) -> None:
    pixels = np.full((4, 4, 4), 255, dtype=np.uint8)
    pixels[..., 3] = 0
    pixels[1, 2] = 200, 200, 200, 255
    Image.fromarray(pixels).save(tmp_path / "mask.png")
    expected = np.zeros((4, 4))
    expected[1, 2] = 200
    assert read_image(tmp_path / "mask.png").tolist() == expected.tolist()


def chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


@pytest.mark.parametrize(("colour", "channels"), [(2, 3), (4, 2), (6, 4)])
def test_colours_of_16_bits_are_refused(tmp_path: Path, colour: int, channels: int) -> None:
    line = b"\0" + np.full(2 * channels, 1000, ">u2").tobytes()
    header = struct.pack(">IIBBBBB", 2, 2, 16, colour, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(line * 2)), chunk(b"IEND", b""))
    (tmp_path / "deep.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    with pytest.raises(ValueError, match="it holds colours of 16 bits, of which 8 would be lost"):
        read_image(tmp_path / "deep.png")


def test_colours_of_16_bits_in_all_are_read(tmp_path: Path) -> None:
    header = struct.pack("<IIIHHIIIIII", 40, 2, 2, 1, 16, 3, 8, 0, 0, 0, 0)
    masks = struct.pack("<III", 0xF800, 0x07E0, 0x001F)
    content = header + masks + struct.pack("<4H", 0xFFFF, 0, 0, 0xFFFF)
    start = struct.pack("<2sIHHI", b"BM", 14 + len(content), 0, 0, 14 + len(header) + len(masks))
    (tmp_path / "a.bmp").write_bytes(start + content)
    assert read_image(tmp_path / "a.bmp").tolist() == [[0, 255], [255, 0]]


def test_a_stack_is_refused(tmp_path: Path) -> None:
    first, second = Image.fromarray(pattern(0)), Image.fromarray(pattern(1))
    first.save(tmp_path / "stack.tif", save_all=True, append_images=[second])
    with pytest.raises(ValueError, match="it holds 2 frames, and one slice per file is read"):
        read_image(tmp_path / "stack.tif")
