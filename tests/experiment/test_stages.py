from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from shapcpp.experiment.stages import Facts, Progress, Stages, fingerprint, fingerprint_by_time


class Work:
    """Writes its text to a file, counts how often, and may fail after it."""

    def __init__(self, path: Path, text: str = "a", fails: bool = False) -> None:
        self.path, self.text, self.fails, self.times = path, text, fails, 0

    def __call__(self, progress: Progress) -> Facts:
        self.times += 1
        self.path.write_text(self.text)
        if self.fails:
            raise KeyboardInterrupt
        return {"letters": len(self.text)}


def test_a_stage_is_done_once_and_again_if_its_inputs_change(tmp_path: Path) -> None:
    lines: list[str] = []
    work = Work(tmp_path / "a.txt")
    for x, times in ((1, 1), (1, 1), (2, 2), (1, 3)):
        facts = Stages(tmp_path, lines.append).do("a", {"x": x, "y": (1, 2)}, ["a.txt"], work)
        assert facts == {"letters": 1}
        assert work.times == times
    assert [line.split()[1:3] == ["up", "to"] for line in lines] == [False, True, False, False]
    assert lines[0].endswith("s  letters 1")


@pytest.mark.parametrize("harm", [lambda p: p.unlink(), lambda p: p.write_text("b")])
def test_an_output_that_is_gone_or_other_is_made_again(tmp_path: Path, harm: object) -> None:
    work = Work(tmp_path / "a.txt")
    Stages(tmp_path).do("a", {}, ["a.txt"], work)
    assert callable(harm)
    harm(tmp_path / "a.txt")
    stages = Stages(tmp_path)
    stages.do("a", {}, ["a.txt"], work)
    assert work.times == 2
    assert stages.of("a") == {"a.txt": fingerprint(tmp_path / "a.txt")}


def test_a_stage_that_ends_early_is_not_done(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        Stages(tmp_path).do("a", {}, ["a.txt"], Work(tmp_path / "a.txt", fails=True))
    work = Work(tmp_path / "a.txt")
    Stages(tmp_path).do("a", {}, ["a.txt"], work)
    assert work.times == 1


def test_what_earlier_calls_left_is_named(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        Stages(tmp_path).do(name, {}, [f"{name}.txt"], Work(tmp_path / f"{name}.txt"))
    (tmp_path / "c.txt").unlink()
    stages = Stages(tmp_path)
    stages.do("a", {}, ["a.txt"], Work(tmp_path / "a.txt"))
    assert stages.others() == ["b.txt"]


def test_half_done_work_goes_by_its_inputs_and_with_the_stage(tmp_path: Path) -> None:
    stages = Stages(tmp_path)
    mine, other = stages.partial("a", {"x": 1}), stages.partial("a", {"x": 2})
    neighbour = stages.partial("a-b", {"x": 1})
    assert len({mine, other, neighbour}) == 3
    assert mine == Stages(tmp_path).partial("a", {"x": 1})
    for path in (mine, other, neighbour):
        path.touch()
    stages.do("a", {"x": 1}, [], lambda progress: {})
    assert [path.exists() for path in (mine, other, neighbour)] == [False, False, True]


def test_fingerprints_see_content_names_and_times(tmp_path: Path) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "a").write_text("1")
    first, by_time = fingerprint(folder), fingerprint_by_time([folder / "a"], folder)
    assert first == fingerprint(folder)
    os.utime(folder / "a", ns=(1, 1))
    assert fingerprint(folder) == first
    assert fingerprint_by_time([folder / "a"], folder) != by_time
    there = fingerprint_by_time([folder / "a"], folder)
    moved = folder.rename(tmp_path / "moved")
    assert fingerprint_by_time([moved / "a"], moved) == there
    assert fingerprint_by_time([moved / "none"], moved) != there
    (moved / "c").mkdir()
    (moved / "c" / "d").touch()
    both = [moved / "a", moved / "c" / "d"]
    relative = [Path(os.path.relpath(path)) for path in both]
    for spelled in ([both[0], relative[1]], [relative[0], both[1]], relative[::-1]):
        assert fingerprint_by_time(spelled, moved) == fingerprint_by_time(both, moved)
    shutil.rmtree(moved / "c")
    moved.rename(folder)
    (folder / "a").rename(folder / "b")
    renamed = fingerprint(folder)
    (folder / "b").write_text("2")
    assert len({first, renamed, fingerprint(folder)}) == 3


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"format": 1, "stages": []}', '{"format": 1, "stages": {"a": {"inputs": 3}}}'],
)
def test_a_damaged_record_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "stages.json").write_text(text)
    with pytest.raises(ValueError, match=r"stages\.json is no record of stages") as told:
        Stages(tmp_path)
    assert "\n" not in str(told.value)


def test_the_record_can_be_read_by_people(tmp_path: Path) -> None:
    Stages(tmp_path).do("a", {"seed": 3}, ["a.txt"], Work(tmp_path / "a.txt"))
    record = json.loads((tmp_path / "stages.json").read_text())["stages"]["a"]
    assert record == {
        "inputs": {"seed": 3},
        "outputs": {"a.txt": "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"},
        "facts": {"letters": 1},
    }
