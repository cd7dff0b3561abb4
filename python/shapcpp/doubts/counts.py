"""Counts wrong labels by true and given class, with the uncertainty of these counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shapcpp.doubts.mixture import Choice, Mixture, posterior

__all__ = ["Counts", "count"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MOST_CLASSES = 20  # beyond, only slope and common rate are taken to be uncertain
AT_ONCE = 4096  # rows


@dataclass(frozen=True, eq=False)
class Counts:
    """Expected numbers of labels by (true class, given label), with standard deviations."""

    numbers: Floats  # (K, K), diagonal 0
    deviations: Floats  # (K, K), diagonal 0
    total_deviation: float


def count(choice: Choice, F: Floats, classes: Integers, fitted: Integers) -> Counts:
    """Expected numbers of wrong labels: sums of the shares r of other classes.

    Where two mixtures are equally likely, the second one widens the uncertainty only: the larger
    of the two deviations is used, and the difference between the two numbers is added to it.

    Parameters
    ----------
    choice : Choice
        The fitted mixtures.
    F, classes
        Predictions and classes of all rows.
    fitted : ndarray of int64
        The rows that the mixtures were fitted to.
    """
    best = _count(choice.best, F, classes, fitted)
    if choice.second is None:
        return best
    other = _count(choice.second, F, classes, fitted)
    total = float(best.numbers.sum() - other.numbers.sum())
    return Counts(
        best.numbers,
        np.hypot(np.maximum(best.deviations, other.deviations), best.numbers - other.numbers),
        float(np.hypot(max(best.total_deviation, other.total_deviation), total)),
    )


def _count(mixture: Mixture, F: Floats, classes: Integers, fitted: Integers) -> Counts:
    """Counts by one mixture.

    Their uncertainty has two sources. Even with all parameters known, chance decides which labels
    are wrong: this variance is a sum of r (1 - r). And the parameters are estimates: the gradient
    of a number propagates their covariance, which is the inverse of the summed squares of the
    samples' scores (gradients of the log-likelihood).
    """
    n_classes = F.shape[1]
    parameters = _Parameters(mixture, n_classes)
    information = np.zeros((parameters.size, parameters.size))
    for rows in _blocks(fitted):
        scores = parameters.of(F[rows], classes[rows]).scores
        information += np.einsum("ip,iq->pq", scores, scores)
    numbers, chance = np.zeros((n_classes, n_classes)), np.zeros((n_classes, n_classes))
    gradients = np.zeros((n_classes, n_classes, parameters.size))
    total_chance = 0.0
    for rows in _blocks(np.arange(len(F))):
        given = classes[rows]
        part = parameters.of(F[rows], given)
        right = part.r[np.arange(len(rows)), given]
        total_chance += float((right * (1 - right)).sum())
        for k in np.unique(given):
            mine = given == k
            numbers[:, k] += part.r[mine].sum(axis=0)
            chance[:, k] += (part.r[mine] * (1 - part.r[mine])).sum(axis=0)
            gradients[:, k] += part.gradient(mine)
    gradients += numbers[:, :, None] * parameters.of_rates()
    # The pseudo-inverse leaves out directions that no sample informs, such as a common offset.
    covariance = np.linalg.pinv(information, rcond=1e-10, hermitian=True)
    known = np.einsum("tkp,tkp->tk", np.einsum("tkp,pq->tkq", gradients, covariance), gradients)
    wrong = ~np.eye(n_classes, dtype=bool)
    together = gradients[wrong].sum(axis=0)
    total = total_chance + float(np.einsum("p,pq,q->", together, covariance, together))
    deviations: Floats = np.sqrt(np.maximum(chance + known, 0.0)) * wrong
    return Counts(numbers * wrong, deviations, float(np.sqrt(max(total, 0.0))))


def _blocks(rows: Integers) -> list[Integers]:
    return np.array_split(rows, max(1, len(rows) // AT_ONCE))


class _Parameters:
    """Parameters of a mixture: log slope, offsets, and logits of rates or of the common rate."""

    def __init__(self, mixture: Mixture, n_classes: int) -> None:
        self.mixture, self.n_classes = mixture, n_classes
        self.few = n_classes <= MOST_CLASSES
        self.by_rate = mixture.by_direction and self.few
        self.wrong = 1 - float(np.trace(mixture.rates)) / n_classes
        self.size = 1 + n_classes * self.few + (n_classes**2 if self.by_rate else 1)

    def of(self, F: Floats, classes: Integers) -> _Part:
        """Shares of true classes in some rows, and their gradients."""
        seen = self.mixture.seen(F)
        logits = self.mixture.slope * seen + self.mixture.offsets
        q = np.exp(logits - logits.max(axis=1, keepdims=True))
        q /= q.sum(axis=1, keepdims=True)
        r = posterior(self.mixture, F, classes)
        columns = [self.mixture.slope * ((r - q) * seen).sum(axis=1)[:, None]]
        columns += [r - q] if self.few else []
        if self.by_rate:
            indicator = np.eye(self.n_classes)[classes]
            rates = r[:, :, None] * (indicator[:, None, :] - self.mixture.rates)
            columns.append(rates.reshape(len(F), -1))
        else:
            right = r[np.arange(len(r)), classes]
            columns.append((1 - right - self.wrong)[:, None])
        lean = self.mixture.slope * (seen - (q * seen).sum(axis=1, keepdims=True))
        return _Part(self, q, r, np.concatenate(columns, axis=1), lean)

    def of_rates(self) -> Floats:
        """(K, K, size): gradients of log T[t, k]."""
        K, rates = self.n_classes, self.mixture.rates
        result = np.zeros((K, K, self.size))
        if not self.by_rate:
            result[:, :, -1] = ~np.eye(K, dtype=bool) - self.wrong
            return result
        for t in range(K):
            row = slice(self.size - K * K + t * K, self.size - K * K + (t + 1) * K)
            result[t, :, row] = np.eye(K) - rates[t]
        return result


@dataclass(frozen=True, eq=False)
class _Part:
    parameters: _Parameters
    q: Floats  # shares of true classes, by the prediction alone
    r: Floats  # shares of true classes, by prediction and label
    scores: Floats  # gradient of each sample's log-likelihood
    lean: Floats  # gradient of log q_t by the log slope

    def gradient(self, mine: NDArray[np.bool_]) -> Floats:
        """(K, size): gradients of sums of r over the rows `mine`, but for the rates' own part."""
        r, n_classes = self.r[mine], self.parameters.n_classes
        gradient: Floats = -np.einsum("it,ip->tp", r, self.scores[mine])
        gradient[:, 0] += (r * self.lean[mine]).sum(axis=0)
        if self.parameters.few:
            offsets = np.diag(r.sum(axis=0)) - np.einsum("it,iu->tu", r, self.q[mine])
            gradient[:, 1 : 1 + n_classes] += offsets
        return gradient
