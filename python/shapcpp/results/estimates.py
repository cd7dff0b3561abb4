"""Statistics of samples: values, errors, intervals, and which samples are certainly lowest."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from shapcpp import checks
from shapcpp.metrics import Metric
from shapcpp.results import certainty, strata

__all__ = ["Estimates", "Method", "Metrics"]

Method = Literal["student", "anytime", "bernstein"]
Metrics = str | Metric | Sequence[str | Metric] | None


class Estimates(ABC):
    """Values of samples and their uncertainty, from moments that subclasses provide."""

    players: NDArray[np.int64]
    labels: NDArray[Any]
    settings: dict[str, Any]

    @property
    @abstractmethod
    def n_permutations(self) -> int:
        """Number of permutations completed."""

    @abstractmethod
    def chosen(self, metrics: Metrics = None) -> list[Metric]:
        """The metrics asked for; by default every built-in one that the test set or folds define.

        Raises
        ------
        ValueError
            If a name is unknown, or the test set, or a fold, lacks a class that a metric needs.
        """

    def check_begun(self) -> None:
        """Raises ValueError if no permutation was completed, so that no value is known."""
        if self.n_permutations == 0:
            raise ValueError("no permutation was completed: there are no values")

    @property
    def metrics(self) -> list[str]:
        """Short names of the built-in metrics that the test set defines."""
        return [metric.name for metric in self.chosen()]

    def __getitem__(self, metric: str | Metric) -> NDArray[np.float64]:
        """Data Shapley value of each sample under a metric.

        Parameters
        ----------
        metric : str or Metric
            "acc", "bal" or their long names "accuracy", "balanced_accuracy"; "rec:LABEL", the
            share of the test samples of that label that are predicted correctly; for two classes
            also "rec", "spc" ("recall", "specificity"); or a `Metric`.

        Returns
        -------
        ndarray of float64, shape (n,)
            In units of the metric, per permutation; with groups, each sample shows the
            value of its group. nan where no permutation was completed.

        Raises
        ------
        ValueError
            If the name is unknown, or the test set lacks a class the metric needs.
        """
        return self._means(metric)[self.players]

    def stderr(self, metric: str | Metric) -> NDArray[np.float64]:
        """Standard error of each value: how far sampling permutations leaves it uncertain.

        The sample deviation (divisor P - 1) of the sample's contribution over the P
        permutations, divided by the square root of P.

        Parameters
        ----------
        metric : str or Metric
            A name or a `Metric`, as in ``v[metric]``.

        Returns
        -------
        ndarray of float64, shape (n,)
            nan for fewer than two permutations.

        Raises
        ------
        ValueError
            As for ``v[metric]``.
        """
        per_player: NDArray[np.float64] = np.sqrt(self._moments(metric)[1])
        return per_player[self.players]

    def reliability(self, metric: str | Metric) -> float:
        """Share of the variance of the values that does not come from sampling permutations.

        ``max(0, 1 - mean(stderr^2) / var)`` over players, where var is the pooled variance of the
        values within given labels. It measures how far apart the values of one label lie, which
        decides the ranking, and ignores offsets between labels. Groups of samples with different
        labels are compared with one another.

        Parameters
        ----------
        metric : str or Metric
            A name or a `Metric`, as in ``v[metric]``.

        Returns
        -------
        float
            From 0 to 1. At 1, more permutations would not change the ranking; 0 if the values
            do not vary; nan for fewer than two permutations.

        Raises
        ------
        ValueError
            As for ``v[metric]``.

        Examples
        --------
        >>> v = shapcpp.value(X, y, X_test, y_test)
        >>> v.reliability("acc") >= 0.95
        True
        """
        mean, variance = self._moments(metric)
        if self._fewest < 2:
            return math.nan
        within = strata.variance_within(mean, strata.player_labels(self.players, self.labels))
        return max(0.0, 1 - float(np.mean(variance)) / within) if within > 0 else 0.0

    @abstractmethod
    def trusted(self, metric: str | Metric) -> NDArray[np.bool_]:
        """True for each sample whose standard error and interval can be believed.

        Where a class is rare or samples are many, the joins that move a value most may not have
        occurred in the permutations drawn: the error is then too small, often zero. `stderr` and
        `interval` return it anyway. docs/statistics.md has the rule and how often it was right.

        Parameters
        ----------
        metric : str or Metric
            A name or a `Metric`, as in ``v[metric]``.

        Returns
        -------
        ndarray of bool, shape (n,)
            False for every sample if there are fewer than two permutations.

        Raises
        ------
        ValueError
            As for ``v[metric]``.
        """

    @abstractmethod
    def enough_orders(self) -> int:
        """The number of permutations after which all standard errors can be believed.

        Returns
        -------
        int
            The number to pass as ``permutations``; with folds, the number for each part.
        """

    def interval(
        self,
        metric: str | Metric,
        level: float = 0.95,
        simultaneous: bool = False,
        *,
        method: Method = "student",
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Confidence interval of each value.

        Parameters
        ----------
        metric : str or Metric
            A name or a `Metric`, as in ``v[metric]``.
        level : float, default 0.95
            Coverage, above 0 and below 1: the probability that an interval holds the value
            that infinitely many permutations would give.
        simultaneous : bool, default False
            False: each interval holds at its level by itself. True: all of them hold together
            (Bonferroni's inequality over samples or groups).
        method : "student", "anytime" or "bernstein", default "student"
            "student": the value plus and minus Student's quantile times the standard error, for
            a number of permutations fixed in advance. "anytime": wider by about a quarter, but
            valid for all numbers of permutations at once, so that one may look as often as
            one likes and stop as soon as the intervals are narrow enough. Both are asymptotic:
            they rest on the central limit theorem, and far out in the tails (simultaneous,
            anytime) allow for the skewness of contributions. "bernstein": for a number fixed in
            advance, by the empirical Bernstein inequality, which is exact and assumes only that
            a score has a range; much wider.

        Returns
        -------
        low, high : ndarray of float64, shape (n,)
            nan for fewer than two permutations. "anytime" and "bernstein" end where the
            metric's range does.

        Raises
        ------
        ValueError
            If `level` is out of range, `method` is unknown, or as for ``v[metric]``.

        Notes
        -----
        Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, *Time-uniform central limit theory and
        asymptotic confidence sequences*, 2024; Maurer and Pontil, *Empirical Bernstein bounds
        and sample variance penalization*, 2009. docs/statistics.md has the formulas and how
        often they were right.
        """
        low, high = self._player_interval(metric, level, simultaneous, method)
        return low[self.players], high[self.players]

    def lowest(self, metric: str | Metric, fraction: float = 0.1) -> NDArray[np.int64]:
        """The samples with the lowest values, lowest first.

        Parameters
        ----------
        metric : str or Metric
            A name or a `Metric`, as in ``v[metric]``.
        fraction : float, default 0.1
            Share f of the n samples, above 0 and at most 1: the ``floor(f n + 1/2)``
            smallest values, at least one; ties by sample order.

        Returns
        -------
        ndarray of int64
            Row numbers of samples.

        Raises
        ------
        ValueError
            If `fraction` is out of range, no permutation was completed, or as for ``v[metric]``.
        """
        fraction = checks.fraction("fraction", fraction)
        self.check_begun()
        values = self[metric]
        return np.argsort(values, kind="stable")[: _how_many(fraction, len(values))]

    def decided(
        self,
        metric: str | Metric,
        lowest: float = 0.1,
        level: float = 0.95,
        *,
        below: float | None = None,
    ) -> NDArray[np.int8]:
        """Verdicts on samples: certainly among the lowest, certainly not, or undecided.

        With probability at least `level`, all entries that are not 0 are right, at all
        numbers of permutations at once: one may look, compute more and look again. The level
        holds for each metric separately. The verdicts are asymptotic, as are the anytime
        intervals they rest on; nothing is called certain before 100 permutations.

        Parameters
        ----------
        metric : str or Metric
            A name or a `Metric`, as in ``v[metric]``.
        lowest : float, default 0.1
            Share f of the n samples, above 0 and at most 1. The question is whether a sample is
            among those that `lowest` would name after infinitely many permutations.
        level : float, default 0.95
            Probability, above 0 and below 1.
        below : float, optional
            If given, the question is whether the value is below this number.

        Returns
        -------
        ndarray of int8, shape (n,)
            1: certainly among the lowest (below); -1: certainly not; 0: undecided.

        Raises
        ------
        ValueError
            If `lowest` or `level` is out of range, or as for ``v[metric]``.
        """
        lowest = checks.fraction("lowest", lowest)
        low, high = self._player_interval(metric, level, simultaneous=True, method="anytime")
        if below is not None:
            below = checks.real("below", below)
            if math.isnan(below):
                raise ValueError(f"below must be a number, got {below}")
        if self._fewest < certainty.FEWEST:
            low, high = np.full_like(low, -np.inf), np.full_like(high, np.inf)
        if below is not None:
            answer = (high < below).astype(np.int8) - (low >= below).astype(np.int8)
            return answer[self.players]
        count = _how_many(lowest, len(self.players))
        return certainty.certainly_lowest(low, high, self.players, count)

    @property
    @abstractmethod
    def _fewest(self) -> int:
        """The smallest number of permutations behind any value."""

    @abstractmethod
    def _means(self, metric: str | Metric) -> NDArray[np.float64]:
        """The value of each player."""

    @abstractmethod
    def _moments(self, metric: str | Metric) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The value of each player and its estimated variance, which may be nan."""

    @abstractmethod
    def _ranges(self, metric: str | Metric) -> tuple[float, float]:
        """Bounds on the size of a value and of one permutation's contribution."""

    @abstractmethod
    def _bernstein_reach(self, metric: str | Metric, error: float) -> NDArray[np.float64]:
        """Half-widths of the intervals by the empirical Bernstein inequality."""

    def _player_interval(
        self, metric: str | Metric, level: float, simultaneous: bool, method: Method
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        level = checks.real("level", level)
        if not 0 < level < 1:
            raise ValueError(f"level must lie above 0 and below 1, got {level}")
        checks.choice("method", method, *certainty.METHODS)
        mean, variance = self._moments(metric)
        units = self._fewest
        if units < 2:
            return np.full_like(mean, np.nan), np.full_like(mean, np.nan)
        error = (1 - level) / (len(mean) if simultaneous else 1)
        highest, largest = self._ranges(metric)
        if method == "bernstein":
            reach = self._bernstein_reach(metric, error)
        else:
            anytime = method == "anytime"
            find = certainty.anytime_multiple if anytime else certainty.student_multiple
            # Near the middle, skewness takes from one side what it adds on the other.
            far_out = anytime or simultaneous
            skewed_by = certainty.largest_likely(variance, units, largest) if far_out else 0.0
            reach = certainty.reach(variance, units, find(units, error), skewed_by)
        low, high = mean - reach, mean + reach
        if method != "student":
            low, high = np.maximum(low, -highest), np.minimum(high, highest)
        return low, high


def _how_many(fraction: float, n: int) -> int:
    return max(1, math.floor(fraction * n + 0.5))
