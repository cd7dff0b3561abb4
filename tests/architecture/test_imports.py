"""Arrows go one way, and heavy libraries stay behind the door of the room that needs them."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from importlib.metadata import requires
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "python" / "shapcpp"

# The rooms of the package, from the ground up: folders, and files of its own that stand between
# them. Each may import those in earlier lines only, and a module of a folder its neighbours.
LAYERS = [
    {"_core", "conversion"},
    {"checks", "errors", "extras", "metrics", "machine"},
    {"groups", "labels"},
    {"storage", "permutations", "progress"},
    {"doubts"},
    {"results"},
    {"loading"},
    {"problem"},
    {"running", "neighbours"},
    {"plan"},
    {"valuation"},
    {"estimation"},
    {"detection"},
    {"__init__"},
    {"ct"},
    {"report"},
    {"experiment"},
    {"cli"},
    {"__main__"},
]
RANK = {name: i for i, layer in enumerate(LAYERS) for name in layer}
FOLDERS = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
# Outside libraries beside numpy, and who may import them (* : inside functions only).
ALLOWED = {
    "cli": {"click", "rich", "torch*"},
    "running": {"distributed*"},
    "progress": {"rich*"},
    "problem": {"sklearn*"},
    "results": {"pandas*"},
    "doubts": {"pandas*", "sklearn*"},
    "ct": {"torch", "nibabel*"},  # and by ct/libraries.py, which names the extra
    "report": {"matplotlib*", "jinja2*"},
}


def modules() -> list[tuple[str, Path]]:
    """Every file of the package and its room: the file's own name, or the folder's."""
    parts = [(path.relative_to(PACKAGE).parts, path) for path in PACKAGE.rglob("*.py")]
    return [(names[0].removesuffix(".py"), path) for names, path in parts]


def imported(path: Path) -> set[str]:
    """Modules that a file imports; those inside functions or TYPE_CHECKING end in a star."""
    tree = ast.parse(path.read_text())
    top = {id(node) for node in tree.body} | {
        id(inner) for node in tree.body if isinstance(node, ast.Try) for inner in node.body
    }
    names = set()
    for node in ast.walk(tree):
        found: list[str] = []
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            found = [f"{node.module}.{alias.name}" for alias in node.names]
        names |= {name + ("" if id(node) in top else "*") for name in found}
    return names


def test_rooms_import_only_lower_ones() -> None:
    assert {room for room, _ in modules()} == set(RANK) - {"_core"}
    for room, path in modules():
        for name in imported(path):
            parts = name.rstrip("*").split(".")
            if parts[0] == "shapcpp":
                target = parts[1] if len(parts) > 1 and parts[1] in RANK else "__init__"
                is_neighbour = target == room and room in FOLDERS
                assert is_neighbour or RANK[target] < RANK[room], f"{path} imports {name}"


@pytest.mark.parametrize("folder", sorted(FOLDERS))
def test_neighbours_do_not_import_each_other_in_a_circle(folder: str) -> None:
    files = {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
        for path in (PACKAGE / folder).rglob("*.py")
    }
    uses = {
        stem: {other for name in imported(path) for other in files
               if not name.endswith("*") and f"{name}.".startswith(f"shapcpp.{other}.")}
        for stem, path in files.items()
    }  # fmt: skip
    assert list(TopologicalSorter(uses).static_order())


def test_outside_libraries_stay_in_their_rooms() -> None:
    for room, path in modules():
        for name in imported(path):
            library = name.split(".")[0].rstrip("*")
            if library in {"shapcpp", "numpy", *sys.stdlib_module_names}:
                continue
            mark = library + ("*" if name.endswith("*") else "")
            assert mark in ALLOWED.get(room, set()), f"{path} imports {name}"


def test_import_loads_nothing_heavy() -> None:
    code = "import sys, shapcpp; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"torch", "nibabel", "pydicom", "matplotlib", "pandas", "dask", "distributed", "mpi4py", "sklearn",
             "scipy", "click", "rich", "jinja2", "PIL", "monai"}  # fmt: skip
    assert not heavy & set(done.stdout.split())


def test_runtime_needs_are_three() -> None:
    needs = {re.split(r"[<>=; ]", r)[0] for r in requires("shapcpp") or [] if "extra ==" not in r}
    assert needs == {"numpy", "click", "rich"}


def includes(room: str) -> dict[str, set[str]]:
    files = [*(ROOT / "cpp" / room).rglob("*.?pp")]
    assert files
    return {f.name: set(re.findall(r'#include [<"]([^>"]+)[>"]', f.read_text())) for f in files}


@pytest.mark.parametrize(
    ("room", "may_use"),
    [
        ("kernels", set()),
        ("core", {"kernels"}),
        ("parallel", {"core"}),
        ("bindings", {"core", "parallel"}),
        ("tests", {"core", "parallel", "kernels"}),
    ],
)
def test_rooms_of_the_core_include_only_those_below(room: str, may_use: set[str]) -> None:
    for file, names in includes(room).items():
        for name in names:
            target = name.split("/")[0]
            if (ROOT / "cpp" / target).is_dir():
                assert target in may_use | {room}, f"{room}/{file} includes {name}"


# The rooms of cpp/core, from the ground up: each includes itself and those before it.
CORE = ["run", "numerics", "data", "learners", "judges", "game", "recorders", "samplers",
        "leave_one_out"]  # fmt: skip


@pytest.mark.parametrize("room", CORE)
def test_rooms_within_the_core_include_only_those_before(room: str) -> None:
    assert {path.name for path in (ROOT / "cpp" / "core").iterdir()} == set(CORE)
    for file, names in includes(f"core/{room}").items():
        for name in names:
            if name.startswith("core/"):
                target = name.split("/")[1]
                assert target in CORE[: CORE.index(room) + 1], f"{room}/{file} includes {name}"


@pytest.mark.parametrize(
    ("header", "room"),
    [
        ("pybind11/", "bindings"),
        ("Eigen/", "core"),
        ("pthread.h", "parallel"),
    ],
)
def test_each_library_has_one_room(header: str, room: str) -> None:
    reporters = {"build.cpp"}  # says which Eigen it was built with
    for other in {"kernels", "core", "parallel", "bindings"} - {room}:
        for file, names in includes(other).items():
            if file not in reporters:
                assert not any(name.startswith(header) for name in names), f"{other}/{file}"
    assert any(name.startswith(header) for names in includes(room).values() for name in names)


def test_one_header_is_the_door_to_pybind11() -> None:
    for file, names in includes("bindings").items():
        assert file == "python.hpp" or not any(name.startswith("pybind11") for name in names)


def test_what_is_compiled_per_level_uses_nothing_that_other_files_use_too() -> None:
    for file, names in includes("kernels").items():
        if file != "dispatch.cpp":
            assert names <= {
                "cstddef",
                "immintrin.h",  # all of it is inlined
                "kernels/class_passes.hpp",
                "kernels/exponential.hpp",
                "kernels/kernels.hpp",
                "kernels/lane_sums.hpp",
                "kernels/registers.hpp",
                "kernels/remainder.hpp",
                "kernels/row_set.hpp",
                "kernels/products.hpp",
                "kernels/sample_kernels.hpp",
                "kernels/symmetric.hpp",
            }, file


def test_flags_that_must_not_be_installed_are_absent() -> None:
    build = (ROOT / "CMakeLists.txt").read_text()
    assert "-march=native" not in build
    assert "fast-math" not in build


def test_no_function_takes_registers_by_reference() -> None:
    """Clang takes a reference for aligned to the whole register, which registers here are not."""
    taken = re.compile(r"\b(Vec|Single|Bits|SingleBits|HalfSingle|Register)\s*(\(&|&)")
    for path in (ROOT / "cpp" / "kernels").glob("*.?pp"):
        assert not taken.search(path.read_text()), path
