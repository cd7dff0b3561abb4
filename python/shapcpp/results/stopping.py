"""Stopping rules: parsed from text, evaluated at fixed numbers of permutations."""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.metrics import Metric, resolve_all
from shapcpp.results.rule_grammar import METRIC, NUMBER, fault, from_a_rule
from shapcpp.results.sums import Sums

__all__ = ["Decided", "Reliable", "Rule", "SmallErrors", "parse_rule"]

FIRST_LOOK = 100  # permutations
FIRST_LOOK_AT_RANKING = 8
GROWTH = 10  # each look comes after a tenth more permutations than the last
FORMS = (
    "'reliability >= 0.95', 'stderr <= 1e-4', 'lowest 10% decided at 95%', 'below 0 decided at "
    "95%', each with metrics in front ('rec stderr <= 1e-4') and all but the first with 'but for "
    "20' at the end if wanted"
)
SENTENCE = re.compile(
    rf"""(?:(?P<metrics>{METRIC}(?:\s*,\s*{METRIC})*)\s+)?
    (?: reliability \s* >= \s* (?P<reliability>{NUMBER}) (?!\s* but)
      | stderr \s* <= \s* (?P<stderr>{NUMBER})
      | (?: lowest \s+ (?P<lowest>{NUMBER}) \s* % | below \s+ (?P<below>{NUMBER}) )
        \s* decided \s+ at \s+ (?P<level>{NUMBER}) \s* %
    )
    (?:\s* but \s+ for \s+ (?P<spared>\d+))?""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True)
class Rule(ABC):
    """A stopping rule: it decides when the results of a run suffice.

    Attributes
    ----------
    text : str
        The rule in words, as given.
    metrics : tuple of str
        Names of the metrics that the rule tests; if empty, those that the run was asked about, or
        else every one that the test set defines.
    """

    text: str
    metrics: tuple[str, ...]

    def check(
        self,
        test_counts: NDArray[np.int64],
        classes: NDArray[Any] | None = None,
        asked: Sequence[Metric] = (),
    ) -> None:
        """Checks that the rule applies to runs on this test set.

        Parameters
        ----------
        test_counts : ndarray of int64, shape (n_classes,)
            Number of test samples of each class.
        classes : ndarray, shape (n_classes,), optional
            The sorted labels.
        asked : sequence of Metric
            The metrics that the run was asked about.

        Raises
        ------
        ValueError
            If there is no such label, or the test set lacks a class that the metric needs.
        """
        for metric in self._about(test_counts, classes, asked):
            metric.on(test_counts)

    def next_look(self, done: int) -> int:
        """The next number of permutations at which to evaluate the rule.

        Parameters
        ----------
        done : int
            Number of permutations done.

        Returns
        -------
        int
            The first number above `done` in a fixed series: 100, then always a tenth more.
        """
        look = FIRST_LOOK
        while look <= done:
            look += look // GROWTH
        return look

    def is_met(self, v: Sums) -> bool:
        """True if the results suffice by each metric."""
        return all(self._is_met_by(v, metric) for metric in self._of(v))

    def progress(self, v: Sums) -> float:
        """The progress of the run, from 0 to 1, and 1 only if the rule is met.

        For display. Errors shrink with the square root of the number of permutations, so for
        rules about errors this is roughly the share of the permutations needed.
        """
        if self.is_met(v):
            return 1.0
        shares = [self._share(v, metric) for metric in self._of(v)]
        return min(*shares, float(np.nextafter(1, 0)))

    def _of(self, v: Sums) -> list[Metric]:
        return self._about(v.test_counts, v.classes, v.asked)

    def _about(
        self,
        test_counts: NDArray[np.int64],
        classes: NDArray[Any] | None,
        asked: Sequence[Metric],
    ) -> list[Metric]:
        return resolve_all(list(self.metrics) or asked or None, test_counts, classes, asked)

    @abstractmethod
    def _is_met_by(self, v: Sums, metric: Metric) -> bool:
        """True if the results suffice by one metric."""

    @abstractmethod
    def _share(self, v: Sums, metric: Metric) -> float:
        """The progress by one metric, from 0 to 1."""


@dataclass(frozen=True)
class Reliable(Rule):
    """A `Valuation.reliability` of at least `threshold`: a ranking that would hardly change."""

    threshold: float

    def next_look(self, done: int) -> int:
        """The first number above `done` of 8, 12, 16, 24, 32, 48, ...: rankings settle early."""
        look = FIRST_LOOK_AT_RANKING
        while look <= done:
            power = 1 << (look.bit_length() - 1)
            look += power // 2
        return look

    def _is_met_by(self, v: Sums, metric: Metric) -> bool:
        return v.reliability(metric) >= self.threshold

    def _share(self, v: Sums, metric: Metric) -> float:
        # The variance caused by sampling falls as 1 / permutations; the rest stays.
        now = v.reliability(metric)
        if not now < 1:
            return 1.0 if now == 1 else 0.0
        return min((now / (1 - now)) / (self.threshold / (1 - self.threshold)), 1.0)


@dataclass(frozen=True)
class PerSample(Rule):
    """A rule that each sample either meets or fails.

    Attributes
    ----------
    spared : int
        How many samples may fall short, for each metric.
    """

    spared: int

    def _is_met_by(self, v: Sums, metric: Metric) -> bool:
        return int(np.sum(~self._suffices(v, metric))) <= self.spared

    @abstractmethod
    def _suffices(self, v: Sums, metric: Metric) -> NDArray[np.bool_]:
        """True for each sample whose results suffice."""


@dataclass(frozen=True)
class SmallErrors(PerSample):
    """Standard errors that can be believed and are at most `threshold`, in units of the metric.

    An error that cannot be believed (`Valuation.trusted`), such as the zero error of a sample that
    has changed nothing yet, falls short whatever its size. Asymptotic (Chow and Robbins 1965): with
    errors small enough, an interval of the wanted length holds at its level even though the errors
    themselves decided when to stop.
    """

    threshold: float

    def _suffices(self, v: Sums, metric: Metric) -> NDArray[np.bool_]:
        return np.asarray((v.stderr(metric) <= self.threshold) & v.trusted(metric))

    def _share(self, v: Sums, metric: Metric) -> float:
        errors, asked = np.sort(v.stderr(metric)), len(v.players) - self.spared  # nan last
        worst = float(errors[max(asked - 1, 0)])
        if np.isnan(worst):
            return 0.0
        trusted = min(int(v.trusted(metric).sum()) / max(asked, 1), 1.0)
        return trusted if worst <= self.threshold else trusted * (self.threshold / worst) ** 2


@dataclass(frozen=True)
class Decided(PerSample):
    """Samples that are certainly among the lowest or not, or certainly below a number or not.

    `Valuation.decided` says what is certain, for all looks at once.
    """

    level: float
    lowest: float = 0.1
    below: float | None = None

    def _suffices(self, v: Sums, metric: Metric) -> NDArray[np.bool_]:
        answer = v.decided(metric, self.lowest, self.level, below=self.below)
        return np.asarray(answer != 0)

    def _share(self, v: Sums, metric: Metric) -> float:
        decided = self._suffices(v, metric)
        return min(int(decided.sum()) / max(len(decided) - self.spared, 1), 1.0)


def parse_rule(text: str) -> Rule:
    """The stopping rule that a text states.

    Parameters
    ----------
    text : str
        ``"reliability >= 0.95"``: `Valuation.reliability` is at least 0.95. ``"stderr <=
        1e-4"``: all standard errors can be believed and are at most 1e-4, in units of the metric.
        ``"lowest 10% decided at 95%"``: it is certain of every sample whether it is among
        the lowest tenth (`Valuation.decided` at level 0.95). ``"below 0 decided at 95%"``:
        it is certain of every sample whether its value is below 0. Metrics may come first
        (``"rec stderr <= 1e-4"``, ``"acc, rec:benign reliability >= 0.9"``; a label with spaces
        stands in quotes); otherwise the rule tests those that the run was asked about (`metrics`
        of `value`), or every one that the test set defines. ``"but for 20"`` at the end lets that
        many samples fall short for each metric (not with reliability, which is one number). Case
        and spaces do not matter.

    Returns
    -------
    Rule

    Raises
    ------
    TypeError
        If `text` is not a string.
    ValueError
        If the text has none of these forms, or a number in it is out of range.

    Examples
    --------
    >>> parse_rule("rec lowest 10% decided at 95% but for 20").spared
    20
    """
    if not isinstance(text, str):
        raise TypeError(f"until must be a rule in words, got {text!r}; known: {FORMS}")
    found = SENTENCE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"until is {text!r}: {fault(text)}")
    part = found.groupdict()
    metrics = tuple(map(from_a_rule, re.findall(METRIC, part["metrics"] or "", re.IGNORECASE)))
    if part["reliability"] is not None:
        threshold = float(part["reliability"])
        if not 0 < threshold < 1:
            raise ValueError(f"until is {text!r}: the reliability must lie above 0 and below 1")
        return Reliable(text, metrics, threshold)
    spared = int(part["spared"] or 0)
    if part["stderr"] is not None:
        threshold = float(part["stderr"])
        if not 0 < threshold < math.inf:
            raise ValueError(f"until is {text!r}: the error must be above 0 and finite")
        return SmallErrors(text, metrics, spared, threshold)
    level = float(Decimal(part["level"]) / 100)
    if not 0 < level < 1:
        raise ValueError(f"until is {text!r}: the level must lie above 0% and below 100%")
    if part["below"] is not None:
        below = float(part["below"])
        if not math.isfinite(below):
            raise ValueError(f"until is {text!r}: {part['below']} is too large for a double")
        return Decided(text, metrics, spared, level, below=below)
    lowest = float(Decimal(part["lowest"]) / 100)
    if not 0 < lowest <= 1:
        raise ValueError(f"until is {text!r}: the share must be above 0% and at most 100%")
    return Decided(text, metrics, spared, level, lowest)
