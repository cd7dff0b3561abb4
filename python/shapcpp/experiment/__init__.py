"""The paper's protocol from scans to its table, restartable (extras ``ct`` and ``plot``)."""

from shapcpp.experiment.reproduce import Reproduction, reproduce

__all__ = ["Reproduction", "reproduce"]
