"""The libraries of the extra ``ct``, imported where they are needed and not before."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

__all__ = ["library", "quiet"]

CHATTY = ("pydicom", "nibabel", "PIL")


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


@contextmanager
def quiet() -> Iterator[None]:
    """Without what the readers' libraries say of oddities in headers, none of which matters."""
    loggers = [logging.getLogger(name) for name in CHATTY]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="|".join(CHATTY))
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
