"""The control groups that this process belongs to, where containers keep their limits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

__all__ = ["MEMBERSHIP", "ROOT", "folders"]

ROOT, MEMBERSHIP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def folders(controller: str, root: Path = ROOT, membership: Path = MEMBERSHIP) -> Iterator[Path]:
    """Folders of this process's groups and of those around them (version 2 or 1)."""
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            base = root
        elif controller in controllers.split(","):
            base = root / controller
        else:
            continue
        group = base / path.lstrip("/")
        yield from (folder for folder in [group, *group.parents] if folder.is_relative_to(base))
