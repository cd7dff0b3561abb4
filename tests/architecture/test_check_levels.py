"""The scan of `make leaks` on small libraries: it passes a clean one and sees what is planted."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

SCAN = Path(__file__).parents[2] / "tools" / "check_levels.py"
FLAGS = {
    "other": "",
    "generic": "-DLANES=2",
    "avx2": "-DLANES=4 -mavx2 -mfma -mbmi2",
    "avx512": "-DLANES=8 -mavx2 -mfma -mbmi2 -mavx512f",
}
LEVEL = """
using Vec = double __attribute__((vector_size(8 * LANES), aligned(8)));
namespace shapcpp::kernels::LEVEL {
namespace {
__attribute__((noinline)) void add(Vec* a, const Vec* b, long n) {
  for (long i = 0; i < n; ++i) a[i] += b[i];
}
}
using Kernel = void (*)(Vec*, const Vec*);
extern const Kernel table[];
const Kernel table[] = {[](Vec* a, const Vec* b) { add(a, b, 9); __builtin_memset(a, 0, 4096); }};
"""

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="other processors have the portable level alone"
)


def scan(
    folder: Path,
    before: str = "",
    inside: str = "",
    outside: str = "",
    link: str = "",
    **flags: str,
) -> subprocess.CompletedProcess[str]:
    """Scans a library of three levels and a file of other code, with what is planted in them."""
    (folder / "level.cpp").write_text(f"{before}\n{LEVEL}\n{inside}\n}}")
    (folder / "other.cpp").write_text(f"int other() {{ return 1; }}\n{outside}")
    compiler = [os.environ.get("CXX", "c++"), "-std=c++20", "-O2", "-fPIC", "-Wno-psabi"]
    for name, options in (FLAGS | flags).items():
        source = "other.cpp" if name == "other" else "level.cpp"
        subprocess.run(
            [*compiler, *options.split(), f"-DLEVEL={name}", "-c", source, "-o", f"{name}.o"],
            cwd=folder, check=True,
        )  # fmt: skip
    objects = [f"{name}.o" for name in FLAGS]
    subprocess.run(
        [*compiler, "-shared", *link.split(), *objects, "-o", "library.so"], cwd=folder, check=True
    )
    return subprocess.run(
        [sys.executable, SCAN, "library.so"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_clean_library_passes(tmp_path: Path) -> None:
    done = scan(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "avx512: 1 functions compute in zmm registers" in done.stdout


TWICE = "template <class T> __attribute__((noinline)) T twice(T x) { return x + x; }"
USE_TWICE = "double use_twice(double x) { return twice(x); }"
FAULTS: dict[str, tuple[dict[str, str], str]] = {
    "a template that is kept once for all, wide": (
        {"before": TWICE, "inside": f"#if LANES == 4\n{USE_TWICE}\n#endif"}, "beyond x86-64"
    ),
    "a template that is kept once for all, slow": (
        {"before": TWICE, "inside": USE_TWICE}, "leads to _Z5twiceIdET_S0_, which is not of its"
    ),
    "an initialiser that runs when the library is loaded": (
        {"inside": "volatile double one = 1;\ndouble two = one + one;"}, "_GLOBAL__sub_I"
    ),
    "a flag of the wrong file": (
        {"outside": "double add(double a, double b) { return a + b; }", "other": "-mavx"}, "vaddsd"
    ),
    "no wide register, yet VEX": (
        {"outside": "long f(long a, int n) { return a << n; }", "other": "-mbmi2"}, "shlx"
    ),
    "a mask register at the level of AVX2": (
        {"inside": '#if LANES == 4\nvoid f() { asm("kmovw %k1, %eax"); }\n#endif'},
        "beyond avx2",
    ),
    "SSE3": ({"outside": 'void f() { asm("haddpd %xmm0, %xmm1"); }'}, "haddpd"),
    "popcnt": ({"outside": "int f(int a) { return __builtin_popcount(a); }", "other": "-mpopcnt"}, "popcnt"),
    "lzcnt": ({"outside": "int f(int a) { return __builtin_clz(a); }", "other": "-mlzcnt"}, "lzcnt"),
    "SSE4": ({"outside": "double f(double a) { return __builtin_floor(a); }", "other": "-msse4.1"}, "roundsd"),
    "AVX-512 at the level of AVX2": ({"avx2": "-DLANES=8 -mavx512f"}, "an instruction beyond avx2"),
    "AVX2 without its flags": ({"avx2": "-DLANES=4"}, "computes in xmm registers alone"),
    "AVX-512 by halves": ({"avx512": "-DLANES=4 -mavx2"}, "computes in ymm registers alone"),
    "nothing to see": ({"link": "-s"}, "is the library stripped?"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_seen(fault: str, tmp_path: Path) -> None:
    planted, complaint = FAULTS[fault]
    done = scan(tmp_path, **planted)
    assert done.returncode == 1, done.stdout
    assert complaint in done.stderr
