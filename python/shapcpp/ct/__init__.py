"""CT scans to features: readers, phantom, capsule network, training (extra ``ct``)."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# Imported on first use, so that reading scans does not load torch.
_HOMES = {
    "NetworkOptions": "network.capsules",
    "Slices": "slices",
    "Trained": "network.trained",
    "encode": "encoders.encoding",
    "extract_features": "extraction",
    "features_of": "extraction",
    "load_model": "network.trained",
    "read_scans": "readers.reading",
    "train": "network.training",
    "write_phantom": "phantom.study",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
