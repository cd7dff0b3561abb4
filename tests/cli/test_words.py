"""Messages of the shell: every option of every command with bad values, and no word of Python."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner

import shapcpp
from classes import clouds
from command import fails, shapcpp_cli
from shapcpp.cli import run_notes
from shapcpp.cli.console import with_options
from shapcpp.cli.main import cli
from shapcpp.plan import Plan, plan
from shapcpp.running import shorter

BAD = ("-7", "0", "1e400", "nosuch", "", "knn.npz")
# What a command cannot do without, but for the option on trial.
NEEDS: dict[str, tuple[str, ...]] = {
    "doubt": ("features.npy",),
    "features": ("nowhere", "-o", "f.npy"),
    "value": ("features.npy", "--perms", "2"),
    "knn": ("features.npy",),
    "detect": ("run.npz",),
    "report": ("run.npz", "-o", "r.html"),
    "relabel": ("features.npy", "decisions.csv", "-o", "f.npy"),
    "reproduce": ("--data", "nowhere", "-o", "folder"),
    "noise": ("features.npy", "--rate", "0.1", "-o", "f.npy"),
    "merge": ("run.npz", "-o", "all.npz"),
    "info": (),
}
SLOW = {"--dask", "--compare"}  # asks the network; fits forests
OF_PYTHON = re.compile(
    r"\bNone\b|\bTrue\b|\bFalse\b|Traceback|Valuation|\bobjects?\b|callable|int64|dtype|ndarray"
    r"|\b[a-z]+_[a-z_]+\b|\b[Xy]_test\b|\bX\b|shapcpp\.[a-z]|\bv\.|\(\)|\w='"
)
# Fields of files, a metric, and the place in its own code that torch names.
KNOWN = {
    "true_label", "new_label", "X_train", "y_train", "X_test", "y_test", "test_counts",
    "balanced_accuracy", "inline_container",
}  # fmt: skip
EVERY = """
import contextlib, io, json, os, sys
from shapcpp.cli.main import main
said = []
for arguments in json.loads(sys.stdin.read()):
    sys.argv = ["shapcpp", *arguments]
    err = io.StringIO()
    with contextlib.redirect_stderr(err), contextlib.redirect_stdout(io.StringIO()):
        try:
            main()
        except SystemExit as end:
            said.append([arguments, end.code, err.getvalue()])
print(json.dumps(said))
"""


def trials(name: str, command: click.Command) -> Iterator[list[str]]:
    needed = NEEDS[name]
    for option in command.params:
        if not isinstance(option, click.Option) or option.is_flag or SLOW & {*option.opts}:
            continue
        given = option.opts[-1]
        words = list(needed)
        if given in words:  # the value on trial takes the place of the good one
            place = words.index(given)
            del words[place : place + 2]
        for value in BAD:
            yield [name, *words, f"{given}={value}" if given.startswith("--") else given + value]


@pytest.fixture(name="files")
def _files(folder: Path) -> Path:
    shapcpp_cli("value", "features.npy", "--perms", 4, "-o", "run.npz", cwd=folder)
    shapcpp_cli("knn", "features.npy", "-o", "knn.npz", cwd=folder)
    (folder / "decisions.csv").write_text("id,decision\nslice-003,relabel\n")
    return folder


@pytest.mark.parametrize("name", NEEDS)
def test_bad_values_of_every_option_are_told_in_words_of_the_shell(name: str, files: Path) -> None:
    command = cli.commands[name]
    asked = list(trials(name, command))
    done = subprocess.run(
        [sys.executable, "-c", EVERY], input=json.dumps(asked),
        cwd=files, capture_output=True, text=True, check=True,
    )  # fmt: skip
    said = json.loads(done.stdout)
    assert len(said) == len(asked)
    own = {str(option.name) for option in command.params if isinstance(option, click.Option)}
    faults = (fault_of(arguments, status, words, own) for arguments, status, words in said)
    assert [fault for fault in faults if fault is not None] == []


def fault_of(arguments: list[str], status: int, words: str, own: set[str]) -> object:
    """What is wrong with the words of a command, whose options have these names; None if nothing."""
    lines = words.splitlines()
    if (status == 0) != (not lines or not lines[-1].startswith("Error: ")):
        return arguments, status, words
    for line in lines:
        typed = line
        for word in [*arguments, *KNOWN]:
            typed = typed.replace(word, "") if word else typed
        subject = re.match(
            r"(?:Error|Note): (?:in fold \d+, )?(\w+) (?:must|is|are|names|holds) ", line
        )
        if (
            not line.startswith(("Error: ", "Note: "))
            or OF_PYTHON.search(typed) is not None
            or (subject is not None and subject[1] in own)
        ):
            return arguments, line
    return None


def test_every_command_is_tried() -> None:
    assert set(NEEDS) == set(cli.commands)


def test_labels_that_were_floats_are_named_so(folder: Path) -> None:
    rows = np.load(folder / "features.npy")
    kinds = [(n, float if n == "label" else rows.dtype[n]) for n in rows.dtype.names]
    np.save(folder / "floats.npy", rows.astype(kinds))
    for name in ("rec:1.0", "rec:1"):
        done = shapcpp_cli(
            "value", "floats.npy", "--perms", 4, "--metric", name, "--empty", "label:0.0",
            cwd=folder,
        )  # fmt: skip
        assert "Lowest values by recall of 1" in done.stdout


def test_more_neighbours_than_samples_are_told(folder: Path) -> None:
    done = shapcpp_cli("knn", "features.npy", "--k", 500, cwd=folder)
    assert "Note: --k is 500 and there are 60 training samples: all of them vote" in done.stderr
    assert "reliability 0" not in done.stdout


def test_decisions_must_be_there(folder: Path) -> None:
    (folder / "none.csv").write_text("id,decision\n")
    done = shapcpp_cli("relabel", "features.npy", "none.csv", "-o", "f.npy", cwd=folder, status=2)
    assert "Error: none.csv holds no decision" in done.stderr
    assert not (folder / "f.npy").exists()


def test_values_in_closed_form_say_what_they_lack(folder: Path) -> None:
    shapcpp_cli("knn", "features.npy", "-o", "knn.npz", cwd=folder)
    v = shapcpp.load(folder / "knn.npz", shapcpp.ExactValuation)
    for name in ("agreement", "votes", "gains", "until_met", "merge"):
        with pytest.raises(AttributeError, match=f"in closed form have no {name}: no orders were"):
            getattr(v, name)
    with pytest.raises(AttributeError, match="'ExactValuation' object has no attribute 'nosuch'"):
        _ = v.nosuch  # type: ignore[attr-defined]
    assert v.reliability("rec") == 1.0


def test_what_differs_between_runs_is_told_by_its_option(folder: Path) -> None:
    run = ("value", "features.npy", "--perms", 2)
    shapcpp_cli(*run, "--components", 2, "-o", "two.npz", cwd=folder)
    shapcpp_cli(*run, "--no-votes", "-o", "all.npz", cwd=folder)
    said = fails(*run, "--extend", "two.npz", cwd=folder)
    assert "--extend two.npz is of another run: its --components is 2, not all features" in said
    said = fails(*run, "--no-votes", "--components", 2, "--extend", "all.npz", cwd=folder)
    assert "its --components is all features, not 2" in said
    said = fails(*run, "--scale", "standard", "--no-votes", "--extend", "all.npz", cwd=folder)
    assert "its --scale is none, not 'standard'" in said
    said = fails("merge", "two.npz", "all.npz", "-o", "both.npz", cwd=folder)
    assert "different problems: --components is 2, not all features" in said


def test_a_logistic_model_of_three_labels_is_called_as_it_was_asked_for() -> None:
    X, y, _, _ = clouds(30, 9, 3)
    runs = [shapcpp.value(X, y, X, y, 2, model=name) for name in ("logistic", "lda", "ovr")]
    assert runs[0].differs_from(runs[1]) == "model is 'logistic', not 'lda'"
    assert runs[0].differs_from(runs[2]) is None
    two = shapcpp.value(X[y < 2], y[y < 2], X[y < 2], y[y < 2], 2)
    assert runs[0].differs_from(two) == "data (features, labels or groups) are others"


def test_options_that_go_with_no_other_are_named(folder: Path) -> None:
    said = fails("value", "features.npy", "--model", "bayes", "--C", 2, cwd=folder)
    assert said == "Error: --C is given, and --model bayes has no use for it: leave it out\n"
    said = fails("value", "features.npy", "--first", 3, cwd=folder)
    assert said == "Error: --first is 3, which needs --perms P, the number from there\n"


def long_plan() -> Plan:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 80)), np.arange(60) % 7
    return plan(X=X, y=y, X_test=X, y_test=y, model="multinomial", sampler="permutations")


def said_at_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *told: Any
) -> str:
    p = long_plan()
    ways = (shorter.Fewer(16, 2.0, 0.5), shorter.Fewer(32, 4.0, 0.7))
    monkeypatch.setattr(run_notes, "fewer_directions_of", lambda p, permutations: ways)
    with click.Context(cli.commands["value"], click.Context(cli)):
        run_notes.note_duration(p, *told)
    return capsys.readouterr().err


def test_notes_of_a_long_run_name_options_and_say_what_is_true(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = said_at_the_start(monkeypatch, capsys, 4000.0, 2000, True, 50.0)
    assert "2,000 permutations; it ends after 120 s instead" in said
    assert "fewer features, or --model logistic, which fits" in said
    assert "with --components 16 or 32 it would take about 2 s or 4 s" in said
    assert "Note: --sampler halving reaches the same errors" in said
    said = said_at_the_start(monkeypatch, capsys, 400.0, 8, True, 130.0)
    assert "it ends with its first ones, which take more than 120 s" in said
    said = said_at_the_start(monkeypatch, capsys, np.inf, 2, True, 61.0)
    assert "take more than 61 s; the run ends when they are done, after 120 s at the" in said
    assert "(2 permutations)" in said


def test_an_estimate_names_options(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shorter, "LONG", 0.0)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 66)), np.arange(40) % 2
    np.savez(folder / "wide.npz", X_train=X, y_train=y, X_test=X, y_test=y)
    arguments = ["--perms", "2", "--sampler", "permutations", "--estimate"]
    done = CliRunner().invoke(cli, ["value", str(folder / "wide.npz"), *arguments])
    assert "shorter: with --components 16 or 32 it would take" in done.output
    assert "shorter: --sampler halving reaches" in done.output


def test_numbers_in_notes_have_separators(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    v = shapcpp.value(*clouds(30, 10, 2), 2)
    settings = v.settings | {"permutations": 2000}
    run_notes.keep_partial("failed", replace(v, settings=settings), None)
    assert "failed after 2 of 2,000 permutations" in capsys.readouterr().err
    assert with_options("checkpoint r.npz is of another run: its seed is 0, not 1", cli) == (
        "checkpoint r.npz is of another run: its --seed is 0, not 1"
    )
