"""Ctrl-C before the command line is ready to answer it."""

from __future__ import annotations

import os
import signal
import sys

__all__ = ["end_quietly_while_loading"]

COMMAND = "shapcpp"
INTERRUPTED = 130  # exit status of a process that Ctrl-C ended


def end_quietly_while_loading() -> None:
    """Ends the process of the command at Ctrl-C, without the traceback of an import.

    Loading numpy and the engine takes a good part of a second; `cli.main` then takes over. Other
    processes that import the package keep their answer to Ctrl-C. This module is loaded first, and
    so imports next to nothing.
    """
    if _is_command() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def _is_command() -> bool:
    script, words = str(getattr(sys, "argv", [""])[0]), sys.orig_argv
    if script == "-m":  # a package is being loaded, to be run
        return "-m" in words and words[words.index("-m") + 1 :][:1] == [COMMAND]
    return os.path.splitext(os.path.basename(script))[0] == COMMAND


def _end(*_: object) -> None:
    os._exit(INTERRUPTED)
