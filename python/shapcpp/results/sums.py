"""Estimates from the integers of one run, which are sums of changes in counts over permutations."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.metrics import Metric, is_named, resolve, resolve_all
from shapcpp.results import certainty, moments, trust
from shapcpp.results.estimates import Estimates, Metrics

__all__ = ["Sums", "asked_of", "setting_of"]

Floats = NDArray[np.float64]


class Sums(Estimates):
    """Estimates from sums over permutations; `Valuation` documents the attributes."""

    gains: NDArray[np.int64]
    moments: NDArray[np.int64]
    test_counts: NDArray[np.int64]
    ranges: NDArray[np.int64]
    classes: NDArray[Any]

    @property
    def products(self) -> NDArray[np.int64]:
        """Sums over permutations of the products of changes, shape (n_players, K, K).

        Raises
        ------
        ValueError
            For a run of more than 12 classes, which keeps only the moments of some metrics.
        """
        if self.moments.ndim == 2:
            raise ValueError(
                f"a run of {len(self.test_counts)} classes keeps no products of all pairs of "
                "classes: v.stderr has the errors of acc, bal, each rec:LABEL and of the metrics "
                "named in metrics="
            )
        return self.moments

    @property
    def n_permutations(self) -> int:
        """Number of permutations completed."""
        return int((self.ranges[:, 1] - self.ranges[:, 0]).sum())

    @property
    def asked(self) -> list[Metric]:
        """The metrics that the run was asked about; empty if it was asked about every one."""
        return asked_of(self.settings.get("metrics"), self.classes)

    def chosen(self, metrics: Metrics = None) -> list[Metric]:  # noqa: D102  inherited
        return resolve_all(metrics, self.test_counts, self.classes, self.asked)

    @property
    def _fewest(self) -> int:
        return self.n_permutations

    @property
    def gain_unit(self) -> int:
        """What stands for one test sample in `gains`: 1 for plain permutations, a power of two."""
        return int(self.settings["gain_unit"])

    def _resolved(self, metric: str | Metric) -> Metric:
        return resolve(metric, self.classes, self.asked)

    def _means(self, metric: str | Metric) -> Floats:
        total = self._resolved(metric).score(self.gains, self.test_counts)
        P = self.n_permutations
        return total / (P * self.gain_unit) if P else np.full(len(total), np.nan)

    def _moments(self, metric: str | Metric) -> tuple[Floats, Floats]:
        # A permutation adds its changes to `gains` and the products of these to `moments`.
        metric = self._resolved(metric)
        mean, P = self._means(metric), self.n_permutations
        if P < 2:
            return mean, np.full_like(mean, np.nan)
        if self.moments.ndim == 2:
            of_one = self._variance_of_one(metric)
        else:
            weights = metric.on(self.test_counts)
            spread = _spread(self.gains[:, :, None], self.gains[:, None, :], self.moments, P)
            of_one = np.einsum("k,ikl,l->i", weights, spread, weights) / (P - 1)
        return mean, np.maximum(of_one, 0) / (P * self.gain_unit**2)

    def _variance_of_one(self, metric: Metric) -> Floats:
        """The variance of one contribution, in a run that keeps the moments of some metrics."""
        weights, P, K = metric.on(self.test_counts), self.n_permutations, len(self.test_counts)
        used = np.flatnonzero(weights)
        if len(used) == 1:
            k = int(used[0])
            sums, squares, factor = self.gains[:, k], self.moments[:, k], float(weights[k])
        else:
            kept = moments.kept_metrics(self.test_counts, self.asked)
            of = [np.array_equal(other.on(self.test_counts), weights) for other in kept]
            if True not in of:
                raise ValueError(
                    f"this run of {K} classes has no errors of metric {metric.name!r}: name it in "
                    "metrics= before the run"
                )
            integers = moments.integer_weights(metric, self.test_counts)
            sums, squares = self.gains @ integers, self.moments[:, K + of.index(True)]
            factor = float(
                np.abs(weights) @ self.test_counts / (np.abs(integers) @ self.test_counts)
            )
        return factor**2 * _spread(sums, sums, squares, P) / (P - 1)

    def trusted(self, metric: str | Metric) -> NDArray[np.bool_]:  # noqa: D102  inherited
        variance, orders = self._moments(metric)[1], self.n_permutations
        if orders < 2:
            return np.zeros(len(self.players), dtype=bool)
        halved = self.settings["sampler"] == "halving"
        of_player = trust.trusted(
            variance, orders, self.gain_unit, self.players, self.labels, halved=halved
        )
        return of_player[self.players]

    def enough_orders(self) -> int:  # noqa: D102  inherited
        halved = self.settings["sampler"] == "halving"
        return trust.enough_orders(self.gain_unit, self.players, self.labels, halved=halved)

    def _ranges(self, metric: str | Metric) -> tuple[float, float]:
        weights = self._resolved(metric).on(self.test_counts)
        highest = float(np.abs(weights) @ self.test_counts)  # from all wrong to all right
        # At the leaves of halving, the control may add twice the largest change of the score.
        by_halving = self.settings["sampler"] == "halving"
        return highest, highest * (1 + 2 / self.gain_unit) if by_halving else highest

    def _bernstein_reach(self, metric: str | Metric, error: float) -> Floats:
        variance, largest = self._moments(metric)[1], self._ranges(metric)[1]
        return certainty.bernstein_reach(variance, self.n_permutations, error, largest)


def _spread(
    one: NDArray[np.int64], other: NDArray[np.int64], products: NDArray[np.int64], P: int
) -> Floats:
    """Sums of products of two contributions around their means, from the sums of both.

    In floating point, products - one other / P loses everything to cancellation if contributions
    hardly vary. Writing each sum as P q + r makes the large part an exact integer.
    """
    (q, r), (s, t) = np.divmod(one, P), np.divmod(other, P)
    whole = products - (P * q * s + q * t + r * s)
    spread: Floats = whole - r.astype(float) * t / P
    return spread


def setting_of(
    metrics: Sequence[Metric], test_counts: NDArray[np.int64], classes: NDArray[Any]
) -> list[Any] | None:
    """Metrics as a result keeps them in its settings: names, or weights if user-defined."""
    found: list[Any] = []
    for metric in metrics:
        if is_named(metric, classes):
            found.append(metric.name)
            continue
        exact = metric.exact(test_counts)
        weights = [Fraction(float(w)) for w in metric.on(test_counts)] if exact is None else exact
        found.append({"name": metric.name, "weights": list(map(str, weights))})
    return found or None


def asked_of(setting: list[Any] | None, classes: NDArray[Any]) -> list[Metric]:
    """The metrics that such a setting stands for."""
    return [
        resolve(one, classes)
        if isinstance(one, str)
        else Metric(one["name"], [Fraction(weight) for weight in one["weights"]])
        for one in setting or []
    ]
