"""What given labels tell about wrong ones: a mixture of true classes behind each given label.

All others' predictions F of a sample make true class t as likely as q_t = softmax(b F + c)_t, or
the same of bent predictions (`Bend`); a sample of true class t is given label k at the rate
T[t, k]. So label k is seen with probability sum over t of q_t T[t, k], and of a sample labelled k,
true class t has the share r_t = q_t T[t, k] / (the sum).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bend", "Choice", "Mixture", "choose", "fit", "log_joint", "posterior"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SLOPES = (0.1, 200.0)  # of b
LEAST_RIGHT = 0.5  # a label is right more often than not
LEAST_LOG_RATE = -25.0  # an extrapolated rate is no less likely: 1 minus it still differs from 1
MOST_ROUNDS = 400
CUT = 4.0  # extrapolation that is a step back reaches this many times less far
CLOSE = 1e-4  # rounds end when the penalised log-likelihood gains less
PSEUDO = 2.0  # samples per class that are thought to obey the common rate
# What is known beforehand; it matters where samples are few. Labels that the common rate is thought
# to have seen, wrong and right, and how large slopes are.
WRONG, RIGHT = 1.0, 2.0
STEEP = 20.0
SURE = 2.326347874040841  # a normal deviate that chance exceeds once in a hundred
BENT_TO = 2.0  # predictions are bent up to this many half widths from the middle


@dataclass(frozen=True)
class Bend:
    """Turns predictions, which lie on the scale of probabilities, towards log odds.

    Predictions of the likeliest class and of the others have means, `half` above and below
    `middle`. If these were where probabilities end, the log odds of a class that is predicted u
    halves above the middle would be 2 atanh(u): in proportion to u + u^3 / 3 where u is small.
    This cubic has no ends, which predictions, being estimates, go beyond.
    """

    middle: float
    half: float

    @classmethod
    def of(cls, F: Floats) -> Bend:
        """Fits the means of predictions F."""
        top = float(F.max(axis=1).mean())
        low = (1 - top) / (F.shape[1] - 1)
        return cls((top + low) / 2, (top - low) / 2 if top > low else 1.0)

    def __call__(self, F: Floats) -> Floats:
        """Predictions bent, in halves as units, so that those near the middle stay."""
        u = np.clip((F - self.middle) / self.half, -BENT_TO, BENT_TO)
        bent: Floats = F + self.half * u**3 / 3
        return bent


@dataclass(frozen=True, eq=False)
class Mixture:
    """Parameters, the log-likelihood, and whether the rates differ by direction."""

    slope: float
    offsets: Floats  # (K,)
    rates: Floats  # (K, K): row the true class, column the given one
    log_likelihood: float
    by_direction: bool
    bend: Bend | None = None

    def seen(self, F: Floats) -> Floats:
        """Predictions as slope and offsets apply to them."""
        return F if self.bend is None else self.bend(F)


@dataclass(frozen=True, eq=False)
class Choice:
    """The mixture to judge by, and what speaks for its kind."""

    best: Mixture
    evidence: float  # for rates by direction, a normal deviate
    second: Mixture | None  # another that is as likely, where there is one


def posterior(mixture: Mixture, F: Floats, classes: Integers) -> Floats:
    """(n, K): the share of each true class given prediction and label."""
    joint = log_joint(mixture, F, classes)
    return np.exp(joint - _log_sums(joint)[:, None])


def log_joint(mixture: Mixture, F: Floats, classes: Integers) -> Floats:
    """(n, K): log of q_t T[t, k] for the given label k, but for a term common to all t."""
    logits = mixture.slope * mixture.seen(F) + mixture.offsets
    joint: Floats = logits + np.log(mixture.rates).T[classes]
    return joint


def _log_sums(Z: Floats) -> Floats:
    top = Z.max(axis=1)
    sums: Floats = top + np.log(np.exp(Z - top[:, None]).sum(axis=1))
    return sums


def choose(F: Floats, classes: Integers, checkpoint: Callable[[], object]) -> Choice:
    """The mixture with one rate for all, unless rates by direction fit better for certain.

    Certain: twice the gain in log-likelihood exceeds what chance reaches once in a hundred, the
    predictions being taken as they are by both. One rate is then fitted to bent predictions: how
    soon true classes are certain and how often labels are wrong look alike, and where predictions
    are taken as they are, that rate comes out too low. Rates by direction move the middle from
    which to bend; they come out right without.
    """
    common = fit(F, classes, False, checkpoint)
    free = fit(F, classes, True, checkpoint, common)
    freedom = len(free.rates) * (len(free.rates) - 1) - 1
    gain = max(2 * (free.log_likelihood - common.log_likelihood), 0.0)
    deviate = _normal_deviate(gain, freedom)
    if deviate > SURE:
        return Choice(free, deviate, None)
    return Choice(fit(F, classes, False, checkpoint, bend=Bend.of(F)), deviate, common)


def _normal_deviate(chi_square: float, freedom: int) -> float:
    """A chi-square value as a normal deviate, by Wilson and Hilferty's cube root."""
    spread = 2 / (9 * freedom)
    deviate: float = ((chi_square / freedom) ** (1 / 3) - 1 + spread) / math.sqrt(spread)
    return deviate


def fit(
    F: Floats,
    classes: Integers,
    by_direction: bool,
    checkpoint: Callable[[], object],
    start: Mixture | None = None,
    bend: Bend | None = None,
) -> Mixture:
    """The most likely mixture, by expectation maximisation with extrapolated steps."""
    n_classes = F.shape[1]
    rates = np.full((n_classes, n_classes), 0.1 / (n_classes - 1))
    np.fill_diagonal(rates, 0.9)
    state = _State(3.0, np.zeros(n_classes), rates)
    common = 0.0
    if start is not None:
        state = _State(start.slope, start.offsets, start.rates)
        common = 1 - float(start.rates[0, 0])
    seen = F if bend is None else bend(F)
    model = _Model(seen, classes, common if by_direction else None)
    value = -np.inf
    for _ in range(MOST_ROUNDS):
        checkpoint()
        first, value_here = model.improve(state)
        if value_here - value < CLOSE:
            break
        value = value_here
        second, _ = model.improve(first)
        state = _extrapolate(model, state, first, second)
    return Mixture(
        state.slope, state.offsets, state.rates, model.log_likelihood(state), by_direction, bend
    )


@dataclass(frozen=True, eq=False)
class _State:
    slope: float
    offsets: Floats
    rates: Floats

    def vector(self) -> Floats:
        return np.concatenate([[math.log(self.slope)], self.offsets, np.log(self.rates).ravel()])

    @classmethod
    def of(cls, vector: Floats, n_classes: int) -> _State:
        logs = np.clip(vector[1 + n_classes :], LEAST_LOG_RATE, 0.0)
        rates = np.exp(logs).reshape(n_classes, n_classes)
        rates /= rates.sum(axis=1, keepdims=True)
        slope = math.exp(min(max(float(vector[0]), -50.0), 50.0))
        return cls(_within(slope), vector[1 : 1 + n_classes], _mostly_right(rates))


def _extrapolate(model: _Model, start: _State, first: _State, second: _State) -> _State:
    """Varadhan and Roland's squared extrapolation of two rounds, as far as it is no step back."""
    a, b, c = start.vector(), first.vector(), second.vector()
    step, bend = b - a, c - 2 * b + a
    size = float(np.sqrt((bend * bend).sum()))
    if size == 0:
        return second
    reach = float(np.sqrt((step * step).sum())) / size
    least = model.value(second)
    while reach > 1:
        far = _State.of(a + 2 * reach * step + reach**2 * bend, len(start.offsets))
        if model.value(far) >= least:
            return far
        reach /= CUT
    return second


def _within(slope: float) -> float:
    return min(max(slope, SLOPES[0]), SLOPES[1])


def _mostly_right(rates: Floats) -> Floats:
    """Rates with every diagonal entry raised to LEAST_RIGHT where it lies below."""
    right = np.diag(rates)
    low = right < LEAST_RIGHT
    if low.any():
        shrink = np.where(low, LEAST_RIGHT / np.maximum(1 - right, LEAST_RIGHT), 1.0)
        rates = rates * shrink[:, None]
        np.fill_diagonal(rates, np.where(low, LEAST_RIGHT, right))
    return rates


class _Model:
    """Data, and what is known of rates beforehand: `common` is the rate of all classes together."""

    def __init__(self, F: Floats, classes: Integers, common: float | None) -> None:
        self.F, self.classes, self.common = F, classes, common
        self.n_classes = F.shape[1]

    def value(self, state: _State) -> float:
        """The log-likelihood, and the log of the prior density of slope, offsets and rates."""
        return self.log_likelihood(state) + self._log_prior(state)

    def log_likelihood(self, state: _State) -> float:
        logits = state.slope * self.F + state.offsets
        joint = logits + np.log(state.rates).T[self.classes]
        return float((_log_sums(joint) - _log_sums(logits)).sum())

    def _log_prior(self, state: _State) -> float:
        drawn = -0.5 * float((state.offsets**2).sum())  # to 0, by one sample's worth
        drawn -= 0.5 * (state.slope / STEEP) ** 2
        if self.common is None:
            wrong = 1 - float(state.rates[0, 0])
            return drawn + WRONG * math.log(wrong) + RIGHT * math.log(1 - wrong)
        return drawn + float((self._pseudo(self.common) * np.log(state.rates)).sum())

    def _pseudo(self, wrong: float) -> Floats:
        """PSEUDO samples of every class, labelled at the common rate."""
        counts = np.full((self.n_classes, self.n_classes), PSEUDO * wrong / (self.n_classes - 1))
        np.fill_diagonal(counts, PSEUDO * (1 - wrong))
        return counts

    def improve(self, state: _State) -> tuple[_State, float]:
        """One round: shares of true classes, then all parameters; and the value before."""
        logits = state.slope * self.F + state.offsets
        whole = _log_sums(logits)
        joint = logits + np.log(state.rates).T[self.classes]
        seen = _log_sums(joint)
        value = float((seen - whole).sum()) + self._log_prior(state)
        q, r = np.exp(logits - whole[:, None]), np.exp(joint - seen[:, None])
        slope, offsets = self._steer(state, q, r)
        return _State(slope, offsets, self._rates(r)), value

    def _rates(self, r: Floats) -> Floats:
        K = self.n_classes
        counts = np.stack(
            [np.bincount(self.classes, weights=r[:, t], minlength=K) for t in range(K)]
        )
        if self.common is None:
            wrong = (float(counts.sum() - np.trace(counts)) + WRONG) / (len(r) + WRONG + RIGHT)
            rates = np.full((K, K), wrong / (K - 1))
            np.fill_diagonal(rates, 1 - wrong)
        else:
            rates = counts + self._pseudo(self.common)
            rates /= rates.sum(axis=1, keepdims=True)
        return _mostly_right(rates)

    def _steer(self, state: _State, q: Floats, r: Floats) -> tuple[float, Floats]:
        """One Newton step of slope and offsets towards the shares r."""
        F, K = self.F, self.n_classes
        off = r - q
        mean = (q * F).sum(axis=1)
        gradient = np.concatenate([[float((off * F).sum())], off.sum(axis=0)])
        curvature = np.zeros((K + 1, K + 1))
        curvature[0, 0] = float((q * F * F).sum() - (mean * mean).sum())
        curvature[0, 1:] = curvature[1:, 0] = (q * (F - mean[:, None])).sum(axis=0)
        curvature[1:, 1:] = np.diag(q.sum(axis=0)) - np.einsum("it,iu->tu", q, q)
        gradient[1:] -= state.offsets
        gradient[0] -= state.slope / STEEP**2
        curvature[np.diag_indices(K + 1)] += 1.0
        step = np.linalg.solve(curvature, gradient)
        step *= min(1.0, 2.0 / float(np.abs(step).max())) if step.any() else 0.0
        slope = _within(state.slope + float(step[0]))
        if slope != state.slope + float(step[0]):  # stopped short: offsets go by what is left
            left = gradient[1:] - curvature[1:, 0] * (slope - state.slope)
            step[1:] = np.linalg.solve(curvature[1:, 1:], left)
        return slope, state.offsets + step[1:]
