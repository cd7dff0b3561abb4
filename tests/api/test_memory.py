"""Memory: what a run is said to need, what there is, and the refusal in between."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shapcpp
from shapcpp import _core
from shapcpp.machine import memory
from shapcpp.problem.problem import Problem
from shapcpp.problem.sampling import Sampler, Sampling

SHAPE: dict[str, Any] = {
    "n_samples": 1000,
    "n_test": 500,
    "n_features": 4,
    "n_players": 1000,
    "n_classes": 2,
}

BEFORE = """
import re, sys
import numpy as np, shapcpp

def memory(name):
    with open("/proc/self/status") as file:
        return int(re.search(name + r":\\s+(\\d+)", file.read())[1]) * 1024

n, m, d, threads, K = map(int, [*sys.argv[1:], 2][:5])
rng = np.random.default_rng(0)
X, X_test = (rng.standard_normal((size, d)) for size in (n, m))
y, y_test = (np.arange(size) % K for size in (n, m))
shapcpp.value(X[:40], y[:40], X_test[:40], y_test[:40], 2, threads=threads, sampler="permutations")
before = memory("VmRSS")
"""

GROWTH = """
calls = []

def stop(done, total):
    calls.append(done)
    if len(calls) == 8:  # by then, every thread has its walk
        raise KeyboardInterrupt

try:
    shapcpp.value(X, y, X_test, y_test, 100, threads=threads, progress=stop, sampler="permutations",
                  votes=False)
except shapcpp.Interrupted:
    print(memory("VmHWM") - before)
"""

GROWTH_OF_WHOLE_ORDERS = """
shapcpp.value(X, y, X_test, y_test, 2, threads=threads, sampler="permutations", votes=VOTES)
print(memory("VmHWM") - before)
"""


@pytest.mark.skipif(bool(_core.build()["sanitized"]), reason="sanitizers take memory of their own")
@pytest.mark.parametrize(
    ("n", "m", "d", "threads"),
    [
        (200_000, 100_000, 16, 1),
        (200_000, 100_000, 16, 3),
        (300_000, 5_000, 2, 2),
    ],
)
def test_a_run_takes_the_memory_it_is_said_to_take(n: int, m: int, d: int, threads: int) -> None:
    sizes = map(str, (n, m, d, threads))
    done = subprocess.run(
        [sys.executable, "-c", BEFORE + GROWTH, *sizes], capture_output=True, text=True, check=True
    )
    needed = _core.footprint(
        n_samples=n, n_test=m, n_features=d, n_players=n, n_classes=2, threads=threads
    )
    assert 0.8 < int(done.stdout) / needed < 1.15, (done.stdout, needed)


@pytest.mark.skipif(bool(_core.build()["sanitized"]), reason="sanitizers take memory of their own")
@pytest.mark.parametrize(
    ("n", "m", "d", "K", "least"),
    [(650, 8_000, 400, 2, 0.8), (450, 8_000, 280, 5, 0.6)],  # of five, not all need every fit
    ids=["two", "five"],
)
def test_a_run_of_wide_features_takes_the_memory_of_its_largest_coalitions(
    n: int, m: int, d: int, K: int, least: float
) -> None:
    code = BEFORE + GROWTH_OF_WHOLE_ORDERS.replace("VOTES", "False")
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, (n, m, d, 2, K))],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    needed = _core.footprint(
        n_samples=n, n_test=m, n_features=d, n_players=n, n_classes=K, threads=2,
        model="logistic" if K == 2 else "ovr",
    )  # fmt: skip
    assert least < int(done.stdout) / needed < 1.15, (done.stdout, needed)


@pytest.mark.skipif(bool(_core.build()["sanitized"]), reason="sanitizers take memory of their own")
def test_votes_take_the_memory_they_are_said_to_take() -> None:
    n, m, d = 60_000, 50, 2
    code = BEFORE + GROWTH_OF_WHOLE_ORDERS.replace("VOTES", "True")
    done = subprocess.run(
        [sys.executable, "-c", code, str(n), str(m), str(d), "1"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    shape: dict[str, Any] = {
        "n_samples": n,
        "n_test": m,
        "n_features": d,
        "n_players": n,
        "n_classes": 2,
    }
    needed = _core.footprint(**shape, threads=1, **votes(n))
    assert needed > 2 * _core.footprint(**shape, threads=1)
    assert 0.8 < int(done.stdout) / needed < 1.15, (done.stdout, needed)


def votes(n: int, sampler: Sampler = "permutations") -> dict[str, Any]:
    return Sampling.of(sampler=sampler).vote_room(n, n, 2)


def test_the_footprint_grows_by_a_walk_for_each_thread() -> None:
    one, two, nine = (_core.footprint(**SHAPE, threads=t) for t in (1, 2, 9))
    assert nine - one == 8 * (two - one)
    # A thread holds members and their classes, signs, weights, margins, shifts, the order and what
    # its players changed; in single precision members and three numbers of each, near sets and two numbers of each.
    least = 8 * 1000 * (5 + 3 + 2 + 3) + 4 * (1000 * (5 + 3) + 500 * (5 + 2))
    assert least <= two - one < 1.1 * least


@pytest.mark.parametrize("name", SHAPE)
def test_sizes_beyond_any_memory_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is larger than any memory"):
        _core.footprint(**SHAPE | {name: 2**63}, threads=1024)


def small_run(**options: Any) -> shapcpp.Valuation:
    rng = np.random.default_rng(0)
    y = np.arange(200) % 2
    X = rng.normal(size=(200, 3)) + y[:, None]
    return shapcpp.value(X, y, X, y, 20, **options)


@pytest.mark.parametrize(
    ("threads", "share", "advice"),
    [
        (8, 0.5, r"on 8 threads, and \d+ kB are available; it fits with threads=[1-7]$"),
        (8, 0.01, r"even one thread does not fit: take fewer samples or features, or more memory$"),
        (1, 0.5, r"on 1 thread, and \d+ kB are available; even one thread does not fit: "),
    ],
)
def test_a_run_that_cannot_fit_is_refused_before_it_starts(
    threads: int, share: float, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = _core.footprint(
        n_samples=200, n_test=200, n_features=3, n_players=200, n_classes=2, threads=threads,
        **votes(200, "halving"),
    )  # fmt: skip
    monkeypatch.setattr(memory, "available_memory", lambda: int(share * needed))
    monkeypatch.setattr(_core, "Problem", None)
    with pytest.raises(MemoryError, match=r"the run needs about \d+ kB of memory .*" + advice):
        small_run(threads=threads)


def test_fewer_features_are_no_way_out_of_a_kernel_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 1000)
    with pytest.raises(MemoryError, match="take fewer samples, or more memory$"):
        small_run(kernel="rbf", doubt=False)
    with pytest.raises(MemoryError, match="take fewer samples or features, or more memory$"):
        small_run(kernel="linear", doubt=False)


def test_the_threads_advised_do_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 1000)
    with pytest.raises(MemoryError, match="it fits with threads=4$"):
        memory.check_fits(lambda threads: 100 + 200 * threads, 9)
    memory.check_fits(lambda threads: 100 + 200 * threads, 4)


def test_nothing_is_refused_where_nothing_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: None)
    small_run(threads=1)


def test_threads_without_work_take_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 10_000_000)
    small_run(threads=1000)


def test_the_least_limit_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {"_system": 500, "_control_groups": None, "_address_space": 300}
    for name, limit in limits.items():
        monkeypatch.setattr(memory, name, lambda limit=limit: limit)
    assert memory.available_memory() == 300
    monkeypatch.setattr(memory, "_address_space", lambda: None)
    assert memory.available_memory() == 500
    monkeypatch.setattr(memory, "_control_groups", lambda: -5)
    assert memory.available_memory() == 0
    monkeypatch.setattr(memory, "_control_groups", lambda: None)
    monkeypatch.setattr(memory, "_system", lambda: None)
    assert memory.available_memory() is None


def test_what_the_system_has(tmp_path: Path) -> None:
    listing = tmp_path / "meminfo"
    assert memory._system(listing) is None
    listing.write_text("MemTotal:  99 kB\nMemAvailable:    7 kB\n")
    assert memory._system(listing) == 7 * 1024
    listing.write_text("MemTotal:  99 kB\n")
    assert memory._system(listing) is None


def test_limits_of_control_groups_of_both_versions(tmp_path: Path) -> None:
    group = tmp_path / "outer" / "inner"
    group.mkdir(parents=True)
    listing = tmp_path / "cgroup"
    listing.write_text("0::/outer/inner\n")
    assert memory._control_groups(tmp_path, listing) is None
    for folder, limit in ((group, "max"), (group.parent, "5000")):
        (folder / "memory.max").write_text(f"{limit}\n")
        (folder / "memory.current").write_text("3000\n")
        (folder / "memory.stat").write_text("anon 10\ninactive_file 700\n")
    assert memory._control_groups(tmp_path, listing) == 5000 - 3000 + 700
    old = tmp_path / "memory" / "job"
    old.mkdir(parents=True)
    listing.write_text("3:memory:/job\n")
    (old / "memory.limit_in_bytes").write_text("2000\n")
    (old / "memory.usage_in_bytes").write_text("1500\n")
    (old / "memory.stat").write_text("total_inactive_file 100\n")
    assert memory._control_groups(tmp_path, listing) == 600
    assert memory._control_groups(tmp_path, tmp_path / "absent") is None


def test_the_limit_of_address_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    statm = tmp_path / "statm"
    statm.write_text("10 5 3\n")
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (10**6, 10**6))
    assert memory._address_space(statm) == 10**6 - 10 * resource.getpagesize()
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (resource.RLIM_INFINITY, 0))
    assert memory._address_space(statm) is None


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1_234, "1.2 kB"), (56_789_000, "57 MB"),
     (7.9e9, "7.9 GB"), (123e9, "123 GB"), (4.2e15, "4,200.0 TB")],
)  # fmt: skip
def test_sizes_are_readable(size: float, text: str) -> None:
    assert memory.readable(size) == text


def test_what_does_not_fit_may_fit_along_few_directions(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(600, 280)), np.arange(600) % 2
    problem = Problem.of(X, y, X[:50], y[:50])
    narrow = Problem.of(X, y, X[:50], y[:50], components=64)
    sampling = Sampling.of(permutations=4)
    all_features, few = (sampling.bytes_needed(p, 1) for p in (problem, narrow))
    assert few < 0.9 * all_features
    monkeypatch.setattr(memory, "available_memory", lambda: few)
    with pytest.raises(MemoryError, match=r"it fits with components=64, principal directions"):
        shapcpp.value(X, y, X[:50], y[:50], 4, threads=1)
    monkeypatch.setattr(memory, "available_memory", lambda: few - 1)
    with pytest.raises(MemoryError, match="even one thread does not fit"):
        shapcpp.value(X, y, X[:50], y[:50], 4, threads=1)
    with pytest.raises(MemoryError, match="even one thread does not fit"):
        shapcpp.value(X, y, X[:50], y[:50], 4, threads=1, components=64)
