"""Checks the files in the source distribution and the wheel of a folder, and tries the wheel."""

import re
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

LEFTOVER = re.compile(
    r"(^|/)(build|dist|\.venv|__pycache__|\.git|_skbuild|CMakeFiles)/|\.(o|a|pyc|so\.\d+)$"
)
WHEEL = re.compile(
    r"shapcpp/([a-z_]+/){0,2}(__init__|__main__|[a-z_][a-z_0-9]*)\.(py|pyi)$|shapcpp/py\.typed$"
    r"|shapcpp/report/templates/[a-z.]+\.(j2|css|js)$"
    r"|shapcpp/_core\.[\w.-]+\.so$|shapcpp-[\d.]+\.dist-info/.+$"
)
NEEDED_IN_SDIST = (
    "CMakeLists.txt",
    "LICENSE",
    "README.md",
    "pyproject.toml",
    "cpp/core/data/problem.cpp",
)


def main(folder: Path) -> None:
    (sdist,) = folder.glob("*.tar.gz")
    (wheel,) = folder.glob("*.whl")
    with tarfile.open(sdist) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    leftovers = [name for name in names if LEFTOVER.search(name)]
    missing = [name for name in NEEDED_IN_SDIST if name not in names]
    with zipfile.ZipFile(wheel) as package:
        strangers = [name for name in package.namelist() if not WHEEL.match(name)]
    if leftovers or missing or strangers:
        sys.exit(f"sdist: leftovers {leftovers}, missing {missing}; wheel: strangers {strangers}")
    with tempfile.TemporaryDirectory() as fresh:
        venv.create(fresh, with_pip=True)
        subprocess.run(
            [f"{fresh}/bin/python", "-m", "pip", "install", "-q", str(wheel)], check=True
        )
        subprocess.run([f"{fresh}/bin/shapcpp", "info"], check=True, cwd=fresh)
    print(f"{sdist.name}: {len(names)} files; {wheel.name}: installs and runs")


main(Path(sys.argv[1]))
