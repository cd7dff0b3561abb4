"""A result in closed form: values without sampling error, and the methods of other results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from shapcpp.doubts.result import Doubts
from shapcpp.metrics import Metric, resolve_all
from shapcpp.results import exact_file
from shapcpp.results.components import Components
from shapcpp.results.estimates import Metrics
from shapcpp.results.sample_table import SampleTable
from shapcpp.results.valuation import Valuation
from shapcpp.storage import files

__all__ = ["ExactValuation", "load_exact"]

Floats = NDArray[np.float64]
ENOUGH = 1_000_000  # permutations, for rules that ask how many: no variance is left


@dataclass(frozen=True, eq=False, repr=False)
class ExactValuation(SampleTable):
    """Data Shapley values that were computed, not sampled: every standard error is zero.

    Returned by `knn_values` and `load`. Index it with a metric: ``v["acc"]``.

    Attributes
    ----------
    contributions : ndarray of float64, shape (n, n_classes)
        Each sample's value in the score of each class, summed over the test samples of the class.
    test_counts : ndarray of int64, shape (n_classes,)
        Number of test samples of each class.
    classes : ndarray of int64, bool or str, shape (n_classes,)
        The labels as given, sorted.
    ids, labels : ndarray, shape (n,)
        Identifiers of the samples, the row number where none were given, and labels as given.
    groups, true_labels : ndarray of shape (n,), or None
        Group ids and true labels where known.
    settings : dict
        What was valued: model, k.
    fingerprint : str
        SHA-256 of the inputs.
    components : Components or None
        As for `Valuation`.
    """

    contributions: Floats
    test_counts: NDArray[np.int64]
    classes: NDArray[Any]
    ids: NDArray[Any]
    labels: NDArray[Any]
    groups: NDArray[Any] | None
    true_labels: NDArray[Any] | None
    settings: dict[str, Any]
    fingerprint: str
    doubts: Doubts | None = None
    components: Components | None = None

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            if name in Valuation.__dataclass_fields__ or hasattr(Valuation, name):
                raise AttributeError(
                    f"values in closed form have no {name}: no orders were drawn, and no coalition "
                    "trained a model; those of `shapcpp.value` have it"
                )
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def players(self) -> NDArray[np.int64]:  # type: ignore[override]
        """The row of `contributions` of each sample: sample i has row i."""
        return np.arange(len(self.labels))

    @property
    def n_permutations(self) -> int:
        """0: no permutation was drawn."""
        return 0

    @property
    def complete(self) -> bool:
        """True: nothing is left to do."""
        return True

    def check_begun(self) -> None:
        """Does nothing: the values are always known."""

    def chosen(self, metrics: Metrics = None) -> list[Metric]:  # noqa: D102  inherited
        return resolve_all(metrics, self.test_counts, self.classes)

    def enough_orders(self) -> int:
        """0: no permutations are needed."""
        return 0

    def reliability(self, metric: str | Metric) -> float:
        """1: no difference between the values comes from sampling."""
        self._means(metric)
        return 1.0

    def trusted(self, metric: str | Metric) -> NDArray[np.bool_]:
        """True for all samples: every error is zero and can be believed."""
        self._means(metric)
        return np.ones(len(self.labels), dtype=bool)

    def _write(self, path: files.PathLike) -> None:
        exact_file.write(path, vars(self))

    def __repr__(self) -> str:
        model = self.settings["model"]
        return f"<ExactValuation: {len(self.labels)} samples, {model}, k {self.settings['k']}>"

    @property
    def _fewest(self) -> int:
        return ENOUGH

    def _means(self, metric: str | Metric) -> Floats:
        [metric] = self.chosen(metric)
        means: Floats = self.contributions @ metric.on(self.test_counts)
        return means

    def _moments(self, metric: str | Metric) -> tuple[Floats, Floats]:
        mean = self._means(metric)
        return mean, np.zeros_like(mean)

    def _ranges(self, metric: str | Metric) -> tuple[float, float]:
        [metric] = self.chosen(metric)
        highest = float(np.abs(metric.on(self.test_counts)) @ self.test_counts)
        return highest, highest

    def _bernstein_reach(self, metric: str | Metric, error: float) -> Floats:  # noqa: ARG002
        return np.zeros(len(self.labels))


def load_exact(path: files.PathLike) -> ExactValuation | None:
    """Reads a result written by `ExactValuation.save`; None if the file holds none.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If the file is damaged.
    """
    fields: Mapping[str, Any] | None = exact_file.read(path)
    return None if fields is None else ExactValuation(**fields)
