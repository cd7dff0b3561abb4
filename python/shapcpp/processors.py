"""How many threads this process may use."""

from __future__ import annotations

import math
import os
from pathlib import Path

from shapcpp import _core

__all__ = ["available_processors"]


def available_processors() -> int:
    """Processors this process may use: affinity and cgroup quota, at most OMP_NUM_THREADS.

    One in a process forked from one that had loaded the engine, since such a process has
    lost its threads.
    """
    if _core.in_forked_child():
        return 1
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    limits = [count, _cgroup_quota(), _omp_num_threads()]
    return max(1, min(limit for limit in limits if limit is not None))


def _omp_num_threads() -> int | None:
    first = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(first) if first.isdecimal() and int(first) > 0 else None


def _cgroup_quota(
    root: Path = Path("/sys/fs/cgroup"), self_: Path = Path("/proc/self/cgroup")
) -> int | None:
    """The least quota, in whole processors, of this process's control groups (version 2 or 1)."""
    quotas = []
    try:
        lines = self_.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            base = root
        elif "cpu" in controllers.split(","):
            base = root / "cpu"
        else:
            continue
        group = base / path.lstrip("/")
        for folder in [group, *group.parents]:
            if not folder.is_relative_to(base):
                break
            quota = _quota_of(folder)
            if quota is not None:
                quotas.append(quota)
    return min(quotas, default=None)


def _quota_of(folder: Path) -> int | None:
    try:
        if (folder / "cpu.max").exists():
            quota, period = (folder / "cpu.max").read_text().split()
        else:
            quota = (folder / "cpu.cfs_quota_us").read_text()
            period = (folder / "cpu.cfs_period_us").read_text()
        return math.ceil(int(quota) / int(period)) if int(quota) > 0 else None
    except (OSError, ValueError):  # "max", or no such file
        return None
