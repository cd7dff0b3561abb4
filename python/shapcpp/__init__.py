"""Finds training labels that are probably wrong, and values each sample, exactly and fast."""

try:
    from shapcpp.machine.interrupts import end_quietly_while_loading
    from shapcpp.machine.threads import spare_libraries

    end_quietly_while_loading()
    spare_libraries()  # before numpy is loaded
    from shapcpp._core import ConvergenceError, __version__
except ImportError as error:  # pragma: no cover
    raise ImportError(
        "shapcpp's compiled engine could not be loaded; build it with 'pip install .' from a "
        f"checkout, and do not import the package from the source folder itself ({error})"
    ) from error

from shapcpp.detection.noise import add_noise, flip_labels
from shapcpp.detection.queue import detection_table, review_queue
from shapcpp.detection.removal import removal_curve
from shapcpp.detection.scores import detection_scores
from shapcpp.doubts.baselines import baselines
from shapcpp.doubts.comparison import compare_detectors
from shapcpp.doubts.detector import doubt
from shapcpp.doubts.readers import Readers, compare_readers
from shapcpp.doubts.result import Doubts
from shapcpp.estimation import estimate_cost
from shapcpp.loading import load
from shapcpp.metrics import Metric
from shapcpp.neighbours import knn_values
from shapcpp.permutations import permutation
from shapcpp.problem.models import ModelError
from shapcpp.results.exact import ExactValuation
from shapcpp.results.folded import FoldedValuation
from shapcpp.results.interrupted import Interrupted
from shapcpp.results.notices import ValuationWarning
from shapcpp.results.signs import UncertifiedError
from shapcpp.results.valuation import Valuation
from shapcpp.running.cost import RunCost
from shapcpp.running.runner import CheckpointWarning
from shapcpp.running.transports import WorkerError, WorkerWarning
from shapcpp.storage.features import Features, Samples
from shapcpp.storage.features_file import read_features, write_features
from shapcpp.valuation import value

__all__ = [
    "CheckpointWarning",
    "ConvergenceError",
    "Doubts",
    "ExactValuation",
    "Features",
    "FoldedValuation",
    "Interrupted",
    "Metric",
    "ModelError",
    "Readers",
    "RunCost",
    "Samples",
    "UncertifiedError",
    "Valuation",
    "ValuationWarning",
    "WorkerError",
    "WorkerWarning",
    "__version__",
    "add_noise",
    "baselines",
    "compare_detectors",
    "compare_readers",
    "detection_scores",
    "detection_table",
    "doubt",
    "estimate_cost",
    "flip_labels",
    "knn_values",
    "load",
    "permutation",
    "read_features",
    "removal_curve",
    "review_queue",
    "value",
    "write_features",
]


def __dir__() -> list[str]:
    return __all__
