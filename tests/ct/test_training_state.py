from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from blobs import blobs
from shapcpp.ct.network.capsules import NetworkOptions
from shapcpp.ct.network.torch_file import write_torch
from shapcpp.ct.network.trained import Trained
from shapcpp.ct.network.training import train
from shapcpp.ct.network.training_state import OtherTrainingError
from shapcpp.ct.slices import Slices

QUICK: dict[str, Any] = {"options": NetworkOptions(capsules=4, dimension=4), "patience": 9}


class Killed(BaseException):
    pass


@pytest.fixture(scope="module", name="slices")
def _slices() -> Slices:
    return blobs()


def killed_in_epoch(epoch: int, slices: Slices, path: Path) -> None:
    def progress(done: int, total: int) -> None:
        if done == 4 * epoch - 1:  # 60 slices in batches of 16 are 4 steps
            raise Killed

    with pytest.raises(Killed):
        train(slices, epochs=4, checkpoint=path, progress=progress, **QUICK)


def assert_same(a: Trained, b: Trained) -> None:
    assert a.curve.tolist() == b.curve.tolist()
    others = b.network.state_dict()
    for name, weights in a.network.state_dict().items():
        torch.testing.assert_close(weights, others[name], rtol=0, atol=0)


def test_killed_again_and_again_it_ends_as_if_undisturbed(tmp_path: Path, slices: Slices) -> None:
    path = tmp_path / "training"
    killed_in_epoch(1, slices, path)
    assert not path.exists()
    killed_in_epoch(2, slices, path)
    killed_in_epoch(4, slices, path)
    steps: list[int] = []
    resumed = train(
        slices, epochs=4, checkpoint=path, progress=lambda done, total: steps.append(done), **QUICK
    )
    assert steps == [13, 14, 15, 16, 16]
    assert_same(resumed, train(slices, epochs=4, **QUICK))
    assert_same(train(slices, epochs=4, checkpoint=path, **QUICK), resumed)


def test_it_goes_on_beyond_the_epochs_asked_for_before(tmp_path: Path, slices: Slices) -> None:
    train(slices, epochs=1, checkpoint=tmp_path / "t", **QUICK)
    longer = train(slices, epochs=2, checkpoint=tmp_path / "t", **QUICK)
    assert_same(longer, train(slices, epochs=2, **QUICK))


def test_one_that_should_have_ended_before_is_not_gone_on_from(
    tmp_path: Path, slices: Slices
) -> None:
    path = tmp_path / "t"
    kept = train(slices, epochs=3, checkpoint=path, **QUICK)
    sentence = "is of a training of more than 2 epochs, or with a patience above 9"
    with pytest.raises(OtherTrainingError, match=sentence):
        train(slices, epochs=2, checkpoint=path, **QUICK)
    assert_same(train(slices, epochs=3, checkpoint=path, **QUICK), kept)


def test_each_epoch_is_told_and_where_it_goes_on(tmp_path: Path, slices: Slices) -> None:
    told: list[str] = []
    train(slices, epochs=1, checkpoint=tmp_path / "t", note=told.append, **QUICK)
    done = train(slices, epochs=2, checkpoint=tmp_path / "t", note=told.append, **QUICK)
    first, second = (
        f"epoch {e}: training loss {a:.4f}, validation loss {b:.4f}, AUC {c:.3f}"
        for e, a, b, c in done.curve.tolist()
    )
    assert told == [first, "continues after epoch 1", second]


def test_another_training_and_damage_are_refused(tmp_path: Path, slices: Slices) -> None:
    path = tmp_path / "t"
    train(slices, epochs=1, checkpoint=path, **QUICK)
    with pytest.raises(OtherTrainingError, match="is of a training with seed 0, not 1"):
        train(slices, epochs=1, checkpoint=path, seed=1, **QUICK)
    with pytest.raises(ValueError, match="is of a training on other labels"):
        train(slices, 1 - slices.label[:60], epochs=1, checkpoint=path, **QUICK)
    with pytest.raises(OtherTrainingError, match="is of a training on other images"):
        train(replace(slices, images=-slices.images), epochs=1, checkpoint=path, **QUICK)
    content = path.read_bytes()
    for damaged in (content[:100], content[: len(content) // 2], b"", b"nothing"):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="checkpoint .* cannot be taken up") as told:
            train(slices, epochs=1, checkpoint=path, **QUICK)
        assert "\n" not in str(told.value)
    middle = len(content) // 2  # of weights, their means or Adam's
    path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    with pytest.raises(ValueError, match="checkpoint .* cannot be taken up"):
        train(slices, epochs=1, checkpoint=path, **QUICK)
    path.write_bytes(content)
    changes: tuple[dict[str, Any], ...] = (
        {"adam": 3}, {"training": 3}, {"training": "3"}, {"best_weights": {}}, {"curve": [[1, 2.0]]},
        {"curve": [["a", 0, 0, 0]]}, {"generator": None}, {"mean": []},
    )  # fmt: skip
    for change in changes:
        kept = torch.load(path, weights_only=True)
        del kept["sha256"]
        write_torch(tmp_path / "changed", kept | change)
        with pytest.raises(ValueError, match="checkpoint .* cannot be taken up") as told:
            train(slices, epochs=1, checkpoint=tmp_path / "changed", **QUICK)
