"""The libraries of the extra ``ct``, imported where they are needed and not before."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["library"]


def library(name: str, purpose: str) -> Any:
    """A module of the extra; ImportError in one sentence where it is not installed."""
    try:
        return import_module(name)
    except ImportError as error:
        package = name.split(".")[0]
        raise ImportError(
            f"{purpose} needs {package}, which cannot be imported ({error}): "
            "pip install 'shapcpp[ct]'"
        ) from None
