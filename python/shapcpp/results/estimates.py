"""Statistics of samples: values, errors, intervals, and those that are certainly lowest."""

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
    """Values of samples and how sure they are; what they are made of is for subclasses."""

    players: NDArray[np.int64]
    labels: NDArray[Any]
    settings: dict[str, Any]

    @property
    @abstractmethod
    def n_permutations(self) -> int:
        """Number of permutations completed."""

    @abstractmethod
    def chosen(self, metrics: Metrics = None) -> list[Metric]:
        """The metrics named, or all named ones that the test set, or each fold, defines.

        Raises
        ------
        ValueError
            If a name is unknown, or the test set, or a fold, lacks a class that a metric needs.
        """

    def check_begun(self) -> None:
        """ValueError where no permutation was completed: every value is unknown, none is lowest."""
        if self.n_permutations == 0:
            raise ValueError("no permutation was completed: there are no values")

    @property
    def metrics(self) -> list[str]:
        """Short names of the named metrics that the test set defines."""
        return [metric.name for metric in self.chosen()]

    def __getitem__(self, metric: str | Metric) -> NDArray[np.float64]:
        """Data Shapley value of each sample under a metric.

        Parameters
        ----------
        metric : str or Metric
            "acc", "bal" or their long names "accuracy", "balanced_accuracy"; "rec:LABEL", the
            share of the test samples of that label that are predicted correctly; of two classes
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
            As for indexing.

        Returns
        -------
        ndarray of float64, shape (n,)
            nan for fewer than two permutations.

        Raises
        ------
        ValueError
            As for indexing.
        """
        per_player: NDArray[np.float64] = np.sqrt(self._moments(metric)[1])
        return per_player[self.players]

    def reliability(self, metric: str | Metric) -> float:
        """Share of the variance of the values that sampling permutations did not cause.

        ``max(0, 1 - mean(stderr^2) / var)``, over players, where var is the variance of the
        values within given labels, pooled: how far values of one label lie apart, and with
        them the ranking, not how far the labels do. A group of samples with different labels
        is compared with the other such groups.

        Parameters
        ----------
        metric : str or Metric
            As for indexing.

        Returns
        -------
        float
            From 0 to 1, where 1 is a ranking that more permutations would not change; 0 where
            the values do not vary; nan for fewer than two permutations.

        Raises
        ------
        ValueError
            As for indexing.

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
        """True for each sample whose standard error, and interval, can be believed.

        What moves a value most may not have happened in the permutations drawn, where a class is
        rare or samples are many: the error is then too small, often zero. `stderr` and `interval`
        give it all the same. docs/statistics.md has the rule and how often it was right.

        Parameters
        ----------
        metric : str or Metric
            As for indexing.

        Returns
        -------
        ndarray of bool, shape (n,)
            False for all samples for fewer than two permutations.

        Raises
        ------
        ValueError
            As for indexing.
        """

    @abstractmethod
    def enough_orders(self) -> int:
        """The number of permutations after which all standard errors can be believed.

        Returns
        -------
        int
            What to ask for as ``permutations``: with folds, of each part.
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
            As for indexing.
        level : float, default 0.95
            Coverage, above 0 and below 1: the probability that an interval holds the value
            that infinitely many permutations would give.
        simultaneous : bool, default False
            False: each interval holds at its level by itself. True: all of them together
            (Bonferroni's inequality over samples, or groups).
        method : "student", "anytime" or "bernstein", default "student"
            "student": value plus and minus Student's quantile times the standard error, for
            a number of permutations fixed in advance. "anytime": wider by about a quarter;
            holds for all numbers of permutations at once, so that one may look as often as
            one likes and stop when it suffices. Both are asymptotic: they rest on the
            central limit theorem, and far out in the tails (simultaneous, anytime) allow for
            the skewness of contributions. "bernstein": for a number fixed in advance, by
            the empirical Bernstein inequality, which is no approximation and assumes nothing
            but that a score has a range; much wider.

        Returns
        -------
        low, high : ndarray of float64, shape (n,)
            nan for fewer than two permutations. "anytime" and "bernstein" end where the
            metric's range does.

        Raises
        ------
        ValueError
            If `level` is out of range, `method` is unknown, or as for indexing.

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
        """The samples of the lowest values, lowest first.

        Parameters
        ----------
        metric : str or Metric
            As for indexing.
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
            If `fraction` is out of range, if no permutation was completed, or as for indexing.
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

        With a probability of at least `level` all entries that are not 0 are right, at all
        numbers of permutations at once: one may look, compute more and look again. Each
        metric is a question by itself. Asymptotic, as the anytime intervals it rests on
        are; nothing is called certain before there are 100 permutations.

        Parameters
        ----------
        metric : str or Metric
            As for indexing.
        lowest : float, default 0.1
            Share f of the n samples, above 0 and at most 1: whether a sample is among those
            that `lowest` would name after infinitely many permutations.
        level : float, default 0.95
            Probability, above 0 and below 1.
        below : float, optional
            Asks instead whether the value is below this number.

        Returns
        -------
        ndarray of int8, shape (n,)
            1: certainly among the lowest (below); -1: certainly not; 0: undecided.

        Raises
        ------
        ValueError
            If `lowest` or `level` is out of range, or as for indexing.
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
        """The largest value there can be, and the largest contribution of a permutation."""

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
            # Near the middle, what skewness adds on one side it takes from the other.
            far_out = anytime or simultaneous
            skewed_by = certainty.largest_likely(variance, units, largest) if far_out else 0.0
            reach = certainty.reach(variance, units, find(units, error), skewed_by)
        low, high = mean - reach, mean + reach
        if method != "student":
            low, high = np.maximum(low, -highest), np.minimum(high, highest)
        return low, high


def _how_many(fraction: float, n: int) -> int:
    return max(1, math.floor(fraction * n + 0.5))
