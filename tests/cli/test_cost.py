"""The cost of a run, done or to be done, and the refusal: --stats, --estimate."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import shapcpp
from command import fails, shapcpp_cli, sides, snapshot


def test_stats_follow_the_values(folder: Path) -> None:
    plain = shapcpp_cli("value", "features.npy", "--perms", 50, cwd=folder).stdout
    done = shapcpp_cli("value", "features.npy", "--perms", 50, "--stats", cwd=folder)
    assert done.stdout.startswith(plain)
    shown = done.stdout[len(plain) :]
    train, test = sides(folder)
    v = shapcpp.value(train.X, train.y, test.X, test.y, 50)
    assert "What the engine did while 9000 samples joined (50 halved permutations of 60)" in shown
    assert len(re.findall(r"^│", shown, flags=re.MULTILINE)) == len(v.stats)
    for words, name in {"scored by an optimum": "coalitions"}.items():
        number = v.stats[name]
        assert re.search(rf"{words}.*│ +{number} │ +{number / 9000:.3g} │", shown)
    share = v.stats["without_pass"] / v.stats["coalitions"]
    assert f"{share:.1%} of coalitions were certified without a pass" in shown
    grouped = shapcpp_cli(
        "value", "features.npy", "--perms", 5, "--by-group", "--stats", cwd=folder
    )
    assert "groups joined (5 halved permutations of 20)" in grouped.stdout


def test_estimate_tells_and_does_nothing(folder: Path) -> None:
    before = snapshot(folder)
    done = shapcpp_cli("value", "features.npy", "--perms", 10**9, "--threads", 2, "-o", "run.npz",
                       "--estimate", cwd=folder)  # fmt: skip
    time_, memory = done.stdout.splitlines()
    assert re.fullmatch(
        r"time: about [\d.]+ (min|h|days) for 1,000,000,000 permutations on 2 threads, measured "
        r"with all 60 joining", time_,
    )  # fmt: skip
    assert re.fullmatch(r"memory: about \d+ kB beyond the features", memory)
    assert done.stderr == ""
    assert snapshot(folder) == before
    assert "C must be positive" in fails(
        "value", "features.npy", "--estimate", "--C", 0, cwd=folder
    )


@pytest.mark.skipif(
    bool(shapcpp._core.build()["sanitized"]), reason="sanitizers need address space"
)
@pytest.mark.parametrize("flags", [(), ("--estimate",)])
def test_a_run_that_cannot_fit_is_refused_in_a_sentence(
    flags: tuple[str, ...], folder: Path
) -> None:
    rows = np.load(folder / "features.npy")
    np.save(folder / "many.npy", np.repeat(rows, 2000))
    code = (
        "import sys, resource; from shapcpp.cli.main import main; "
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize(); "
        "resource.setrlimit(resource.RLIMIT_AS, (used + 10**9,) * 2); main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "value", "many.npy", "--threads", "1000", *flags],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert re.fullmatch(
        r"Error: the run needs about [\d.]+ GB of memory on 1000 threads, and \d+ MB are available; "
        r"it fits with threads=\d+\n",
        done.stderr,
    )
