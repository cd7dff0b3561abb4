"""Wrong labels that a run as typed finds where a class is rare: python bench/wrong_labels.py.

Prints, for the default run and for 2,000 plain permutations: permutations, seconds, reliability by
accuracy, and the share of the wrong labels among the lowest 1.5% by accuracy.
"""

from __future__ import annotations

import time
from typing import Any

import shapcpp
from data import RARE_LARGE, make_noisy

LOWEST = 0.015


def main() -> None:
    d = make_noisy(RARE_LARGE)
    wrong = d.y != d.true_labels
    runs: dict[str, dict[str, Any]] = {
        "default, acc": {"until": "acc reliability >= 0.95"},
        "plain": {"permutations": 2000, "sampler": "permutations"},
    }
    for name, options in runs.items():
        start = time.perf_counter()
        v = shapcpp.value(d.X, d.y, d.X_test, d.y_test, **options)
        found = wrong[v.lowest("acc", LOWEST)].sum()
        print(
            f"{name}: {v.n_permutations} permutations, {time.perf_counter() - start:.0f} s, "
            f"reliability {v.reliability('acc'):.2f}, {found} of {wrong.sum()} wrong labels found",
            flush=True,
        )


if __name__ == "__main__":
    main()
