"""Leave-one-out predictions against as many refits, by code that shares nothing with the engine."""

from __future__ import annotations

import numpy as np
import pytest

from refits import refit_without_each, view
from shapcpp import _core

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
        landmarks=landmarks, factors=np.array([factor]), threads=2,
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
            landmarks=np.empty(0, np.int64), factors=of, threads=1,
        )[1]  # fmt: skip

    assert loss(factors) == min(loss(factors[i : i + 1]) for i in range(3))


def test_threads_never_change_a_bit() -> None:
    X, classes = data(700, 130)
    results = [
        _core.leave_one_out(
            X=X, classes=classes, n_classes=3, similarity="laplacian", width=0.7,
            landmarks=np.arange(300), factors=np.array([0.01, 1.0]), threads=threads,
        )[0]
        for threads in (1, 2, 5)
    ]  # fmt: skip
    assert results[0].tobytes() == results[1].tobytes() == results[2].tobytes()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"similarity": "cosine"}, "no similarity is called cosine"),
        ({"landmarks": np.array([41])}, "a landmark is no row"),
        ({"classes": np.full(41, 3)}, "a class is out of range"),
        ({"classes": np.zeros(40, np.int64)}, "one class per sample"),
        ({"factors": np.empty(0)}, "no penalty to try"),
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, object], sentence: str) -> None:
    X, classes = data()
    asked = {
        "X": X, "classes": classes, "n_classes": 3, "similarity": "gaussian", "width": 1.0,
        "landmarks": np.arange(4), "factors": np.ones(1), "threads": 1,
    }  # fmt: skip
    with pytest.raises(ValueError, match=sentence):
        _core.leave_one_out(**{**asked, **change})  # type: ignore[arg-type]
