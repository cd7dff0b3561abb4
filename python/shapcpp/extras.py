"""Extras are installed from a checkout: no package of this name is published."""

from __future__ import annotations

__all__ = ["installs"]


def installs(extra: str) -> str:
    """The command that installs an extra of pyproject.toml."""
    return f"pip install '.[{extra}]' in a checkout of shapcpp"
