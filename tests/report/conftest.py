from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shapcpp
from shapcpp import Features, Valuation
from shapcpp.report import report

NASTY = (
    "<script>document.title='taken'</script>",
    '"><img src=x onerror="document.title=\'taken\'">',
    "{{ 7 * 7 }} & 'quoted', \"twice\"",
    "</script><b>$x_1$",
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
        by_group=False, true_labels=train.true_labels, **options,
    )  # fmt: skip


def pictures(v: Valuation) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {str(i): rng.integers(0, 256, (16, 16), dtype=np.uint8) for i in v.ids}


@pytest.fixture(name="noisy", scope="session")
def _noisy() -> Features:
    return features()


@pytest.fixture(name="v", scope="session")
def _v(noisy: Features) -> Valuation:
    return run(noisy, trace=20)


@pytest.fixture(name="write", scope="session")
def _write(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    folder = tmp_path_factory.mktemp("report")

    def write(
        run: Any, features: Any = None, scans: Any = None, *, name: str, **options: Any
    ) -> Path:
        report(run, features, scans, folder / name, **options)
        return folder / name

    return write


@pytest.fixture(name="page", scope="session")
def _page(v: Valuation, noisy: Features, write: Callable[..., Path]) -> Path:
    """Everything that a page can show."""
    carry = run(noisy, single_class="carry")
    return write(v, noisy, pictures(v), name="all.html", carry=carry, title=TITLE, fraction=0.3)
