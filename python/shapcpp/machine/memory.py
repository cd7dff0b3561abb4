"""The memory that this process may still use, and the refusal of a run that needs more."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path

from shapcpp.machine import cgroups

__all__ = ["InsufficientMemoryError", "available_memory", "check_fits", "readable"]


VERSION_1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
VERSION_2 = ("memory.max", "memory.current", "inactive_file")


class InsufficientMemoryError(MemoryError):
    """A run that cannot fit in memory, refused before it starts."""


def readable(size: float) -> str:
    """A number of bytes for people, rounded to two digits or three: "1.2 GB"."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.1f} {unit}" if size < 10 and unit != "bytes" else f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:,.1f} TB"


def check_fits(
    needed: Callable[[int], int],
    threads: int,
    trace: int = 0,
    smaller: tuple[str, Callable[[int], int]] | None = None,
    counted: str = "samples or features",
) -> None:
    """Refuses a run that cannot fit; `needed` gives its bytes for a number of threads.

    `trace` of these bytes belong to the trace. `smaller` names another run, and gives its bytes.
    `counted` are the things of which fewer take less memory.
    """
    available = available_memory()
    if available is None or needed(threads) <= available:
        return
    advice = f"even one thread does not fit: take fewer {counted}, or more memory"
    if smaller is not None and smaller[1](threads) <= available:
        advice = f"it fits with {smaller[0]}"
    if needed(1) <= available:
        fitting = max(t for t in range(1, threads) if needed(t) <= available)
        advice = f"it fits with threads={fitting}"
    if trace > 0 and needed(threads) - trace <= available:
        advice = f"{readable(trace)} of that hold the trace: it fits with a shorter one, or none"
    raise InsufficientMemoryError(
        f"the run needs about {readable(needed(threads))} of memory on "
        f"{threads} thread{'s' * (threads > 1)}, and {readable(available)} are available; {advice}"
    )


def available_memory() -> int | None:
    """Bytes that this process may still use, or None where the system does not say.

    The least of what the system has, what the control groups of the process leave, and
    what its limit of address space leaves.
    """
    limits = [_system(), _control_groups(), _address_space()]
    known = [limit for limit in limits if limit is not None]
    return max(0, min(known)) if known else None


def _system(meminfo: Path = Path("/proc/meminfo")) -> int | None:
    try:
        facts = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
        return int(facts["MemAvailable"].split()[0]) * 1024
    except (OSError, ValueError, KeyError):
        return None


def _address_space(statm: Path = Path("/proc/self/statm")) -> int | None:
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return None
    try:
        return limit - int(statm.read_text().split()[0]) * resource.getpagesize()
    except (OSError, ValueError):
        return limit


def _control_groups(root: Path = cgroups.ROOT, membership: Path = cgroups.MEMBERSHIP) -> int | None:
    left = [_left_in(folder) for folder in cgroups.folders("memory", root, membership)]
    return min((bytes_ for bytes_ in left if bytes_ is not None), default=None)


def _left_in(folder: Path) -> int | None:
    version_1 = (folder / "memory.limit_in_bytes").exists()
    limit, usage, cached = VERSION_1 if version_1 else VERSION_2
    try:
        most, used = (int((folder / name).read_text()) for name in (limit, usage))
        lines = (folder / "memory.stat").read_text().splitlines()
        # Cached files count as used, but make room when asked to.
        return most - used + int(dict(line.split() for line in lines).get(cached, 0))
    except (OSError, ValueError):  # "max", or no such file
        return None
