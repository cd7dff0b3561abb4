"""The command that installs an extra from a checkout: no such package is published."""

from __future__ import annotations

__all__ = ["installs"]


def installs(extra: str) -> str:
    """The command that installs an extra of pyproject.toml."""
    return f"pip install '.[{extra}]' in a checkout of shapcpp"
