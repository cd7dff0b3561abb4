"""Leave-one-out predictions against as many refits, by code that shares nothing with the engine."""

from __future__ import annotations

import numpy as np
import pytest

from refits import fit_to_all, refit_without_each, view
from shapcpp import _core
from shapcpp.doubts import leave_one_out

EVERYONE = np.empty(0, dtype=np.int64)
CASES = [
    ("product", 1.0, 0), ("product", 1.0, 12), ("gaussian", 0.7, 15), ("laplacian", 0.7, 15), ("laplacian", 1.4, 1)
]  # fmt: skip


def data(n: int = 41, d: int = 5, n_classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    classes = rng.integers(0, n_classes, n)
    return rng.normal(size=(n, d)) + classes[:, None], classes


@pytest.mark.parametrize(("similarity", "width", "n_landmarks"), CASES)
@pytest.mark.parametrize("factor", [0.001, 0.1, 30.0])
def test_they_are_those_of_as_many_refits(
    similarity: str, width: float, n_landmarks: int, factor: float
) -> None:
    X, classes = data()
    landmarks = np.random.default_rng(0).permutation(41)[:n_landmarks]
    F, loss, penalty, rank = _core.leave_one_out(
        X=X, classes=classes, n_classes=3, similarity=similarity, width=width,
        landmarks=landmarks, factors=np.array([factor]), judged=EVERYONE, threads=2,
    )  # fmt: skip
    targets = np.eye(3)[classes]
    slow = refit_without_each(*view(X, similarity, width, landmarks), targets, penalty)
    np.testing.assert_allclose(F, slow, atol=2e-7 if n_landmarks else 1e-11)
    assert loss == pytest.approx(((slow - targets) ** 2).sum() / 41, rel=1e-6)
    assert rank <= (n_landmarks or 5)


def test_the_penalty_with_the_least_loss_is_taken() -> None:
    X, classes = data()
    factors = np.array([1e-3, 1e-1, 10.0])

    def loss(of: np.ndarray) -> float:
        return _core.leave_one_out(
            X=X, classes=classes, n_classes=3, similarity="product", width=1.0,
            landmarks=EVERYONE, factors=of, judged=EVERYONE, threads=1,
        )[1]  # fmt: skip

    assert loss(factors) == min(loss(factors[i : i + 1]) for i in range(3))


def test_some_are_judged_as_among_all() -> None:
    X, classes = data()
    options = {
        "X": X, "classes": classes, "n_classes": 3, "similarity": "laplacian", "width": 1.0,
        "landmarks": np.arange(20), "factors": np.array([0.1]), "threads": 1,
    }  # fmt: skip
    rows = np.array([0, 4, 5, 17, 40])
    some, loss, penalty, _ = _core.leave_one_out(**options, judged=rows)  # type: ignore[arg-type]
    whole = _core.leave_one_out(**options, judged=EVERYONE)  # type: ignore[arg-type]
    np.testing.assert_allclose(some, whole[0][rows], atol=1e-12)
    assert loss == pytest.approx(((some - np.eye(3)[classes[rows]]) ** 2).sum() / 5)
    assert penalty == whole[2]


@pytest.mark.parametrize("n_landmarks", [1, 14])
def test_steepness_is_that_of_small_steps(n_landmarks: int) -> None:
    X, classes = data()
    marks = np.arange(n_landmarks)
    found = _core.steepness(
        X=X, classes=classes, n_classes=3, width=1.0, landmarks=marks, factors=np.array([0.1]),
        threads=2,
    )  # fmt: skip
    columns, P = view(X, "laplacian", 1.0, marks)
    weights = fit_to_all(columns, P, np.eye(3)[classes], 0.1)
    judged = np.arange(n_landmarks, 41)  # at a landmark the slope jumps
    slow = np.empty(5)
    for c in range(5):
        step = np.zeros(5)
        step[c] = 1e-6
        there, back = (np.r_[X[marks], X[judged] + by * step] for by in (1, -1))
        up, down = (view(A, "laplacian", 1.0, marks)[0][n_landmarks:] for A in (there, back))
        slow[c] = ((((up - down) @ weights) / 2e-6) ** 2).sum()
    at_landmarks = slopes_at(X, weights, marks)
    slow += at_landmarks
    np.testing.assert_allclose(found / found.sum(), slow / slow.sum(), rtol=1e-5)


def slopes_at(X: np.ndarray, weights: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """Squared slopes at the landmarks themselves, a landmark's own cusp having none."""
    columns, _ = view(X, "laplacian", 1.0, marks)
    pairs = np.abs(X[marks][:, None] - X[marks]).sum(axis=2)[np.tril_indices(len(marks), -1)]
    rate = 1 / (np.sort(pairs)[len(pairs) // 2] if len(pairs) else 1.0)
    total = np.zeros(X.shape[1])
    for i in marks:
        signs = np.sign(X[i] - X[marks])
        total += ((rate * (columns[i][:, None] * weights).T @ signs) ** 2).sum(axis=0)
    return total


def test_no_label_has_a_say_in_the_weights_by_which_it_is_judged() -> None:
    X, classes = data(60, 4, 2)
    half = np.random.default_rng(1).permutation(np.arange(0, 60, 2))
    options = leave_one_out.Options(classes, 2, 1, lambda _: None)
    weights = leave_one_out.weights_of_features(X, half, options)
    others = np.where(np.arange(60) % 2, 1 - classes, classes)
    options = leave_one_out.Options(others, 2, 1, lambda _: None)
    assert weights.tobytes() == leave_one_out.weights_of_features(X, half, options).tobytes()
    assert (weights**2).mean() == pytest.approx(1)


def test_threads_never_change_a_bit() -> None:
    X, classes = data(700, 130)
    results = [
        _core.leave_one_out(
            X=X, classes=classes, n_classes=3, similarity="laplacian", width=0.7,
            landmarks=np.arange(300), factors=np.array([0.01, 1.0]), judged=EVERYONE,
            threads=threads,
        )[0]
        for threads in (1, 2, 5)
    ]  # fmt: skip
    assert results[0].tobytes() == results[1].tobytes() == results[2].tobytes()
    steep = [
        _core.steepness(
            X=X, classes=classes, n_classes=3, width=0.7, landmarks=np.arange(300),
            factors=np.array([0.01, 1.0]), threads=threads,
        )
        for threads in (1, 2, 5)
    ]  # fmt: skip
    assert steep[0].tobytes() == steep[1].tobytes() == steep[2].tobytes()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"similarity": "cosine"}, "no similarity is called cosine"),
        ({"landmarks": np.array([41])}, "a landmark is no row"),
        ({"classes": np.full(41, 3)}, "a class is out of range"),
        ({"classes": np.zeros(40, np.int64)}, "one class per sample"),
        ({"factors": np.empty(0)}, "no penalty to try"),
        ({"judged": np.array([3, 3])}, "rows to judge must ascend"),
        ({"judged": np.array([41])}, "rows to judge must ascend"),
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, object], sentence: str) -> None:
    X, classes = data()
    asked = {
        "X": X, "classes": classes, "n_classes": 3, "similarity": "gaussian", "width": 1.0,
        "landmarks": np.arange(4), "factors": np.ones(1), "judged": EVERYONE, "threads": 1,
    }  # fmt: skip
    with pytest.raises(ValueError, match=sentence):
        _core.leave_one_out(**{**asked, **change})  # type: ignore[arg-type]
