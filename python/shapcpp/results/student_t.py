"""Quantiles of Student's t, right far out in the tail."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

__all__ = ["student_quantile"]

MANY = 1000  # degrees of freedom from which on the quantile is expanded around the normal one
MIDDLE = 0.05  # probabilities above it: where the continued fraction converges slowly
NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(64)
STEPS = 100
CONVERGED = 1e-14


def student_quantile(tail: float, freedom: int) -> float:
    """The t that a Student variable exceeds with a given probability.

    Parameters
    ----------
    tail : float
        The probability of a larger value, above 0 and at most 1/2.
    freedom : int
        Degrees of freedom, at least 1.

    Returns
    -------
    float
        Accurate to a relative 1e-9, or 1e-7 where the probability is below 1e-20.

    Notes
    -----
    The tail is an incomplete beta function (Abramowitz and Stegun 26.5.27), found by its continued
    fraction and inverted by Newton's method; with many degrees of freedom the quantile is
    expanded around the normal one (26.7.5).
    """
    z = -NormalDist().inv_cdf(tail)
    if freedom >= MANY:
        return _around_the_normal(z, freedom)
    if tail > MIDDLE:
        return _in_the_middle(tail, freedom, z)
    # The logarithm of the tail is a concave function of log t, so Newton's method converges.
    log_t = math.log(z)
    for _ in range(STEPS):
        log_tail = _log_tail(math.exp(log_t), freedom)
        slope = math.exp(_log_density(math.exp(log_t), freedom) + log_t - log_tail)
        step = (log_tail - math.log(tail)) / slope
        log_t += step
        if abs(step) < CONVERGED:
            break
    return math.exp(log_t)


def _around_the_normal(z: float, freedom: int) -> float:
    s = z * z
    terms = (
        z,
        z * (s + 1) / 4,
        z * ((5 * s + 16) * s + 3) / 96,
        z * (((3 * s + 19) * s + 17) * s - 15) / 384,
        z * ((((79 * s + 776) * s + 1482) * s - 1920) * s - 945) / 92160,
    )
    return math.fsum(term / freedom**power for power, term in enumerate(terms))


def _in_the_middle(tail: float, freedom: int, z: float) -> float:
    # The integral of the density from 0 is concave in t, and the solution lies to the right of z.
    t = z
    for _ in range(STEPS):
        points = t / 2 * (1 + NODES)
        density = np.exp([_log_density(float(point), freedom) for point in points])
        step = (0.5 - tail - t / 2 * float(NODE_WEIGHTS @ density)) / math.exp(
            _log_density(t, freedom)
        )
        t += step
        if abs(step) < CONVERGED:
            break
    return t


def _log_density(t: float, freedom: int) -> float:
    half = freedom / 2
    scale = math.lgamma(half + 0.5) - math.lgamma(half) - math.log(freedom * math.pi) / 2
    return scale - (half + 0.5) * math.log1p(t * t / freedom)


def _log_tail(t: float, freedom: int) -> float:
    # P(T > t) = I_x(a, b) / 2
    a, b = freedom / 2, 0.5
    x = freedom / (freedom + t * t)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front -= a * math.log1p(t * t / freedom) + b * math.log1p(freedom / (t * t))
    return front + math.log(_fraction(a, b, x)) - math.log(2 * a)


def _fraction(a: float, b: float, x: float) -> float:
    # 1/(1 + d1/(1 + d2/(1 + ...))), A&S 26.5.8, from the front (Lentz's method).
    value, c, d = 1.0, 1.0, 0.0
    for i in range(1, 10_000):
        m = i // 2
        if i % 2 == 0:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        else:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / (1 + term * d)
        c = 1 + term / c
        value *= c * d
        if abs(1 - c * d) < CONVERGED:
            break
    return 1 / value
