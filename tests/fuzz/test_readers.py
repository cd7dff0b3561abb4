"""A short run of fuzz_readers.py."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from fuzz import fuzz_readers


@pytest.fixture(autouse=True)
def _alarm_is_a_failure() -> Iterator[None]:
    def fail(*_: object) -> NoReturn:
        raise RuntimeError("a case hangs")

    before = signal.signal(signal.SIGALRM, fail)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


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
