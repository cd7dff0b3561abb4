"""The last step of a command loses nothing: results, tables, and one sentence for every error."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import shapcpp
from command import FULL, after, shapcpp_cli, wait_for_permutations

SMALL = ("value", "features.npy", "--perms", "5", "--metric", "acc")
# Enough orders that no notice about their errors follows.
QUIET = ("value", "features.npy", "--perms", "60", "--metric", "acc")


def snippet(code: str, *arguments: object, cwd: Path, **environment: str) -> tuple[int, str, str]:
    """The command line after some code, as in a process where that has happened."""
    done = subprocess.run(
        after(code, *arguments), cwd=cwd, capture_output=True, timeout=120, check=False, env={**os.environ, **environment},
    )  # fmt: skip
    return done.returncode, done.stdout.decode("latin-1"), done.stderr.decode()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux")
@pytest.mark.parametrize(
    ("command", "output", "suffix"),
    [
        ((*SMALL, "-o"), "share/run.npz", "npz"),
        ((*SMALL, "--csv"), "share/values.csv", "csv"),
        (("noise", "features.npy", "--rate", "0.2", "-o"), "share/noisy.npy", "npy"),
        (("merge", "before.npz", "-o"), "share/all.npz", "npz"),
        (("detect", "before.npz", "--csv"), "share/queue.csv", "csv"),
    ],
)
def test_a_result_whose_place_is_full_at_the_end_goes_elsewhere_and_says_where(
    command: tuple[str, ...], output: str, suffix: str, folder: Path
) -> None:
    shapcpp_cli(*SMALL, "-o", "before.npz", cwd=folder)
    (folder / "share").mkdir()
    (folder / "tmp").mkdir()
    status, out, err = snippet(FULL, *command, output, cwd=folder, TMPDIR=str(folder / "tmp"))
    assert status == 2
    assert out  # what is shown is shown all the same
    told = re.search(r"no space left on device; it is saved in (\S+) instead", err)
    assert told is not None
    place = Path(told[1])
    assert place.parent == folder / "tmp"
    assert place.suffix == f".{suffix}"
    if suffix == "npz":
        assert shapcpp.load(place, shapcpp.Valuation).n_permutations == 5
    assert place.stat().st_size > 0
    assert [*(folder / "share").iterdir()] == []


NO_CHMOD = """
import os
def refused(*_, **__): raise PermissionError(1, "Operation not permitted")
os.chmod = os.fchmod = refused
"""


def test_a_share_that_refuses_modes_keeps_the_run(folder: Path) -> None:
    shapcpp_cli(*SMALL, "-o", "run.npz", cwd=folder)
    status, _, err = snippet(NO_CHMOD, *QUIET, "-o", "run.npz", "--csv", "v.csv", cwd=folder)
    assert (status, err) == (0, "")
    assert shapcpp.load(folder / "run.npz", shapcpp.Valuation).n_permutations == 60


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_a_terminal_that_cannot_print_an_id_gets_replacements(encoding: str, folder: Path) -> None:
    rows = np.load(folder / "features.npy")
    rows["id"] = [f"患者-é-{i}" for i in range(len(rows))]
    np.save(folder / "features.npy", rows)
    status, out, err = snippet(
        "", *QUIET, "-o", "run.npz", cwd=folder, PYTHONIOENCODING=encoding, PYTHONUTF8="0"
    )
    assert (status, err) == (0, "")
    assert "-" in out
    status, out, err = snippet("", "detect", "run.npz", cwd=folder, PYTHONIOENCODING=encoding)
    assert (status, err) == (0, "")
    assert ("??-" in out) == (encoding != "utf-8")


FAILS = """
class Bar:
    def __call__(self, done, total):
        if done > 20:
            raise {}
    def tell(self, sentence): pass
from contextlib import contextmanager
@contextmanager
def bar(what=""): yield Bar()
import shapcpp.plan
shapcpp.plan.progress_bar = bar
"""


@pytest.mark.parametrize("error", ["MemoryError()", "FloatingPointError('x')", "KeyError(3)"])
def test_whatever_ends_a_run_on_its_way_keeps_what_is_done(error: str, folder: Path) -> None:
    command = ("value", "features.npy", "--perms", "10000000", "-o", "run.npz")
    status, out, err = snippet(FAILS.format(error), *command, cwd=folder)
    assert (status, out) == (1, "")
    assert "they are saved in run.npz, marked as partial" in err
    assert shapcpp.load(folder / "run.npz", shapcpp.Valuation).n_permutations > 20


SLOW = """
import os, signal
from shapcpp.storage import writing
sync = writing._sync
def slow(file):
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
    sync(file)
writing._sync = slow
"""


def test_ctrl_c_while_a_result_is_written_does_not_disturb_it(folder: Path) -> None:
    assert snippet(SLOW, *SMALL, "-o", "run.npz", cwd=folder)[0] == 0
    assert shapcpp.load(folder / "run.npz", shapcpp.Valuation).complete


@pytest.mark.parametrize("terminal", [False, True])
def test_a_lost_terminal_keeps_what_is_done(terminal: bool, folder: Path) -> None:
    master, slave = pty.openpty()
    stream = slave if terminal else subprocess.DEVNULL
    process = subprocess.Popen(
        [sys.executable, "-m", "shapcpp", "value", "features.npy", "--perms", "100000000", "-o", "r.npz",
         "--checkpoint", "c.npz", "--checkpoint-every", "0.2"],
        cwd=folder, stdin=stream, stdout=stream, stderr=stream,
        # As in a terminal, also where the tests run under nohup, which children inherit.
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    )  # fmt: skip
    os.close(slave)
    wait_for_permutations(process, folder / "c.npz")
    os.close(master)  # what the kernel does to a terminal whose connection is lost
    process.send_signal(signal.SIGHUP)
    assert process.wait(timeout=120) == 130
    assert shapcpp.load(folder / "r.npz", shapcpp.Valuation).n_permutations > 0


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        ("FloatingPointError('invalid value')", "FloatingPointError: invalid value"),
        ("ZeroDivisionError('division by zero')", "ZeroDivisionError: division by zero"),
        ("KeyError('gains')", "KeyError: 'gains'"),
        ("AssertionError()", "AssertionError"),
        ("MemoryError()", "not enough memory"),
        ("UserWarning('odd')", "UserWarning: odd"),
        ("Exception('two\\nlines')", "Exception: two lines"),
        ("StopIteration()", "StopIteration"),
        ("EOFError('Ran out of input')", "EOFError: Ran out of input"),
    ],
)
def test_errors_of_every_class_are_one_sentence(error: str, sentence: str, folder: Path) -> None:
    code = f"import shapcpp\ndef fails(*_, **__): raise {error}\nshapcpp.read_features = fails"
    status, out, err = snippet(code, *SMALL, cwd=folder)
    assert (status, out, err) == (1, "", f"Error: {sentence}\n")
    status, out, err = snippet(code, *SMALL, cwd=folder, SHAPCPP_DEBUG="1")
    assert status == 1
    assert "Traceback" in err
    assert err.endswith(f"Error: {sentence}\n")


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("TMPDIR names another place", "f: TMPDIR names another place"),
        ("No space left on device", "f: no space left on device"),
        ("it needs 160.0 TB", "f: it needs 160.0 TB"),
        ("I/O error", "f: I/O error"),
    ],
)
def test_sentences_keep_their_capitals(reason: str, sentence: str, folder: Path) -> None:
    code = f"import shapcpp\ndef fails(*_, **__): raise OSError(28, {reason!r}, 'f')\nshapcpp.read_features = fails"
    assert snippet(code, *SMALL, cwd=folder) == (2, "", f"Error: {sentence}\n")


TOO_LONG = """
from shapcpp.running import local, runner
def do(*_):
    raise runner.TimeIsUpError
    yield
local.LocalBackend.do = do
"""


def test_no_permutation_done_is_an_error_without_a_table(folder: Path) -> None:
    before = {path.name for path in folder.iterdir()}
    command = (*SMALL, "--max-time", "3", "-o", "run.npz", "--csv", "v.csv")
    status, out, err = snippet(TOO_LONG, *command, cwd=folder)
    assert (status, out) == (1, "")
    assert err == (
        "Error: no permutation was completed within 3 s: allow more time (--max-time), or choose "
        "a faster model (--model ridge) or principal directions instead of all features "
        "(--components 32)\n"
    )
    assert {path.name for path in folder.iterdir()} == before


def test_formulas_are_escaped_in_every_table_unless_asked_for(folder: Path) -> None:
    rows = np.load(folder / "features.npy")
    rows["id"] = [f"{'=+-@'[i % 4]}cmd({i})" for i in range(len(rows))]
    np.save(folder / "features.npy", rows)
    shapcpp_cli(*SMALL, "-o", "run.npz", "--csv", "values.csv", cwd=folder)
    shapcpp_cli("detect", "run.npz", "--csv", "queue.csv", cwd=folder)
    shapcpp_cli("detect", "run.npz", "--csv", "raw.csv", "--raw-csv", cwd=folder)
    values = (folder / "values.csv").read_text().splitlines()
    assert values[1].startswith("'=cmd(0),")
    assert re.search(r",-\d", values[1])  # numbers are numbers
    queue, raw = ((folder / name).read_text() for name in ("queue.csv", "raw.csv"))
    assert queue.count(",'") == raw.count("cmd(") == queue.count("cmd(") > 0
    assert ",'" not in raw
    # What comes back by our own reader is what went out, also from a queue that a reviewer filled in.
    lines = [f"{line},relabel" for line in queue.splitlines()]
    lines[0] = lines[0].replace(",relabel", ",decision")
    unique = [*{line.split(",")[3]: line for line in lines}.values()]  # one for each id
    (folder / "decisions.csv").write_text("\n".join(unique) + "\n")
    done = shapcpp_cli("relabel", "features.npy", "decisions.csv", "-o", "fixed.npy", cwd=folder)
    assert f"relabel {len(unique) - 1}" in done.stdout


def test_uncertified_signs_are_a_failed_run_that_keeps_what_is_done(folder: Path) -> None:
    rng = np.random.default_rng(0)
    y = np.arange(40) % 2
    u = rng.normal(size=40)
    X = np.column_stack([u, u + 1e-6 * (2 * y - 1 + 0.1 * rng.normal(size=40))]) * 1e-153
    X_test = np.array([[1, 0.9], [0.9, 1], [-1, -0.9], [-0.9, -1]]) * 1e150
    np.savez(folder / "open.npz", X_train=X, y_train=y, X_test=X_test, y_test=[0, 1, 0, 1])
    done = shapcpp_cli(
        "value", "open.npz", "--C", "1.7e308", "--class-weight", "0=1e9,1=1e9",
        "--sampler", "permutations", "--perms", "1000", "-o", "run.npz", cwd=folder, status=1,
    )  # fmt: skip
    assert done.stdout == ""
    assert "of all margins are below what double precision can tell" in done.stderr
    assert not shapcpp.load(folder / "run.npz", shapcpp.Valuation).complete


def test_only_errors_that_are_shown_are_spoken_of(folder: Path) -> None:
    run = ("value", "features.npy", "--perms", "5", "--sampler", "permutations", "-o", "run.npz")
    for command in (run, ("detect", "run.npz", "--queue")):
        said = [
            set(
                re.findall(
                    "errors by (...) cannot", shapcpp_cli(*command, *asked, cwd=folder).stderr
                )
            )
            for asked in ((), ("--metric", "spc"), ("--metric", "rec"))
        ]
        assert said[0]
        assert said[1] <= {"spc"}
        assert said[2] <= {"rec"}
