from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import shapcpp


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(5)
    y, y_test = (np.arange(60) % 4 == 0).astype(int), np.arange(40) % 2
    features = shapcpp.Features.from_splits(
        rng.normal(size=(60, 4)) + y[:, None],
        y,
        rng.normal(size=(40, 4)) + y_test[:, None],
        y_test,
        ids=[f"slice-{i:03d}" for i in range(60)],
        groups=np.arange(60) // 3,
    )
    shapcpp.write_features(tmp_path / "features.npy", features)
    return tmp_path
