"""README's first lines of Python run as they stand, and print what README says."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def test_the_first_lines_of_python_run_as_pasted_with_what_an_install_brings(
    tmp_path: Path,
) -> None:
    found = re.search(r"```python\n(.*?)```\n+```text\n(.*?)```", README.read_text(), re.DOTALL)
    assert found is not None, "README has no Python block with its output after it"
    code, output = found.groups()
    assert README.read_text().index("```python") == found.start()
    needs = "import sys; print(*{name.split('.')[0] for name in sys.modules}, file=sys.stderr)"
    before, after = (_run(lines, tmp_path) for lines in (needs, code + needs))
    assert after.stdout == output
    loaded = {*after.stderr.split()} - {*before.stderr.split()}
    assert loaded & packages_distributions().keys() <= {"shapcpp", "numpy", "click", "rich"}


def _run(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True
    )
