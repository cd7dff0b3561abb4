"""A short run of fuzz_readers.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuzz import fuzz_readers


@pytest.mark.parametrize("name", fuzz_readers.READERS)
def test_a_sentence_or_a_correct_read(name: str, tmp_path: Path) -> None:
    outcomes = fuzz_readers.run(name, 100, 1, tmp_path)
    assert outcomes["FAILED"] == 0, outcomes
    assert outcomes["read"] > 10
    assert outcomes["sentence"] > 10


@pytest.mark.parametrize("name", fuzz_readers.READERS)
def test_the_command_line_says_it_too(name: str, tmp_path: Path) -> None:
    outcomes = fuzz_readers.run(name, 4, 1, tmp_path, command=True)
    assert outcomes["FAILED"] == 0, outcomes
