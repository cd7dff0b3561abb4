"""Preparation of slices for the network."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from scans import pattern, standard
from shapcpp.ct.readers import preparation
from shapcpp.ct.readers.preparation import allocate, prepared, resized, standardised


def triangle_means(line: NDArray[np.float64], size: int) -> list[float]:
    """Bilinear scaling of one line, antialiased: means under triangles, pixel by pixel."""
    scale = len(line) / size
    width = max(scale, 1.0)
    means = []
    for i in range(size):
        weights = [max(0.0, 1 - abs(k + 0.5 - (i + 0.5) * scale) / width) for k in range(len(line))]
        means.append(float(np.dot(weights, line) / sum(weights)))
    return means


@pytest.mark.parametrize(("side", "size"), [(8, 4), (10, 3), (5, 8)])
def test_resizing_is_what_a_loop_does(side: int, size: int) -> None:
    pixels = pattern(0, side).astype(np.float64) * 100 - 1000  # nothing that fits in 8 bits
    across = np.array([triangle_means(row, size) for row in pixels])
    both = np.array([triangle_means(column, size) for column in across.T]).T
    np.testing.assert_allclose(resized(pixels, size), both, atol=0.01)


def test_what_is_not_square_is_padded_on_both_sides() -> None:
    wide = np.array([[5, 6, 7, 8, 9]])
    assert resized(wide, 5).tolist() == [[5] * 5, [5] * 5, [5, 6, 7, 8, 9], [5] * 5, [5] * 5]
    assert resized(wide.T, 5).tolist() == resized(wide, 5).T.tolist()
    long = np.ones((1, 300_000))  # whose square would not fit in memory
    assert resized(long, 3).tolist() == np.ones((3, 3)).tolist()


def test_standardised_by_its_own_mean_and_deviation() -> None:
    pixels = pattern(3).astype(np.float32)
    np.testing.assert_allclose(standardised(pixels), standard(pixels), atol=1e-6)


def test_after_resizing_mean_and_deviation_are_0_and_1() -> None:
    image = prepared(pattern(4, 100), 16)
    assert abs(float(image.mean())) < 1e-6
    assert abs(float(image.std()) - 1) < 1e-6


@pytest.mark.parametrize("value", [0.0, -1024.0, 0.1, 65535.0])
def test_a_constant_slice_gives_zeros(value: float) -> None:
    image = prepared(np.full((7, 9), value), 4)
    assert image.tolist() == np.zeros((4, 4)).tolist()


def test_a_pixel_that_is_no_number_counts_as_padding() -> None:
    pixels = pattern(3, 4).astype(np.float64) + 1
    expected = pixels.copy()
    kept = np.ones((4, 4), bool)
    kept[1, 2] = kept[0, 0] = kept[3, 3] = False
    expected[1, 2] = expected[3, 3] = pixels[kept].min()
    expected[0, 0] = pixels[kept].max()
    pixels[1, 2], pixels[0, 0], pixels[3, 3] = np.nan, np.inf, -np.inf
    np.testing.assert_allclose(prepared(pixels, 4), prepared(expected, 4), atol=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_slice_without_any_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="none of its pixels is a finite number"):
        prepared(np.full((4, 4), value), 4)


def test_many_slices_go_to_a_file_that_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(preparation, "LARGEST_IN_MEMORY", 1000)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    images = allocate(10, 16)
    images[9] = 7
    assert isinstance(images, np.memmap)
    assert images.shape == (10, 16, 16)
    assert images.sum() == 7 * 256
    assert list(tmp_path.iterdir()) == []
    assert not isinstance(allocate(1, 4), np.memmap)


def test_a_full_disk_is_told_before_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, start: int, length: int) -> None:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(preparation, "LARGEST_IN_MEMORY", 1000)
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match=r"10 slices of 16 x 16 need 10 kB there .*TMPDIR"):
        allocate(10, 16)
