from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import shapcpp.experiment
from command import fails, shapcpp_cli
from shapcpp.cli.main import cli

OPTIONS = (
    "--size", "16", "--counts", "train=16/32,val=6/12,test=10/20", "--perms", "30", "--noise", "25",
)  # fmt: skip
# More than are done before the signals come.
LONG = ("--epochs", "100000", "--patience", "100000")


def started(folder: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "shapcpp", "reproduce", "-o", "out", *OPTIONS, *options],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def test_killed_then_interrupted_then_to_the_end(tmp_path: Path) -> None:
    with started(tmp_path, *LONG) as killed:
        while not list(tmp_path.glob("out/.network-25.*.partial")):
            assert killed.poll() is None
            time.sleep(0.01)
        killed.kill()
    before = (tmp_path / "out" / "stages.json").read_bytes()

    with started(tmp_path, *LONG) as interrupted:
        assert interrupted.stderr is not None
        heard = iter(interrupted.stderr.readline, "")
        assert next(heard).split() == ["phantom", "up", "to", "date"]
        while "test:" not in next(heard):
            pass
        interrupted.send_signal(signal.SIGINT)
        rest = list(heard)
    assert interrupted.returncode == 130
    assert rest == [
        "Note: interrupted; the results so far are in out; the same command continues there.\n"
    ]
    assert (tmp_path / "out" / "stages.json").read_bytes() == before

    done = shapcpp_cli("reproduce", "-o", "out", *OPTIONS, "--epochs", 1, cwd=tmp_path)
    assert "Noise 25%: 1 epoch, the best 1; AUC " in done.stdout
    assert "Table 2, single class constant" in done.stdout
    assert "Table 2, single class carry" in done.stdout
    assert done.stdout.endswith("Saved in out. Next: open out/report.html\n")
    lines = [line.split() for line in done.stderr.splitlines()]
    assert [line[0] for line in lines if line[0] not in ("scans", "Note:") and line[1] != "epoch"] == [
        "phantom", "network-25", "features-25", "values-25", "values-25-carry", "tables", "figures",
        "report",
    ]  # fmt: skip


def test_bad_options_are_one_sentence(tmp_path: Path) -> None:
    for options, sentence in (
        (["--noise", "ten"], "noise must be percentages, got 'ten'"),
        (["--noise", "10", "20", "x"], "noise must be percentages, got '10,20,x'"),
        (["--noise", "0.1"], "noise must be percentages from 1 to below 100, or 0, got 0.1"),
        (["--noise", "100"], "noise must be percentages from 1 to below 100, or 0, got 100"),
        (["20"], "unexpected extra argument (20)"),
        (["--noise", "10", "--size", "16", "20"], "unexpected extra argument (20)"),
        (["--counts", "train=1"], "counts must be SPLIT=POSITIVE/NEGATIVE"),
        (["--data", "nowhere"], "nowhere: no such file or folder"),
    ):
        assert sentence in fails("reproduce", "-o", "out", *options, cwd=tmp_path)


@pytest.mark.parametrize(
    "words",
    [
        ["--noise", "5", "10", "20.5", "--size", "16"],
        ["--noise=5", "10", "--size", "16", "--noise", "20.5"],
        ["--noise", "5,10", "20.5"],
    ],
)
def test_noise_takes_several_words(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def note(*_: Any, noise: Any, **__: Any) -> None:
        asked.append(noise)
        raise KeyboardInterrupt

    monkeypatch.setattr(shapcpp.experiment, "reproduce", note)
    with pytest.raises(SystemExit, match="130"):
        cli.main(["reproduce", "-o", "20", *words], standalone_mode=False)
    assert asked == [[0.05, 0.1, 0.205]]


def test_its_lines_name_options_and_not_arguments(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def tell(*_: Any, say: Any, **__: Any) -> None:
        say("scans              the masks hold 1, 2: lesion_values names those that are lesions")
        say("scans              labels.csv has no label (label_column names another)")
        say("scans              windows='head' would take others")
        say("scans              of two, name the positive ones with positive=")
        raise KeyboardInterrupt

    monkeypatch.setattr(shapcpp.experiment, "reproduce", tell)
    with pytest.raises(SystemExit, match="130"):
        cli.main(["reproduce", "-o", "out"], standalone_mode=False)
    said = capsys.readouterr().err.splitlines()
    assert [line.split(maxsplit=1)[1] for line in said[:4]] == [
        "the masks hold 1, 2: --lesion-values names those that are lesions",
        "labels.csv has no label (--label-column names another)",
        "--windows head would take others",
        "of two, name the positive ones with --positive",
    ]
