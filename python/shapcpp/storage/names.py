"""Names of files that several rooms use."""

from __future__ import annotations

__all__ = ["STAGES"]

STAGES = "stages.json"  # the record of stages that `shapcpp reproduce` keeps among its results
