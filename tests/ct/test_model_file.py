"""The file of a trained network: it gives the network back, and refuses what is damaged."""

from __future__ import annotations

import re
import resource
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from blobs import blobs
from shapcpp.ct.network.capsules import NetworkOptions
from shapcpp.ct.network.model_file import FORMAT
from shapcpp.ct.network.torch_file import write_torch
from shapcpp.ct.network.trained import (
    Trained,
    load_model,
)
from shapcpp.ct.network.training import train


@pytest.fixture(name="trained", scope="module")
def _trained() -> Trained:
    return train(blobs(), epochs=2, options=NetworkOptions(capsules=4, dimension=4))


def test_the_model_file_gives_it_back(tmp_path: Path, trained: Trained) -> None:
    images = blobs().images
    trained.save(tmp_path / "m.pt")
    back = load_model(tmp_path / "m.pt")
    np.testing.assert_array_equal(back.features(images), trained.features(images))
    np.testing.assert_array_equal(back.curve, trained.curve)
    assert (back.options, back.size, back.batch) == (trained.options, 16, 16)


class Foreign:
    """A function that a pickle could run when it is read."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return print, ("run",)


def test_a_damaged_or_foreign_model_file_is_one_sentence(
    tmp_path: Path, trained: Trained, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "m.pt"
    trained.save(path)
    whole = path.read_bytes()
    middle = len(whole) // 2

    def refused() -> str:
        with pytest.raises(ValueError, match=re.escape(f"{path} is not a readable")) as caught:
            load_model(path)
        return str(caught.value)

    for content in (b"", b"junk" * 100, whole[:middle], whole[: middle // 2] + whole[middle:]):
        path.write_bytes(content)
        assert "\n" not in refused()
    torch.save({"format": "shapcpp capsule network 1"}, path)
    assert refused().endswith("another version of shapcpp wrote it: train the network again")
    content = torch.load(path, weights_only=True) | {"format": FORMAT}
    torch.save(content, path)
    assert refused().endswith("its content is not that of its SHA-256")
    torch.save({"weights": torch.zeros(3)}, path)
    assert refused().endswith("shapcpp features --save-model did not write it")
    torch.save(Foreign(), path)
    assert refused().endswith("it holds more than numbers")
    assert capsys.readouterr().out == ""
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "absent.pt")


def flipped(content: bytes, rng: np.random.Generator) -> bytes:
    place, bit = int(rng.integers(len(content))), int(rng.integers(8))
    return content[:place] + bytes([content[place] ^ (1 << bit)]) + content[place + 1 :]


def test_a_flipped_bit_of_a_model_file_is_refused_or_changes_nothing(
    tmp_path: Path, trained: Trained
) -> None:
    path, rng = tmp_path / "m.pt", np.random.default_rng(0)
    trained.save(path)
    whole, refused = path.read_bytes(), 0
    for _ in range(60):
        path.write_bytes(flipped(whole, rng))
        try:
            read = load_model(path)
        except ValueError as told:
            refused += str(told).startswith(str(path)) and str(told).isprintable()
            continue
        assert read.options == trained.options
        for name, weights in read.network.state_dict().items():
            torch.testing.assert_close(weights, trained.network.state_dict()[name], rtol=0, atol=0)
    assert refused > 30  # most of the file is weights


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"batch": 0}, "batch must be at least 1, got 0"),
        ({"size": "16"}, "size must be an integer, got '16'"),
        ({"size": 2**62}, "size must be at most 4096, got 4611686018427387904"),
        ({"options": {"routing": 10**18}}, "routing must be at most 100, got 10"),
        ({"options": {"capsules": 10**9}}, "capsules must be at most 4096, got 10"),
        (
            {"options": {"capsules": 1000}},
            r"hidden.weight has shape \(4, 4, 64\), but with its size",
        ),
        ({"options": {"dimension": 8}}, "hidden.weight has shape"),
        (
            {"weights": {"norm.bias": torch.full((64,), torch.nan)}},
            "norm.bias holds nan or infinity",
        ),
        (
            {"weights": {"norm.bias": torch.zeros(64).double()}},
            "norm.bias does not hold torch.float32",
        ),
        ({"weights": {"more": torch.zeros(1)}}, "more is no weight of the network"),
        ({"seen": torch.zeros(3)}, "Cannot cast"),
        ({"seen": None}, ""),
    ],
)
def test_a_model_file_that_does_not_go_together_is_refused(
    tmp_path: Path, trained: Trained, change: dict[str, Any], sentence: str
) -> None:
    path = tmp_path / "m.pt"
    trained.save(path)
    content = torch.load(path, weights_only=True)
    del content["sha256"]
    for name, value in change.items():
        content[name] = {**content[name], **value} if isinstance(value, dict) else value
    write_torch(path, content)
    with pytest.raises(ValueError, match=f"{re.escape(str(path))} is not a .*: {sentence}"):
        load_model(path)


def test_a_full_disk_is_told_as_of_any_file(tmp_path: Path, trained: Trained) -> None:
    before = list(tmp_path.iterdir())
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limit[1]))
    try:
        with pytest.raises(OSError) as told:  # noqa: PT011
            trained.save(tmp_path / "m.pt")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert told.value.filename == str(tmp_path / "m.pt")
    assert told.value.strerror
    assert list(tmp_path.iterdir()) == before
