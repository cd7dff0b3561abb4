"""Estimates from the integers of one run: sums over permutations of the changes in counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shapcpp.metrics import Metric, resolve, resolve_all
from shapcpp.results import certainty, trust
from shapcpp.results.estimates import Estimates, Metrics

__all__ = ["Sums"]


class Sums(Estimates):
    """Estimates from sums over permutations; `Valuation` says what the attributes are."""

    gains: NDArray[np.int64]
    products: NDArray[np.int64]
    test_counts: NDArray[np.int64]
    ranges: NDArray[np.int64]

    @property
    def n_permutations(self) -> int:
        """Number of permutations completed."""
        return int((self.ranges[:, 1] - self.ranges[:, 0]).sum())

    def chosen(self, metrics: Metrics = None) -> list[Metric]:  # noqa: D102  inherited
        return resolve_all(metrics, self.test_counts)

    @property
    def _fewest(self) -> int:
        return self.n_permutations

    @property
    def _gain_unit(self) -> int:
        return int(self.settings["gain_unit"])

    def _means(self, metric: str | Metric) -> NDArray[np.float64]:
        total = resolve(metric).score(self.gains, self.test_counts)
        P = self.n_permutations
        return total / (P * self._gain_unit) if P else np.full(len(total), np.nan)

    def _moments(self, metric: str | Metric) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        # A permutation adds its changes to `gains` and the products of these to `products`.
        mean, P = self._means(metric), self.n_permutations
        if P < 2:
            return mean, np.full_like(mean, np.nan)
        weights = resolve(metric).on(self.test_counts)
        # products - gains gains' / P loses everything to cancellation in floating point if the
        # contribution hardly varies. With gains = P q + r the large part is an integer.
        q, r = np.divmod(self.gains, P)
        whole = self.products - (
            P * q[:, :, None] * q[:, None, :]
            + q[:, :, None] * r[:, None, :]
            + r[:, :, None] * q[:, None, :]
        )
        spread = whole - r[:, :, None].astype(float) * r[:, None, :] / P
        of_one = np.einsum("k,ikl,l->i", weights, spread, weights) / (P - 1)
        return mean, np.maximum(of_one, 0) / (P * self._gain_unit**2)

    def trusted(self, metric: str | Metric) -> NDArray[np.bool_]:  # noqa: D102  inherited
        variance, orders = self._moments(metric)[1], self.n_permutations
        if orders < 2:
            return np.zeros(len(self.players), dtype=bool)
        halved = self.settings["sampler"] == "halving"
        of_player = trust.trusted(
            variance, orders, self._gain_unit, self.players, self.labels, halved=halved
        )
        return of_player[self.players]

    def _ranges(self, metric: str | Metric) -> tuple[float, float]:
        weights = resolve(metric).on(self.test_counts)
        highest = float(np.abs(weights) @ self.test_counts)  # from all wrong to all right
        # In the leaves of halving the control may add twice what the score can change.
        by_halving = self.settings["sampler"] == "halving"
        return highest, highest * (1 + 2 / self._gain_unit) if by_halving else highest

    def _bernstein_reach(self, metric: str | Metric, error: float) -> NDArray[np.float64]:
        variance, largest = self._moments(metric)[1], self._ranges(metric)[1]
        return certainty.bernstein_reach(variance, self.n_permutations, error, largest)
