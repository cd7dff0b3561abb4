"""The number of threads that this process may use."""

from __future__ import annotations

import math
import os
from pathlib import Path

from shapcpp import _core
from shapcpp.machine import cgroups

__all__ = ["available_processors"]


def available_processors() -> int:
    """Processors this process may use: affinity and cgroup quota, at most OMP_NUM_THREADS.

    One in a process forked from one that had loaded the engine: such a process is mostly one
    of a pool that has a process for each processor.
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


def _cgroup_quota(root: Path = cgroups.ROOT, membership: Path = cgroups.MEMBERSHIP) -> int | None:
    """The least quota, in whole processors, of this process's control groups."""
    quotas = [_quota_of(folder) for folder in cgroups.folders("cpu", root, membership)]
    return min((quota for quota in quotas if quota is not None), default=None)


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
