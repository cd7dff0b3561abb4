"""Zoom, shift and shear: their ranges, their seeds, what they do to a picture."""

from __future__ import annotations

import numpy as np
import torch

from shapcpp.ct.network.augmentation import Augmentation


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_ranges_are_kept_and_filled() -> None:
    maps = Augmentation(zoom=0.2, shift=0.05, shear=0.3).matrices(20000, seeded(0)).numpy()
    zoom = 1 / maps[:, [0, 1], [0, 1]]
    shift, shear = maps[:, :, 2] / 2, maps[:, 0, 1]  # of the side, which is 2 units long
    for values, low, high in ((zoom, 0.8, 1.2), (shift, -0.05, 0.05), (shear, -0.3, 0.3)):
        span = high - low
        assert low - 1e-6 <= values.min() < low + 0.01 * span
        assert high - 0.01 * span < values.max() <= high + 1e-6
        np.testing.assert_allclose(values.mean(), (low + high) / 2, atol=0.02 * span)
    assert (maps[:, 1, 0] == 0).all()


def test_no_range_no_change() -> None:
    pictures = torch.randn(3, 9, 9)
    still = Augmentation(zoom=0, shift=0, shear=0)(pictures, seeded(0))
    torch.testing.assert_close(still, pictures, rtol=0, atol=1e-5)


def test_a_shift_moves_the_picture() -> None:
    # Seek a draw, then compare with the interpolation between the two neighbours by hand.
    row = torch.arange(20.0) ** 2
    pictures = row.expand(1, 20, 20)
    augmentation = Augmentation(zoom=0, shift=0.1, shear=0)
    pixels = float(augmentation.matrices(1, seeded(4))[0, 0, 2]) * 10
    assert 0.1 < abs(pixels) < 2
    moved = augmentation(pictures, seeded(4))[0, 10].numpy()
    by_hand = np.interp(np.arange(20) + pixels, np.arange(20), row.numpy())
    np.testing.assert_allclose(moved, by_hand, atol=1e-3)


def test_each_picture_its_own_transform_by_seed() -> None:
    pictures = torch.randn(1, 16, 16).expand(4, -1, -1)
    generator = seeded(1)
    first, second = Augmentation()(pictures, generator), Augmentation()(pictures, generator)
    assert (first[0] - first[1]).abs().max() > 0.1
    assert (first - second).abs().max() > 0.1  # drawn anew each time
    torch.testing.assert_close(Augmentation()(pictures, seeded(1)), first, rtol=0, atol=0)
