from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shapcpp
from reproductions import SMALL, STAGES, TOTALS, content
from scans import pattern, write_csv, write_image_folder, write_png
from shapcpp.ct import load_model
from shapcpp.ct.network.training_state import TrainingState
from shapcpp.experiment import Reproduction, reproduce
from shapcpp.experiment.settings import Settings
from shapcpp.experiment.stages import Facts, Stages
from shapcpp.progress import Progress, Unseen
from shapcpp.report import figure3

module: Any = sys.modules[reproduce.__module__]


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the package catches it."""


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes most of the time: here pictures and the page are a word."""
    monkeypatch.setattr(module, "figure2", lambda rules, path: path.write_text("2"))
    monkeypatch.setattr(module, "figure3", lambda run, path: path.write_text("3"))
    monkeypatch.setattr(
        module, "report", lambda run, features, scans, path, **_: path.write_text("page")
    )


def redone(folder: Path, capsys: pytest.CaptureFixture[str], **options: Any) -> list[str]:
    """The stages that the call did not find up to date."""
    capsys.readouterr()
    reproduce(folder, progress=True, **SMALL | options)
    lines = [line.split() for line in capsys.readouterr().err.splitlines()]
    told = ("up", "epoch")  # of a stage that is done already, or that is not done yet
    return [
        name for name, *rest in lines if name not in ("scans", "folder") and rest[0] not in told
    ]


def test_all_files_are_there(done: Reproduction) -> None:
    names = {path.name for path in done.folder.iterdir() if not path.name.startswith(".")}
    of_each = ("features-{}.npy", "run-{}.npz", "run-{}-carry.npz", "model-{}.pt", "curve-{}.csv")
    assert names == {
        *(name.format(percent) for name in of_each for percent in (10, 30)),
        "phantom", "stages.json", "table2.csv", "scores.csv", "networks.csv", "figure2.png",
        "figure3.png", "report.html",
    }  # fmt: skip


@pytest.mark.parametrize(("percent", "rate"), [(10, 0.1), (30, 0.3)])
def test_labels_are_flipped_in_the_training_split_only(
    done: Reproduction, percent: int, rate: float
) -> None:
    rows = shapcpp.read_features(done.folder / f"features-{percent}.npy").rows
    train = rows["split"] == "train"
    noisy, flipped = shapcpp.flip_labels(rows["true_label"][train], rate, seed=3)
    assert flipped.sum() == round(16 * rate) + round(32 * rate)
    np.testing.assert_array_equal(rows["label"][train], noisy)
    np.testing.assert_array_equal(rows["label"][~train], rows["true_label"][~train])
    assert [int((rows["split"] == s).sum()) for s in ("train", "val", "test")] == [48, 18, 30]
    assert len(np.unique(rows["group"])) > 1


def test_features_are_those_of_the_saved_network(done: Reproduction) -> None:
    rows = shapcpp.read_features(done.folder / "features-30.npy").rows
    from shapcpp.ct import read_scans

    slices = read_scans(done.folder / "phantom", size=16)
    trained = load_model(done.folder / "model-30.pt")
    np.testing.assert_array_equal(rows["features"], trained.features(slices.images))
    np.testing.assert_array_equal(rows["id"], slices.id)
    assert done.networks[1]["test_auc"] == trained.auc(slices, "test")
    assert done.networks[1]["val_auc"] == trained.auc(slices, "val")
    assert done.networks[1]["epochs"] == len(trained.curve) == 2


@pytest.mark.parametrize("rule", ["constant", "carry"])
def test_values_are_those_of_the_features_file(done: Reproduction, rule: Any) -> None:
    train, test = shapcpp.read_features(done.folder / "features-10.npy").sides()
    v = shapcpp.value(
        train.X, train.y, test.X, test.y, permutations=30, seed=3, single_class=rule, trace=50,
        sampler="permutations",
    )  # fmt: skip
    kept = shapcpp.load(
        done.folder / ("run-10.npz" if rule == "constant" else "run-10-carry.npz"),
        shapcpp.Valuation,
    )
    np.testing.assert_array_equal(kept.gains, v.gains)
    assert kept.trace_gains is not None
    assert v.trace_gains is not None
    np.testing.assert_array_equal(kept.trace_gains, v.trace_gains)
    np.testing.assert_array_equal(kept.ids, train.ids)
    assert kept.true_labels is not None
    np.testing.assert_array_equal(kept.true_labels, train.true_labels)
    assert kept.settings["single_class"] == rule
    assert not kept.settings["by_group"]


def test_report_and_figure_3_are_of_the_noisiest_experiment(
    done: Reproduction, tmp_path: Path
) -> None:
    runs = {
        percent: shapcpp.load(done.folder / f"run-{percent}.npz", shapcpp.Valuation)
        for percent in (10, 30)
    }
    page = (done.folder / "report.html").read_text()
    assert runs[30].fingerprint in page
    assert runs[10].fingerprint not in page
    figure3(runs[30], tmp_path / "figure3.png")
    assert (tmp_path / "figure3.png").read_bytes() == (done.folder / "figure3.png").read_bytes()


def test_every_setting_is_an_input_of_some_stage() -> None:
    settings = Settings(
        **SMALL, data="phantom", patience=1, split=None, labels=None, label_column="label",
        file_column=None, positive=(), masks=None, min_lesion=1, lesion_values=None, anonymous=False, skip_bad=False, routing=1, C=1.0, scale=None,
        device="cpu",
    )  # fmt: skip
    beside = {
        "data",
        "labels",
        "masks",
        "noise",
        "device",
        "sources",
        "groups",
    }  # seen otherwise, or cannot matter
    names = {field.name for field in fields(Settings)}
    assert {*settings.reading, *settings.training, *settings.valuing, *beside} == names | {"trace"}


def fragile(where: str, midway: int = 0) -> type[Stages]:
    """Stages that die in one of them before it is recorded, or beyond half of such a total."""

    class Fragile(Stages):
        def do(
            self, name: str, inputs: Mapping[str, Any], outputs: Any, work: Callable[..., Facts]
        ) -> Facts:
            def and_die(progress: Progress) -> Facts:
                class Deadly(Unseen):
                    def __call__(self, done: int, total: int) -> None:
                        if total == midway and 2 * done > total:
                            raise Killed

                work(Deadly())
                raise Killed

            return super().do(name, inputs, outputs, and_die if name == where else work)

    return Fragile


def test_killed_at_every_stage_it_ends_as_if_undisturbed(
    done: Reproduction, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for stage in STAGES:
        for midway in sorted({TOTALS.get(stage.split("-")[0], 0), 0}, reverse=True):
            monkeypatch.setattr(module, "Stages", fragile(stage, midway))
            with pytest.raises(Killed):
                reproduce(tmp_path, **SMALL)
    monkeypatch.setattr(module, "Stages", Stages)
    reproduce(tmp_path, **SMALL)
    assert content(tmp_path) == content(done.folder)


def test_a_killed_training_goes_on_from_its_last_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, light: None
) -> None:
    epochs: list[int] = []
    note = TrainingState.note

    def counted(self: TrainingState, *numbers: float) -> None:
        note(self, *numbers)
        epochs.append(len(self.curve))

    monkeypatch.setattr(TrainingState, "note", counted)
    monkeypatch.setattr(module, "Stages", fragile("network-10", midway=9))
    small = SMALL | {"noise": (0.1,), "epochs": 3}
    with pytest.raises(Killed):
        reproduce(tmp_path, **small)
    assert epochs == [1]
    monkeypatch.setattr(module, "Stages", Stages)
    reproduce(tmp_path, **small)
    assert epochs == [1, 2, 3]


def test_only_what_depends_on_a_change_is_done_again(
    done: Reproduction, tmp_path: Path, capsys: pytest.CaptureFixture[str], light: None
) -> None:
    folder, after_values = tmp_path / "moved", STAGES[-3:]
    shutil.copytree(done.folder, folder)
    assert redone(folder, capsys) == []
    before = content(done.folder)
    assert content(folder) == before

    values = [stage for stage in STAGES if stage.startswith("values")]
    assert redone(folder, capsys, permutations=40) == [*values, *after_values]
    assert redone(folder, capsys, permutations=40, C=0.5) == [*values, *after_values]
    assert redone(folder, capsys) == [*values, *after_values]
    drawn = {"figure2.png", "figure3.png", "report.html"}
    assert {name for name, now in content(folder).items() if now != before[name]} == drawn

    new = ["network-20", "features-20", "values-20", "values-20-carry", "tables", "report"]
    assert redone(folder, capsys, noise=(0.1, 0.2, 0.3)) == new

    changed = shapcpp.read_features(folder / "features-10.npy")
    changed.rows["label"] = 1 - changed.rows["label"]
    shapcpp.write_features(folder / "features-10.npy", changed)
    assert redone(folder, capsys, noise=(0.1, 0.2, 0.3)) == ["features-10"]
    reproduce(folder, progress=True, **SMALL)
    assert capsys.readouterr().err.splitlines()[-1] == (
        "folder             of earlier calls, not in these tables: model-20.pt, curve-20.csv, "
        "features-20.npy, run-20.npz, run-20-carry.npz"
    )
    os.remove(folder / "run-30.npz")
    assert redone(folder, capsys, noise=(0.1, 0.2, 0.3))[0] == "values-30"

    assert redone(folder, capsys, seed=1) == STAGES


def test_scans_of_ones_own_are_watched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], light: None
) -> None:
    scans = write_image_folder(tmp_path / "scans", patients=16, each=4)
    mine: dict[str, Any] = {
        "data": scans, "noise": (0.25,), "counts": None, "epochs": 1, "size": 8, "split": "random",
    }  # fmt: skip
    stages = [
        "network-25", "features-25", "values-25", "values-25-carry", "tables", "figures", "report",
    ]  # fmt: skip
    assert redone(tmp_path / "out", capsys, **mine) == stages
    assert redone(tmp_path / "out", capsys, **mine) == []
    os.utime(scans / "images" / "3_1.png", ns=(1, 1))
    assert "network-25" in redone(tmp_path / "out", capsys, **mine)
    manifest = scans / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("P3", "Q3"))
    assert "features-25" in redone(tmp_path / "out", capsys, **mine)
    assert redone(tmp_path / "out", capsys, **mine, anonymous=True)[0] == "network-25"
    groups = shapcpp.read_features(tmp_path / "out" / "features-25.npy").rows["group"]
    assert all(group.isdigit() for group in groups)


def test_which_label_belongs_to_which_scan_is_watched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], light: None
) -> None:
    for number in range(24):
        write_png(tmp_path / "pixels" / f"{number}.png", pattern(number))
        link = tmp_path / "scans" / ("positive" if number % 2 else "negative") / f"{number}.png"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(tmp_path / "pixels" / f"{number}.png")
    mine: dict[str, Any] = {
        "data": tmp_path / "scans", "noise": (0.25,), "counts": None, "epochs": 1, "size": 8,
    }  # fmt: skip
    assert redone(tmp_path / "out", capsys, **mine)[0] == "network-25"
    assert redone(tmp_path / "out", capsys, **mine) == []
    moved = (tmp_path / "scans").rename(tmp_path / "elsewhere")
    assert redone(tmp_path / "out", capsys, **mine | {"data": moved}) == []
    (moved / "positive" / "1.png").rename(moved / "negative" / "1.png")
    assert redone(tmp_path / "out", capsys, **mine | {"data": moved})[0] == "network-25"


def test_a_missing_mask_is_told_by_the_reader_or_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], light: None
) -> None:
    rows = []
    for number in range(24):
        write_png(tmp_path / f"{number}.png", pattern(number))
        write_png(tmp_path / "masks" / f"{number}.png", pattern(number) * (number % 2))
        rows.append((f"{number}.png", f"masks/{number}.png"))
    write_csv(tmp_path / "manifest.csv", "file,mask", *rows)
    os.remove(tmp_path / "masks" / "5.png")
    mine: dict[str, Any] = {
        "data": tmp_path, "noise": (0.25,), "counts": None, "epochs": 1, "size": 8,
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"5.png \(manifest.csv, line 7\)"):
        reproduce(tmp_path / "out", **SMALL | mine)
    assert "network-25" in redone(tmp_path / "out", capsys, **mine, skip_bad=True)


def test_results_go_into_another_folder_than_scans(tmp_path: Path) -> None:
    scans = write_image_folder(tmp_path / "scans", patients=16, each=4)
    with pytest.raises(ValueError, match="scans is the folder of the scans: name another"):
        reproduce(scans, **SMALL | {"data": scans})


def test_the_phantoms_results_may_go_to_a_folder_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, light: None
) -> None:
    monkeypatch.chdir(tmp_path)
    reproduce("phantom", **SMALL | {"noise": (0.1,), "epochs": 1})
    assert (tmp_path / "phantom" / "table2.csv").exists()


def test_a_second_one_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    with open(tmp_path / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ValueError, match="another reproduction is at work in"):
            reproduce(tmp_path, **SMALL)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 15}, "size must be at least 16, got 15"),
        ({"size": 7, "data": "."}, "size must be at least 8, got 7"),
        ({"epochs": 0}, "epochs must be"),
        ({"patience": 0}, "patience must be"),
        ({"permutations": 1}, "permutations must be at least 2, got 1"),
        ({"noise": ()}, "noise must name at least one rate"),
        ({"noise": (0.1, 1.0)}, "noise must be rates from 0 to below 1, got 1.0"),
        ({"noise": (0.1, 0.1)}, "noise names 10% twice"),
        ({"split": "half"}, "split must be one of 'file', 'patient', 'random', None; got 'half'"),
        ({"labels": "l.csv"}, "the phantom has its own labels: leave out labels"),
        ({"C": 0.0}, "C must be positive and finite, got 0.0"),
        ({"scale": "robust"}, "scale must be one of 'standard', None; got 'robust'"),
        ({"seed": -1}, "seed"),
        ({"device": "tpu"}, "device must be cpu or cuda, got 'tpu'"),
    ],
)
def test_bad_arguments_are_told_before_anything_begins(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises((TypeError, ValueError)) as told:
        reproduce(tmp_path / "out", **SMALL | options)
    assert message in str(told.value)
    assert not (tmp_path / "out").exists()
