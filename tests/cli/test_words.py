"""Messages of the shell: every option of every command with bad values, and no word of Python."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pytest

import shapcpp
from command import shapcpp_cli
from shapcpp.cli.main import cli

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
