"""An encoder of three numbers per channel, for `--encoder tiny_encoder:encode`, and broken ones."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pictures = NDArray[np.float32]
ANSWER = 42


def encode(pictures: Pictures) -> NDArray[np.float32]:
    """Mean, deviation and largest value of each channel: shape (n, 9)."""
    flat = pictures.reshape(*pictures.shape[:2], -1)
    return np.concatenate([flat.mean(2), flat.std(2), flat.max(2)], axis=1)


def counted(pictures: Pictures) -> NDArray[np.float32]:
    """As `encode`; leaves a line in the file ``calls`` each time, and obeys the file ``stop``.

    ``stop`` holds a number of calls and a signal that ends the process in the call after them.
    """
    calls, stop = Path("calls"), Path("stop")
    done = len(calls.read_text().splitlines()) if calls.exists() else 0
    if stop.exists():
        after, number = map(int, stop.read_text().split())
        if done == after:
            stop.unlink()
            os.kill(os.getpid(), signal.Signals(number))
    with calls.open("a") as file:
        file.write(f"{len(pictures)}\n")
    return encode(pictures)


def too_few(pictures: Pictures) -> NDArray[np.float32]:
    return encode(pictures)[1:]


def flat(pictures: Pictures) -> NDArray[np.float32]:
    return encode(pictures)[:, 0]


def with_a_gap(pictures: Pictures) -> NDArray[np.float32]:
    made = encode(pictures)
    made[-1, 4] = np.nan
    return made


def wider_and_wider(pictures: Pictures) -> NDArray[np.float32]:
    return np.zeros((len(pictures), len(pictures)), np.float32)


def words(pictures: Pictures) -> Any:
    return [["a"]] * len(pictures)


def failing(pictures: Pictures) -> Any:
    raise KeyError("layer4")
