"""The build of PyTorch that `make` asks for, with a pip that only repeats what it was asked."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CPU = "--no-deps --index-url https://download.pytorch.org/whl/cpu torch"
# A Python whose -c, which asks whether the index answers, and whose pip with that index end as told.
PYTHON = """#!/bin/sh
if [ "$1" = -c ]; then exit "$ANSWERS"; fi
shift 6
echo "pip: $*"
case "$*" in *--index-url*) exit "$HAS" ;; esac
"""


@pytest.mark.parametrize(
    ("build", "gpu", "answers", "has", "asked", "said"),
    [
        ("auto", False, True, True, [CPU], "CPUs"),
        ("auto", False, False, True, ["torch"], "CPUs"),
        ("auto", False, True, False, [CPU, "torch"], "CPUs"),
        ("auto", True, True, True, ["torch"], "GPUs"),
        ("cpu", True, True, True, [CPU], "CPUs"),
        ("gpu", False, True, True, ["torch"], "GPUs"),
    ],
)
def test_the_build_for_cpus_is_taken_without_a_gpu_where_its_index_answers(
    build: str, gpu: bool, answers: bool, has: bool, asked: list[str], said: str, tmp_path: Path
) -> None:
    _program(tmp_path / "bin" / "python", PYTHON)
    _program(tmp_path / "nvidia-smi", f"#!/bin/sh\nexit {0 if gpu else 9}\n")
    if not gpu and build == "auto" and any(Path("/dev").glob("nvidia[0-9]*")):
        pytest.skip("this machine has a GPU")
    done = subprocess.run(
        [ROOT / "tools" / "install_torch.sh", tmp_path, build],
        capture_output=True, text=True, check=True,
        env={
            "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
            "ANSWERS": str(int(not answers)),
            "HAS": str(int(not has)),
        },
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert [line[5:] for line in lines if line.startswith("pip: ")] == asked
    assert lines[0].startswith(f"PyTorch: its build for {said}")
    fell_back = said == "CPUs" and asked[-1] == "torch"
    assert ("cannot be used from here" in done.stdout) == fell_back


def test_another_word_for_the_build_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [ROOT / "tools" / "install_torch.sh", tmp_path, "cuda"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (2, "TORCH is auto, cpu or gpu, not cuda\n")


def _program(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
