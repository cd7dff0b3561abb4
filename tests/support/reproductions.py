"""Reproductions of the paper in seconds, and what tells one from another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from shapcpp.storage import files

# Two experiments on an eighth of the paper's slices, too small to see much on.
SMALL: dict[str, Any] = {
    "size": 16,
    "counts": {"train": (16, 32), "val": (6, 12), "test": (10, 20)},
    "epochs": 2,
    "permutations": 30,
    "noise": (0.1, 0.3),
    "seed": 3,
}
# What their stages count as they go on.
TOTALS = {"phantom": 96, "network": 6, "features": 96, "values": 30}
STAGES = [
    "phantom", "network-10", "features-10", "values-10", "values-10-carry", "network-30",
    "features-30", "values-30", "values-30-carry", "tables", "figures", "report",
]  # fmt: skip


def content(folder: Path) -> dict[str, Any]:
    """All that a reproduction leaves, by file; of archives what is in them, since they are dated."""
    return {
        path.relative_to(folder).as_posix(): _content(path)
        for path in folder.rglob("*")
        if path.is_file()
    }


def _content(path: Path) -> Any:
    if path.suffix == ".npz":
        arrays = files.read_npz(path)
        about = json.loads(str(arrays.pop("about")))
        about.pop("stats")  # what the engine did since it was started
        return {name: array.tolist() for name, array in arrays.items()} | {"about": about}
    if path.name == "stages.json":
        stages = json.loads(path.read_text())["stages"]
        return {
            name: {"facts": stage["facts"], "outputs": sorted(stage["outputs"])}
            for name, stage in stages.items()
        }
    return path.read_bytes()
