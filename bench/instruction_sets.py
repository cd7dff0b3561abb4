"""The speed of the engine on one core with each instruction set, in a process each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from statistics import median

from contenders import DenseTwin, Shapcpp
from data import Shape
from measure import Effort, steady

LEVELS = ("generic", "avx2", "avx512")
SHAPE = Shape(4_000, 4_000, 16)


def compare(effort: Effort) -> dict[str, dict[str, float]]:
    """Microseconds per joined point of both paths, for each level that this processor has."""
    rounds: dict[str, dict[str, list[float]]] = {}
    for _ in range(effort.rounds):
        for level in LEVELS:
            done = subprocess.run(
                [sys.executable, __file__, str(effort.budget)],
                env=os.environ | {"SHAPCPP_ISA": level},
                stdout=subprocess.PIPE,
                text=True,
            )
            if done.returncode == 0:
                for key, micros in json.loads(done.stdout).items():
                    rounds.setdefault(level, {}).setdefault(key, []).append(micros)
    return {level: {key: median(v) for key, v in keys.items()} for level, keys in rounds.items()}


if __name__ == "__main__":
    print(
        json.dumps(
            {
                contender.key: 1e6 * steady(contender, SHAPE, 1, float(sys.argv[1]))
                for contender in (DenseTwin(), Shapcpp())
            }
        )
    )
