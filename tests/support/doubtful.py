"""Runs of samples whose ids, patients and titles are out for trouble."""

from __future__ import annotations

from typing import Any

import numpy as np

import shapcpp
from shapcpp import Features, Valuation

NASTY = (
    "<script>document.title='taken'</script>",
    '"><img src=x onerror="document.title=\'taken\'">',
    "{{ 7 * 7 }} & 'quoted', \"twice\"",
    "</script><b>$x_1$",
    '=HYPERLINK("file:///taken")',
    "'=1+1",
)
TITLE = "</title><script>document.title='taken'</script>"
N = 80


def features(n: int = N) -> Features:
    """Noisy samples of known truth, some of whose ids and patients are out for trouble."""
    rng = np.random.default_rng(8)
    y, held = (np.arange(n) % 4 == 0).astype(int), np.arange(60) // 2 % 2
    ids = [*NASTY, *(f"slice-{i:03d}" for i in range(len(NASTY), n))]
    clean = Features.from_splits(
        rng.normal(size=(n, 3)) + y[:, None],
        y,
        rng.normal(size=(60, 3)) + held[:, None],
        held,
        ids=ids,
        groups=[f"P{i // 8} <i>" for i in range(n)],
    )
    clean.rows["split"][n::2] = "val"
    return shapcpp.add_noise(clean, 0.2)


def run(features: Features, permutations: int = 150, **options: Any) -> Valuation:
    train, test = features.sides()
    return shapcpp.value(
        train.X, train.y, test.X, test.y, permutations, ids=train.ids, groups=train.groups,
        by_group=False, true_labels=train.true_labels, **({"sampler": "permutations"} | options),
    )  # fmt: skip


def pictures(v: Valuation) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {str(i): rng.integers(0, 256, (16, 16), dtype=np.uint8) for i in v.ids}
