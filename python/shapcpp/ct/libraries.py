"""The libraries of the extra ``ct``, imported only when they are needed."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from shapcpp.extras import installs

__all__ = ["library", "quiet"]

CHATTY_MODULES, CHATTY_LOGGERS = "pydicom|nibabel|PIL", ("pydicom", "nibabel.global")


def library(name: str, purpose: str, extra: str = "ct") -> Any:
    """Imports a module of an extra; raises ImportError if it cannot be imported."""
    try:
        return import_module(name)
    except ImportError as error:
        package = name.split(".")[0]
        raise ImportError(
            f"{purpose} needs {package}, which cannot be imported ({error}): {installs(extra)}"
        ) from None


@contextmanager
def quiet() -> Iterator[None]:
    """Silences the libraries of the readers: their warnings about odd headers do not matter."""
    loggers = [logging.getLogger(name) for name in CHATTY_LOGGERS]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=CHATTY_MODULES)
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
