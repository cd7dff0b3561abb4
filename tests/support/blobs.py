"""A task that the network learns in seconds: is there a bright disc in the noise?"""

from __future__ import annotations

import numpy as np

from shapcpp.ct.slices import Slices


def blobs(size: int = 16, train: int = 60, val: int = 40, test: int = 40, seed: int = 0) -> Slices:
    rng = np.random.default_rng(seed)
    n = train + val + test
    label = (np.arange(n) % 3 == 0).astype(np.int64)
    images = rng.normal(size=(n, size, size))
    rows, columns = np.mgrid[:size, :size]
    for image, positive in zip(images, label, strict=True):
        r, c = rng.integers(4, size - 4, 2)
        image[np.hypot(rows - r, columns - c) < 3] += 4 * positive
    images -= images.mean((1, 2), keepdims=True)
    images /= images.std((1, 2), keepdims=True)
    return Slices(
        images=images.astype(np.float32),
        label=label,
        split=np.repeat(["train", "val", "test"], [train, val, test]),
        id=np.array([f"slice-{i:03d}" for i in range(n)]),
        patient=np.array([f"p{i // 4}" for i in range(n)]),
        extra={"scanner": np.arange(n) % 2},
    )
