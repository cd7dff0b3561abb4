"""What every command shares: exit statuses, notes on stderr, outputs checked beforehand."""

from __future__ import annotations

import os
from collections.abc import Iterable

import click

from shapcpp import files

__all__ = ["EXIT_BAD_INPUT", "EXIT_FAILED", "EXIT_INTERRUPTED", "PATH", "check_outputs", "note"]

EXIT_FAILED, EXIT_BAD_INPUT, EXIT_INTERRUPTED = 1, 2, 130

PATH = click.Path(path_type=str)


def note(sentence: object) -> None:
    """One line on stderr."""
    click.echo(f"Note: {sentence}.", err=True)


def check_outputs(outputs: Iterable[str | None], inputs: list[str]) -> None:
    """Before anything long starts: every output can be written and overwrites no input."""
    taken = {os.path.realpath(path) for path in inputs}
    for path in filter(None, outputs):
        files.check_writable(path)
        place = os.path.realpath(path)
        if place in taken:
            raise ValueError(f"{path} is named twice and would be overwritten: choose another name")
        if os.path.isfile(path) or not os.path.exists(path):
            taken.add(place)
