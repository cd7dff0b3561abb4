"""The phantom at the demo's size: the default network learns it, neither at once nor by heart."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

import shapcpp
from shapcpp.ct import Slices, read_scans, train, write_phantom
from shapcpp.ct.phantom.study import PAPER_COUNTS

# The demo has twenty.
EPOCHS = 8


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """The same sums, whatever the machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module", name="slices")
def _slices(tmp_path_factory: pytest.TempPathFactory) -> Slices:
    folder = tmp_path_factory.mktemp("phantom")
    write_phantom(folder, size=64, counts={**PAPER_COUNTS, "test": (2, 2)})
    return read_scans(folder, size=64)


def validation_auc(slices: Slices, rate: float) -> float:
    noisy, _ = shapcpp.flip_labels(slices.label[slices.split == "train"], rate, seed=0)
    trained = train(slices, noisy, epochs=EPOCHS, patience=EPOCHS)
    return float(trained.curve["val_auc"][np.argmin(trained.curve["val_loss"])])


def test_clean_labels_are_learned_and_not_trivially(slices: Slices) -> None:
    assert 0.85 <= validation_auc(slices, 0.0) <= 0.99


def test_with_a_fifth_of_the_labels_flipped_features_are_not_junk(slices: Slices) -> None:
    assert validation_auc(slices, 0.2) >= 0.75
