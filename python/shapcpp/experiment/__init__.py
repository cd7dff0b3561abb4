"""The paper's protocol from scans to its table, in restartable stages (extras ``ct``, ``plot``)."""

from shapcpp.experiment.reproduce import Reproduction, reproduce

__all__ = ["Reproduction", "reproduce"]
