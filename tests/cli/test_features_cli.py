"""`shapcpp features` as a user types it, on a small folder of pictures."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import numpy as np
import pytest
from PIL import Image

import shapcpp
from blobs import blobs
from command import FULL, after, fails, shapcpp_cli, snapshot
from shapcpp.cli import tables
from shapcpp.cli.main import cli
from shapcpp.ct import NetworkOptions, extract_features, extraction
from shapcpp.ct.network import ranking
from shapcpp.report import paper_table

QUICK = ("--size", 16, "--epochs", 2, "--capsules", 4)


@pytest.fixture(name="scans", scope="module")
def _scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scans")
    slices = blobs()
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "label", "split", "patient", "scanner"])
        for i, image in enumerate(slices.images):
            grey = np.clip(128 + 30 * image, 0, 255).astype(np.uint8)
            Image.fromarray(grey).save(folder / f"{i:03d}.png")
            writer.writerow([f"{i:03d}.png", slices.label[i], slices.split[i], f"p{i // 4}", i % 2])
    return folder


def test_scans_become_a_features_file_that_can_be_valued(scans: Path, tmp_path: Path) -> None:
    done = shapcpp_cli("features", scans, "-o", "f.npy", *QUICK, "--save-model", "m.pt", "--curve", "c.csv",
                       cwd=tmp_path)  # fmt: skip
    assert "train: 60 slices, 20 positive, 40 negative\n" in done.stdout
    assert "read 140 slices of 16 pixels" in done.stderr
    assert "trained for 2 epochs" in done.stderr
    assert "validation AUC of" in done.stderr

    features = shapcpp.read_features(tmp_path / "f.npy")
    assert [len(side.y) for side in features.sides()] == [60, 40]
    rows = features.rows
    slices = blobs()
    assert rows["features"].shape == (140, 16)
    np.testing.assert_array_equal(rows["label"], slices.label)
    np.testing.assert_array_equal(rows["split"], slices.split)
    assert rows["group"].tolist() == [f"p{i // 4}" for i in range(140)]
    assert rows["scanner"].astype(int).tolist() == [i % 2 for i in range(140)]
    with (tmp_path / "c.csv").open(newline="") as file:
        curve = list(csv.DictReader(file))
    assert [row["epoch"] for row in curve] == ["1", "2"]
    assert set(curve[0]) == {"epoch", "train_loss", "val_loss", "val_auc"}

    # The saved network, used again by the function behind the command, gives the same.
    again = extract_features(scans, model=tmp_path / "m.pt").rows
    np.testing.assert_allclose(again["features"], rows["features"], atol=1e-5)
    with pytest.raises(ValueError, match=r"size is 24, but .*m.pt was trained at 16 pixels"):
        extract_features(scans, model=tmp_path / "m.pt", size=24)

    # Splits drawn otherwise: some of what it was trained on would judge it.
    told: list[str] = []
    drawn = extract_features(
        scans, model=tmp_path / "m.pt", split="random", seed=1, stage=told.append
    ).rows
    trained_on = np.isin(drawn["id"], rows["id"][rows["split"] != "test"])
    both = int((trained_on & (drawn["split"] == "test")).sum())
    assert 0 < both < int((drawn["split"] == "test").sum())
    assert told[-1].startswith(f"{both} of {int((drawn['split'] == 'test').sum())} test slices are")
    told.clear()
    extract_features(scans, model=tmp_path / "m.pt", stage=told.append)
    assert told[-1] == "read 140 slices of 16 pixels"

    # Others' slices may be of one class, since they train nothing.
    with (scans / "manifest.csv").open(newline="") as file:
        header, *lines = csv.reader(file)
    with (scans / "ones.csv").open("w", newline="") as file:
        csv.writer(file).writerows([header, *(line for line in lines if line[1] == "1")])
    ones = rows["label"] == 1
    shapcpp_cli("features", scans / "ones.csv", "-o", "ones.npy", "--model", "m.pt", cwd=tmp_path)
    others = shapcpp.read_features(tmp_path / "ones.npy").rows
    assert others["id"].tolist() == rows["id"][ones].tolist()
    np.testing.assert_allclose(others["features"], rows["features"][ones], atol=1e-5)
    with pytest.raises(ValueError, match="none of the .* slices .* is negative"):
        extract_features(scans / "ones.csv", size=16)


def test_a_network_that_learned_nothing_is_called_that(
    scans: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    quick: dict[str, Any] = {"size": 8, "epochs": 1, "options": NetworkOptions(capsules=2)}
    for chance, said in ((1.1, True), (0.5, False)):  # around any AUC, and around none
        told: list[str] = []
        monkeypatch.setattr(ranking, "CHANCE", chance)
        extract_features(scans, stage=told.append, **quick)
        assert any("may be chance" in sentence for sentence in told) is said
    network = {"noise": 0.1, "epochs": 3, "best_epoch": 2, "test_auc": 0.9}
    nothing = paper_table([])
    monkeypatch.setattr(ranking, "CHANCE", 0.6)
    aucs = (0.0, 0.39, 0.41, 0.55, 0.65)
    tables.show_table2(nothing, [network | {"val_auc": one} for one in aucs])
    lines = " ".join(capsys.readouterr().out.split()).split("Noise ")[1:]
    assert ["may be chance" in line for line in lines] == [False, False, True, True, False]
    assert ["scores are inverted" in line for line in lines] == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("score", "words"),
    [
        (0.0, ["inverted scores: the network has hardly trained"]),
        (0.4, ["inverted scores: the network has hardly trained"]),
        (0.41, ["an AUC between 0.4 and 0.6 may be chance"]),
        (0.59, ["an AUC between 0.4 and 0.6 may be chance"]),
        (0.6, []),
        (float("nan"), []),
    ],
)
def test_an_auc_is_chance_near_a_half_and_no_other(score: float, words: list[str]) -> None:
    curve = np.array(
        [(1, 0.5, score)], [("epoch", int), ("val_loss", float), ("val_auc", float)]
    ).view(np.recarray)
    told: list[str] = []
    extraction._tell_how_it_went(SimpleNamespace(curve=curve), told.append)  # type: ignore[arg-type]
    assert len(told) == 1 + len(words)
    assert all(word in sentence for word, sentence in zip(words, told[1:], strict=True))


def test_bad_usage_is_one_sentence_and_writes_nothing(
    scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.pt").write_bytes(b"junk")
    for arguments, sentence in (
        (("-o", "f.txt"), "a features file is written as .npy, got f.txt"),
        (("-o", "f.npy", "--device", "tpu"), "device must be cpu or cuda, got 'tpu'"),
        (("-o", "f.npy", "--model", "m.pt"), "m.pt is not a readable model file"),
        (("-o", "f.npy", "--counts", "train=5"), "counts must be SPLIT=POSITIVE/NEGATIVE"),
        (("-o", "f.npy", "--counts", "val=1/1,val=1/2"), "counts names val twice"),
        (("-o", "f.npy", "--counts", "val=a:1/a:2"), "counts names a class of val twice"),
        (("-o", "f.npy", "--counts", "val=a:1/ a:2"), "counts names a class of val twice"),
        (("-o", "f.npy", "--counts", "val=a:1/2"), "counts must be SPLIT=POSITIVE/NEGATIVE"),
        (("-o", "f.npy", "--model", "m.pt", "--curve", "c.csv"), "--model trains nothing"),
    ):  # fmt: skip
        with pytest.raises(click.ClickException, match=sentence):
            cli.main(["features", str(scans), *arguments], standalone_mode=False)
    assert [path.name for path in tmp_path.iterdir()] == ["m.pt"]
    assert "absent" in fails("features", "absent", "-o", "f.npy", cwd=tmp_path)


def test_without_torch_the_sentence_names_the_extra(
    scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, libraries = tmp_path / "here", tmp_path / "libraries"  # Python caches what it imports
    here.mkdir()
    libraries.mkdir()
    (libraries / "torch.py").write_text("raise ModuleNotFoundError(\"No module named 'torch'\")\n")
    monkeypatch.setenv("PYTHONPATH", str(libraries), prepend=os.pathsep)
    sentence = fails("features", scans, "-o", "f.npy", cwd=here)
    assert "pip install '.[ct]' in a checkout" in sentence


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux")
def test_a_model_and_a_curve_whose_place_is_full_go_elsewhere(scans: Path, tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    (tmp_path / "tmp").mkdir()
    command = after(FULL, "features", scans, "-o", "f.npy", *QUICK, "--save-model", "share/m.pt",
                    "--curve", "share/c.csv")  # fmt: skip
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False,
        env=os.environ | {"TMPDIR": str(tmp_path / "tmp")},
    )  # fmt: skip
    assert done.returncode == 2
    places = re.findall(r"no space left on device; it is saved in (\S+) instead", done.stderr)
    assert [Path(place).suffix for place in places] == [".pt", ".csv"]
    assert [*(tmp_path / "share").iterdir()] == []
    assert len(shapcpp.read_features(tmp_path / "f.npy").rows) == 140
    again = ("features", scans, "-o", "g.npy", "--model", places[0])
    shapcpp_cli(*again, cwd=tmp_path)
    assert (tmp_path / "f.npy").read_bytes() == (tmp_path / "g.npy").read_bytes()


def to_the_end(scans: Path, folder: Path, *options: str) -> str:
    """The command's words on stderr, on one thread, so that sums of floats are the same."""
    done = subprocess.run(
        [sys.executable, "-m", "shapcpp", "features", scans, "-o", "f.npy", *options],
        cwd=folder, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=True,
    )  # fmt: skip
    return done.stderr


def interrupted(scans: Path, folder: Path, *options: str, at: str) -> list[str]:
    """The command's words on stderr where it gets Ctrl-C right after saying this."""
    press = f"""
import os, signal, click
from shapcpp import progress
def heard(say):
    def said(*words, **options):
        say(*words, **options)
        if any({at!r} in str(word) for word in words):
            os.kill(os.getpid(), signal.SIGINT)
    return said
click.echo, progress._Lines.tell = heard(click.echo), heard(progress._Lines.tell)
"""
    done = subprocess.run(
        after(press, "features", scans, "-o", "f.npy", *options),
        cwd=folder, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (130, "")
    return done.stderr.splitlines(keepends=True)


def test_ctrl_c_before_the_first_epoch_leaves_nothing(scans: Path, tmp_path: Path) -> None:
    options = ("--size", "32", "--save-model", "m.pt")
    lines = interrupted(scans, tmp_path, *options, at="read 140 slices")
    assert lines[-1] == "Note: interrupted.\n"
    assert snapshot(tmp_path) == {}


def test_after_ctrl_c_the_same_command_goes_on_to_the_same_features(
    scans: Path, tmp_path: Path
) -> None:
    options = ("--size", "16", "--capsules", "4", "--epochs", "30", "--patience", "30")
    lines = interrupted(scans, tmp_path, *options, "--curve", "c.csv", at="epoch 2:")
    match = re.fullmatch(
        r"Note: interrupted; the training is kept after epoch (\d+), and the same command "
        r"continues from there\.\n", lines[-1]
    )  # fmt: skip
    assert match is not None
    assert [path.name for path in tmp_path.iterdir()] == ["f.npy.training"]

    told = to_the_end(scans, tmp_path, *options, "--curve", "c.csv")
    epochs = [line.split(":")[0] for line in told.splitlines() if "epoch " in line]
    kept = int(match[1])
    wanted = [f"epoch {k}" for k in range(kept + 1, 31)]
    assert epochs[: 1 + len(wanted)] == [f"continues after epoch {kept}", *wanted]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.csv", "f.npy"]

    other = tmp_path / "undisturbed"
    other.mkdir()
    to_the_end(scans, other, *options, "--curve", "c.csv")
    for name in ("f.npy", "c.csv"):
        assert (other / name).read_bytes() == (tmp_path / name).read_bytes()


def test_a_checkpoint_of_another_training_is_begun_anew(scans: Path, tmp_path: Path) -> None:
    quick: dict[str, Any] = {"size": 16, "epochs": 1, "options": NetworkOptions(capsules=4)}
    path, told = tmp_path / "t", list[str]()
    extract_features(scans, **quick, checkpoint=path)
    again = extract_features(scans, **quick, seed=1, checkpoint=path, stage=told.append)
    assert f"checkpoint {path} is of a training with seed 0, not 1: training starts anew" in told
    assert (again.rows == extract_features(scans, **quick, seed=1).rows).all()
    path.write_bytes(b"mine")
    with pytest.raises(ValueError, match="cannot be taken up"):
        extract_features(scans, **quick, checkpoint=path)
    assert path.read_bytes() == b"mine"


def test_what_only_a_training_uses_is_refused_with_a_model(
    scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    quick: dict[str, Any] = {"size": 16, "epochs": 1, "options": NetworkOptions(capsules=4)}
    made = extract_features(scans, **quick, save_model="m.pt")
    useless = ("--epochs 100", "--patience 5", "--capsules 32", "--routing 3", "--save-model n.pt",
               "--curve c.csv")  # fmt: skip
    for option in useless:
        sentence = f"--model trains nothing: leave out {option.split()[0]}$"
        with pytest.raises(click.ClickException, match=sentence):
            cli.main(
                ["features", str(scans), "-o", "f.npy", "--model", "m.pt", *option.split()],
                standalone_mode=False,
            )
    with pytest.raises(click.ClickException, match="leave out --epochs and --capsules"):
        cli.main(
            ["features", str(scans), "-o", "f.npy", "--model", "m.pt", "--capsules", "4",
             "--epochs", "3"], standalone_mode=False,
        )  # fmt: skip
    with pytest.raises(ValueError, match="model trains nothing: leave out options and curve"):
        extract_features(scans, model="m.pt", options=NetworkOptions(), curve="c.csv")
    again = extract_features(scans, model="m.pt", batch=3)
    np.testing.assert_allclose(again.rows["features"], made.rows["features"], atol=1e-5)
