"""Files and functions stay short enough to be read at once."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINES_OF_A_FILE = 350
LINES_OF_A_BODY = 80
PYTHON = [p for room in ("python", "bench", "tests", "examples", "tools")
          for p in (ROOT / room).rglob("*.py")]  # fmt: skip
CPP = [p for p in (ROOT / "cpp").rglob("*") if p.suffix in {".cpp", ".hpp"}]


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from the first statement to the last, without the docstring."""
    has_docstring = ast.get_docstring(function, clean=False) is not None
    body = function.body[has_docstring:]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("files", [PYTHON, CPP], ids=["Python", "C++"])
def test_no_file_is_long(files: list[Path]) -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert lengths
    long = {str(p.relative_to(ROOT)): n for p, n in lengths.items() if n > LINES_OF_A_FILE}
    assert not long


def test_no_function_body_is_long() -> None:
    long = {}
    for path in PYTHON:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines = body_lines(node)
                if lines > LINES_OF_A_BODY:
                    long[f"{path.relative_to(ROOT)}: {node.name}"] = lines
    assert not long
