"""The instruction sets, each in a process of its own: which are offered, refused and equal."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
KERNELS = [ROOT / "tests" / "api" / f"test_{name}.py" for name in ("kernels", "common_steps")]
LEVELS = ("avx512", "avx2", "generic")
FIRST_USE = """
import shapcpp
try:
    shapcpp.value([[0.], [1.]], [0, 1], [[0.]], [0], 1)
except ValueError as error:
    print(error)
"""


def python(*arguments: str | Path, level: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(ROOT / "tests" / "support"), *sys.path])
    done = subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | {"SHAPCPP_ISA": level, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    return done


@cache
def offered() -> list[str]:
    """The levels that this processor supports, as the refusal of another says."""
    _, _, levels = python("-c", FIRST_USE, level="?").stdout.partition("it can be one of: ")
    return levels.strip().split(", ")


@cache
def integers(level: str) -> Any:
    return json.loads(python(ROOT / "tests" / "support" / "integers.py", level=level).stdout)


def test_the_levels_of_a_processor_are_what_linux_says_of_it() -> None:
    has = set(Path("/proc/cpuinfo").read_text().replace("bmi1", "bmi").split())
    supported = ["generic"]
    for level in ("avx2", "avx512"):
        if not has.issuperset(flags(level)):
            break
        supported.insert(0, level)
    assert offered() == supported


def flags(level: str) -> list[str]:
    """The features that a level is compiled with."""
    found = re.search(rf"set\({level} (.+)\)", (ROOT / "CMakeLists.txt").read_text())
    assert found
    return found[1].replace("-m", "").split()


@pytest.mark.parametrize("level", ["", *LEVELS])
def test_info_says_the_level_and_every_level_gives_the_same_integers(level: str) -> None:
    """On every nasty problem; where the core is asked, the dense twin's integers too."""
    if level and level not in offered():
        pytest.skip(f"this processor lacks {level}")
    chosen = level or offered()[0]
    info = python("-m", "shapcpp", "info", level=level).stdout.splitlines()
    assert info.count(f"instruction set: {chosen}") == 1
    assert integers(level)["level"] == chosen
    for kind, digests in integers(level)["digests"].items():
        assert set(digests) == {integers("generic")["digests"][kind][0]}, kind


@pytest.mark.parametrize("level", LEVELS[1:])
def test_the_loops_of_every_level_are_accurate(level: str) -> None:
    """The best level's are tested where they stand."""
    if level not in offered()[1:]:
        pytest.skip(f"this processor lacks {level}, or it is the best that it has")
    python("-m", "pytest", "-q", "-p", "no:cacheprovider", *KERNELS, level=level)


def test_a_level_that_cannot_be_had_is_refused_at_the_first_use() -> None:
    reasons = dict.fromkeys(LEVELS[: -len(offered())], "not supported by this processor")
    for level, reason in (reasons | dict.fromkeys(["sse9", "AVX2", "avx2 "], "unknown")).items():
        sentence = f"SHAPCPP_ISA='{level}' is {reason}; it can be one of: {', '.join(offered())}"
        assert python("-c", FIRST_USE, level=level).stdout == f"{sentence}\n"
        info = python("-m", "shapcpp", "info", level=level, status=2)
        assert (info.stdout, info.stderr) == ("", f"Error: {sentence}\n")


# The dispatch on processors that this one is not: without the feature LACKED.
DISPATCH = """
#include <cstdlib>
#include <cstdio>
#include <exception>
#include <string_view>
#define __builtin_cpu_supports(feature) (std::string_view(feature) != std::getenv("LACKED"))
#include "{root}/cpp/kernels/dispatch.cpp"
#define LEVEL(name) \\
  namespace name {{ \\
  extern const SampleLoops sample_loops{{}}; \\
  extern const SingleLoops single_loops{{}}; \\
  extern const CommonStepLoops common_step_loops{{}}; \\
  extern const WidenedLoops widened_loops{{}}; \\
  extern const RoughLoops rough_loops{{}}; \\
  extern const ClassLoops class_loops{{}}; \\
  extern const MatrixLoops matrix_loops{{}}; \\
  extern const TriangleLoops triangle_loops{{}}; \\
  extern const BlockLoops block_loops{{}}; \\
  extern const StepLoops step_loops{{}}; \\
  extern const PathLoops path_loops{{}}; \\
  }}
namespace shapcpp::kernels {{ LEVEL(generic) LEVEL(avx2) LEVEL(avx512) }}
int main() try {{
  std::puts(shapcpp::kernels::kernels().level);
}} catch (const std::exception& error) {{
  std::puts(error.what());
}}
"""


@pytest.fixture(name="dispatch", scope="module")
def _dispatch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if platform.machine() != "x86_64":
        pytest.skip("other processors have the portable level alone")
    folder = tmp_path_factory.mktemp("dispatch")
    (folder / "main.cpp").write_text(DISPATCH.format(root=ROOT))
    subprocess.run(
        [os.environ.get("CXX", "c++"), "-std=c++20", "-w", "-DSHAPCPP_X86_LEVELS", f"-I{ROOT}/cpp", "main.cpp"],
        cwd=folder, check=True,
    )  # fmt: skip
    return folder / "a.out"


@pytest.mark.parametrize(
    ("lacked", "levels"),
    [
        ("", LEVELS),
        *((feature, LEVELS[1:]) for feature in flags("avx512")),
        *((feature, LEVELS[2:]) for feature in flags("avx2")),
    ],
)
def test_a_level_needs_every_feature_it_is_compiled_with(
    lacked: str, levels: tuple[str, ...], dispatch: Path
) -> None:
    for wanted in ("", *LEVELS):
        done = subprocess.run(
            [dispatch],
            env={"LACKED": lacked, "SHAPCPP_ISA": wanted, "LD_PRELOAD": ""},
            capture_output=True,
            text=True,
            check=True,
        )
        if wanted and wanted not in levels:
            assert done.stdout == (
                f"SHAPCPP_ISA='{wanted}' is not supported by this processor; "
                f"it can be one of: {', '.join(levels)}\n"
            )
        else:
            assert done.stdout == (wanted or levels[0]) + "\n"
