"""Problems of several classes, nasty ones too, and slow models of their coalitions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath
import numpy as np
from numpy.typing import NDArray

from shapcpp import _core
from shapcpp.problem.models import Model

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class ClassProblem(NamedTuple):
    X: Floats
    y: Integers
    X_test: Floats
    y_test: Integers
    n_classes: int
    C: float = 1.0
    class_weights: Floats | None = None
    players: Integers | None = None
    empty_counts: Integers | None = None
    single_class: str = "constant"

    @property
    def weights(self) -> Floats:
        return np.ones(self.n_classes) if self.class_weights is None else self.class_weights

    @property
    def empty(self) -> Integers:
        if self.empty_counts is None:
            return np.zeros(self.n_classes, dtype=np.int64)
        return self.empty_counts

    @property
    def player_of_sample(self) -> Integers:
        return np.arange(len(self.y)) if self.players is None else self.players

    def core(self, model: str = "") -> _core.Problem:
        return _core.Problem(
            X=np.ascontiguousarray(self.X, dtype=float), classes=self.y.astype(np.int64),
            X_test=np.ascontiguousarray(self.X_test, dtype=float),
            classes_test=self.y_test.astype(np.int64), class_weights=self.weights,
            players=self.player_of_sample.astype(np.int64), empty_counts=self.empty,
            single_class=self.single_class, **Model(model).conventions(self.C, lambda: self.X),
        )  # fmt: skip

    def counts(self, predicted: Integers) -> Integers:
        right = self.y_test[predicted == self.y_test]
        return np.bincount(right, minlength=self.n_classes).astype(np.int64)

    def score(
        self, members: Integers, predict: Callable[[ClassProblem, Integers], Integers]
    ) -> Integers:
        """Correct predictions of each class, by the slow model of a coalition of samples."""
        present = np.unique(self.y[members])
        if not len(present) or (len(present) == 1 and self.single_class == "carry"):
            return self.empty
        if len(present) == 1:
            return self.counts(np.full(len(self.y_test), present[0]))
        return self.counts(predict(self, members))


def _first_of_largest(scores: Floats, classes: Integers, least: float = 0.0) -> Integers:
    """The smallest class among those whose scores are the largest, but for rounding.

    `least` is a size of scores that are not all zero.
    """
    size = max(np.abs(scores).max(), least)
    close = scores >= scores.max(axis=1, keepdims=True) - 1e-9 * size
    return np.asarray(classes[np.argmax(close, axis=1)])


def _centred(problem: ClassProblem, members: Integers) -> tuple[Floats, Floats]:
    centre = problem.X.mean(axis=0)
    one = np.ones((len(problem.X), 1))
    X = np.hstack([problem.X - centre, one])[members]
    return X, np.hstack([problem.X_test - centre, np.ones((len(problem.X_test), 1))])


def ridge(problem: ClassProblem, members: Integers) -> Integers:
    """Least squares with a penalty, by the singular values of the weighted, padded matrix."""
    X, X_test = _centred(problem, members)
    y = problem.y[members]
    classes = np.unique(y)
    root = np.sqrt(problem.weights[y])[:, None]
    penalty = np.eye(X.shape[1] - 1, X.shape[1]) / np.sqrt(problem.C)
    A = np.vstack([root * X, penalty])
    targets = np.vstack([root * (y[:, None] == classes), np.zeros((len(penalty), len(classes)))])
    W = np.linalg.lstsq(A, targets, rcond=None)[0]
    return _first_of_largest(X_test @ W, classes)


def _logistic(X: Floats, signs: Floats, weights: Floats, C: float) -> Floats:
    """Newton's method with halved steps."""
    penalty = np.full(X.shape[1], 1 / C)
    penalty[-1] = 0

    def loss(w: Floats) -> float:
        return float(weights @ np.logaddexp(0, -signs * (X @ w)) + penalty @ w**2 / 2)

    w = np.zeros(X.shape[1])
    for _ in range(300):
        p = np.exp(-np.logaddexp(0, signs * (X @ w)))
        gradient = -X.T @ (weights * signs * p) + penalty * w
        H = (X * (weights * p * (1 - p))[:, None]).T @ X + np.diag(penalty)
        step = np.linalg.solve(H, gradient)
        decrement = float(gradient @ step)
        w = _stepped(loss, w, step, decrement)
        if decrement < 1e-26:
            break
    return w


def _stepped(loss: Callable[[Floats], float], w: Floats, step: Floats, decrement: float) -> Floats:
    """Goes a step back, halved until the loss falls; short steps need no such care."""
    length, before = 1.0, loss(w)
    while decrement > 1e-12 and loss(w - length * step) > before and length > 1e-9:
        length /= 2
    return w - length * step


def ovr(problem: ClassProblem, members: Integers) -> Integers:
    """One logistic regression for each class present, that class against the rest."""
    X, X_test = _centred(problem, members)
    y = problem.y[members]
    classes = np.unique(y)
    scores = [
        X_test @ _logistic(X, np.where(y == k, 1.0, -1.0), problem.weights[y], problem.C)
        for k in classes
    ]
    return _first_of_largest(np.array(scores).T, classes)


def _softmax(X: Floats, y: Integers, K: int, weights: Floats, C: float) -> Floats:
    """Newton's method with halved steps; columns add up to zero, so intercepts are determined."""
    n, q = X.shape
    penalty = np.full(q, 1 / C)
    penalty[-1] = 0
    targets = np.eye(K)[y]

    def logits(W: Floats) -> Floats:
        Z = X @ W
        return np.asarray(Z - Z.max(axis=1, keepdims=True))

    def loss(W: Floats) -> float:
        Z = logits(W)
        losses = np.log(np.exp(Z).sum(axis=1)) - Z[np.arange(n), y]
        return float(weights @ losses + penalty @ (W**2).sum(axis=1) / 2)

    W = np.zeros((q, K))
    for _ in range(300):
        P = np.exp(logits(W))
        P /= P.sum(axis=1, keepdims=True)
        others = np.where(targets > 0, 0, P)
        gradient = X.T @ (weights[:, None] * (others - targets * others.sum(axis=1)[:, None]))
        gradient = (gradient + penalty[:, None] * W).T.ravel()
        H = np.zeros((K, q, K, q))
        for k in range(K):
            H[k, :, k] += np.diag(penalty)
            for m in range(k + 1, K):
                block = (X * (weights * P[:, k] * P[:, m])[:, None]).T @ X
                for a, b, sign in ((k, k, 1), (m, m, 1), (k, m, -1), (m, k, -1)):
                    H[a, :, b] += sign * block
        for j in range(q):  # nothing else determines the means of the classes
            H[:, j, :, j] += 1.0
        step = np.linalg.solve(H.reshape(K * q, K * q), gradient).reshape(K, q).T
        decrement = float(gradient @ step.T.ravel())
        W = _stepped(loss, W, step, decrement)
        if decrement < 1e-26:
            break
    return W


def multinomial(problem: ClassProblem, members: Integers) -> Integers:
    """One model of all classes present; of two, the binary one with the same C."""
    X, X_test = _centred(problem, members)
    y = problem.y[members]
    classes, own = np.unique(y, return_inverse=True)
    weights = problem.weights[y]
    if len(classes) == 2:
        margins = X_test @ _logistic(X, np.where(own == 1, 1.0, -1.0), weights, problem.C)
        return _first_of_largest(np.column_stack([np.zeros(len(margins)), margins]), classes)
    scores = X_test @ _softmax(X, own, len(classes), weights, problem.C)
    return _first_of_largest(scores, classes, least=1e-3)


def lda(problem: ClassProblem, members: Integers) -> Integers:
    """Normal distributions of one covariance, by the singular values of the padded deviations."""
    X, X_test = (side[:, :-1] for side in _centred(problem, members))
    y = problem.y[members]
    classes, sizes = np.unique(y, return_counts=True)
    means = np.stack([X[y == k].mean(axis=0) for k in classes])
    away = np.vstack([X - means[np.searchsorted(classes, y)], np.eye(X.shape[1]) / problem.C**0.5])
    _, root, V = np.linalg.svd(away, full_matrices=False)
    W = len(y) * (means @ V.T / root**2) @ V
    scores = X_test @ W.T - (means * W).sum(axis=1) / 2 + np.log(sizes)
    return _first_of_largest(scores, classes)


def centroid(problem: ClassProblem, members: Integers) -> Integers:
    """The class of the nearest mean."""
    X, X_test = _centred(problem, members)
    y = problem.y[members]
    classes = np.unique(y)
    means = np.stack([X[y == k].mean(axis=0) for k in classes])
    scores = 2 * X_test @ means.T - (means**2).sum(axis=1)
    return _first_of_largest(scores, classes)


def smoothing(X: Floats) -> float:
    return 1e-9 * float(X.var(axis=0).max() or 1.0)


def bayes(problem: ClassProblem, members: Integers) -> Integers:
    """Normal distributions of independent features; what is close is computed in 60 digits."""
    X, X_test = (side[:, :-1] for side in _centred(problem, members))
    y = problem.y[members]
    classes, sizes = np.unique(y, return_counts=True)
    weights = problem.weights[classes]
    means = np.stack([X[y == k].mean(axis=0) for k in classes])
    variances = np.stack([X[y == k].var(axis=0) for k in classes]) + smoothing(problem.X)
    squares = (X_test[:, None, :] - means) ** 2 / variances + np.log(variances)
    scores = np.log(weights * sizes) - squares.sum(axis=2) / 2
    best = np.argmax(scores, axis=1)
    for i, own in enumerate(scores):
        near = np.flatnonzero(own.max() - own < 1e-7 * (1 + np.abs(own.max())))
        if len(near) > 1:
            best[i] = near[_first_of_normals(problem, members, classes[near], problem.X_test[i])]
    return np.asarray(classes[best])


def normal_scores(problem: ClassProblem, members: Integers, classes: Integers) -> Any:
    """A function of a sample: the scores of classes, in the digits of mpmath's context."""
    y, number = problem.y[members], mpmath.mpf
    more = number(smoothing(problem.X))
    known = []
    for k in classes:
        X = [[number(float(x)) for x in column] for column in problem.X[members][y == k].T]
        means = [mpmath.fsum(column) / len(column) for column in X]
        variances = [
            mpmath.fsum((x - m) ** 2 for x in column) / len(column) + more
            for column, m in zip(X, means, strict=True)
        ]
        constant = mpmath.log(number(float(problem.weights[k])) * int((y == k).sum()))
        known.append((means, variances, constant - mpmath.fsum(map(mpmath.log, variances)) / 2))

    def scores(x: Any) -> list[Any]:
        return [
            c - mpmath.fsum((a - b) ** 2 / s for a, b, s in zip(x, m, v, strict=True)) / 2
            for m, v, c in known
        ]

    return scores


def _first_of_normals(
    problem: ClassProblem, members: Integers, classes: Integers, x: Floats
) -> int:
    with mpmath.workdps(60):
        scores = normal_scores(problem, members, classes)([mpmath.mpf(float(z)) for z in x])
        return next(k for k, own in enumerate(scores) if own > max(scores) - 1e-13)


SLOW = {
    "ridge": ridge, "ovr": ovr, "multinomial": multinomial, "centroid": centroid, "lda": lda,
    "bayes": bayes,
}  # fmt: skip


class Draw:
    def __init__(self, seed: int) -> None:
        rng = self.rng = np.random.default_rng(seed)
        self.K = 2 + seed % 11
        self.n, self.m = int(rng.integers(self.K, self.K + 22)), int(rng.integers(1, 40))
        self.d = int(rng.integers(1, 8))
        self.y = rng.integers(0, self.K, self.n)
        self.y_test = rng.integers(0, self.K, self.m)
        self.centres = rng.normal(size=(self.K, self.d))
        self.X = rng.normal(size=(self.n, self.d)) + self.centres[self.y]
        self.X_test = rng.normal(size=(self.m, self.d)) + self.centres[self.y_test]

    def with_(self, **changes: Any) -> ClassProblem:
        base = {"X": self.X, "y": self.y, "X_test": self.X_test, "y_test": self.y_test}
        return ClassProblem(**({"n_classes": self.K} | base | changes))

    def samples(self, change: Callable[[Floats], Floats], **changes: Any) -> ClassProblem:
        return self.with_(X=change(self.X), X_test=change(self.X_test), **changes)


def _more_features(p: Draw) -> ClassProblem:
    d = p.n + 5
    return p.with_(X=p.rng.normal(size=(p.n, d)), X_test=p.rng.normal(size=(p.m, d)))


def _groups(p: Draw) -> ClassProblem:
    groups = p.rng.integers(0, max(2, p.n // 3), p.n)
    return p.with_(players=np.unique(groups, return_inverse=True)[1])


def _lattice(p: Draw) -> ClassProblem:
    return p.with_(
        X=p.rng.integers(0, 3, (p.n, p.d)).astype(float),
        X_test=p.rng.integers(0, 3, (p.m, p.d)).astype(float),
    )


KINDS: dict[str, Callable[[Draw], ClassProblem]] = {
    "plain": lambda p: p.with_(),
    "class weights": lambda p: p.with_(class_weights=p.rng.uniform(0.2, 5, p.K)),
    "classes absent from training": lambda p: p.with_(y=p.y // 2 * 2),
    "classes absent from the test set": lambda p: p.with_(y_test=p.y_test // 2),
    "classes of one sample": lambda p: p.with_(y=np.where(np.arange(p.n) < p.K, np.arange(p.n), 0)),
    "duplicated rows": lambda p: p.with_(X=np.repeat(p.X, 2, axis=0), y=np.repeat(p.y, 2)),
    "every row of every class": lambda p: p.with_(
        X=np.repeat(p.X[:3], p.K, axis=0), y=np.tile(np.arange(p.K), 3)
    ),
    "lattice": _lattice,
    "separable": lambda p: p.with_(X=p.X + 30 * p.centres[p.y], X_test=p.X_test + 30 * p.centres[p.y_test]),
    "more features than samples": _more_features,
    "groups": _groups,
    "one feature": lambda p: p.samples(lambda X: X[:, :1]),
    "constant column": lambda p: p.samples(lambda X: np.column_stack([X, np.full(len(X), 3.3)])),
    "carry": lambda p: p.with_(single_class="carry", empty_counts=p.rng.integers(0, 2, p.K)),
    "strong penalty": lambda p: p.with_(C=1e-3),
    "weak penalty": lambda p: p.with_(C=1e3),
    "far from the origin": lambda p: p.samples(lambda X: X + 1e4),
    "scale 1e3": lambda p: p.samples(lambda X: X * 1e3),
}  # fmt: skip


def make(kind: str, seed: int) -> ClassProblem:
    return KINDS[kind](Draw(seed))
