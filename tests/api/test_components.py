"""Principal directions instead of all features: the run on features reduced by hand."""

from __future__ import annotations

import re
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

import shapcpp
from runs import assert_same
from shapcpp.detection.removal import removal_curve
from shapcpp.machine.threads import aside
from shapcpp.problem.reduction import Reduction, principal_directions
from shapcpp.problem.scaling import standard_scaling
from shapcpp.report.conventions import conventions
from shapcpp.results.components import Components

N, D = 70, 30
RNG = np.random.default_rng(5)
Y, Y_TEST = np.arange(N) % 2, np.arange(40) % 2
MIX = RNG.normal(size=(D, D)) / np.sqrt(np.arange(1, D + 1))[:, None]
X = (RNG.normal(size=(N, D)) + 0.8 * Y[:, None] * (np.arange(D) < 3)) @ MIX
X_TEST = (RNG.normal(size=(40, D)) + 0.8 * Y_TEST[:, None] * (np.arange(D) < 3)) @ MIX


def by_svd(X: NDArray[Any], count: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Mean, directions and deviations from the singular values of the centred rows."""
    mean = X.mean(axis=0)
    _, values, vectors = np.linalg.svd(X - mean, full_matrices=False)
    vectors, values = vectors[:count], values[:count]
    largest = np.abs(vectors).argmax(axis=1)
    signs = np.sign(vectors[np.arange(len(vectors)), largest])
    return mean, vectors * signs[:, None], values / np.sqrt(len(X))


@pytest.mark.parametrize("shape", [(70, 30), (20, 90), (300, 4), (2, 5), (9, 9)])
def test_directions_are_those_of_the_singular_values(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(sum(shape))
    rows = rng.normal(size=shape) * np.arange(1, shape[1] + 1) ** -0.7 + 3.0
    count = min(shape[1], shape[0] - 1, 6)
    found = principal_directions(rows, count)
    mean, directions, deviations = by_svd(rows, count)
    np.testing.assert_allclose(found.mean, mean, rtol=1e-12)
    np.testing.assert_allclose(found.directions, directions, atol=2.0**-16)
    np.testing.assert_allclose(found.deviations, deviations, rtol=1e-7)
    assert (found.directions * 2**16 == np.round(found.directions * 2**16)).all()
    total = rows.var(axis=0).sum()
    np.testing.assert_allclose(found.share, (deviations**2).sum() / total, rtol=1e-7)
    scores = found.apply(rows)
    exact = (rows - found.mean) @ found.directions.T
    assert (np.abs(scores - exact) <= 2.0**-20 * found.deviations).all()
    np.testing.assert_allclose(scores.std(axis=0), deviations, rtol=1e-3)


@pytest.mark.parametrize("factor", [1e-140, 1e-9, 1e9, 1e140])
def test_scale_changes_no_direction(factor: float) -> None:
    plain, scaled = principal_directions(X, 4), principal_directions(X * factor, 4)
    np.testing.assert_allclose(scaled.directions, plain.directions, atol=2.0**-16)
    np.testing.assert_allclose(scaled.deviations, plain.deviations * factor, rtol=1e-9)
    assert scaled.share == pytest.approx(plain.share, rel=1e-9)


def test_one_huge_column_costs_the_others_no_digit() -> None:
    rows = X * np.where(np.arange(D) == 7, 1e7, 1.0)
    found, (_, directions, _) = principal_directions(rows, 5), by_svd(rows, 5)
    np.testing.assert_allclose(found.directions, directions, atol=2.0**-16)


@pytest.mark.parametrize(
    ("rows", "rank"),
    [
        (np.repeat(X[:4], 10, axis=0), 3),  # four different rows
        (np.c_[X[:, :2], X[:, :2] @ RNG.normal(size=(2, 8))], 2),  # combinations of two columns
        (np.c_[np.full((N, 4), 0.1), X[:, :3]], 3),  # constant columns
        (X[:6], 5),  # fewer rows than directions asked for
    ],
)
def test_no_more_directions_are_kept_than_the_rows_span(rows: NDArray[Any], rank: int) -> None:
    found = principal_directions(rows, min(10, rows.shape[1]))
    assert found.directions.shape == (rank, rows.shape[1])
    assert found.share == pytest.approx(1.0)
    assert (found.deviations > 0).all()


@pytest.mark.parametrize("scale", [None, "standard"])
@pytest.mark.parametrize("sampler", ["halving", "permutations"])
def test_a_run_is_that_on_features_reduced_by_hand(scale: Any, sampler: Any) -> None:
    v = shapcpp.value(X, Y, X_TEST, Y_TEST, 10, components=6, scale=scale, sampler=sampler)
    sides = (X, X_TEST)
    if scale is not None:
        mean, deviation = standard_scaling(X)
        sides = ((X - mean) / deviation, (X_TEST - mean) / deviation)
    mean, directions, _ = by_svd(sides[0], 6)
    hand = [(side - mean) @ directions.T for side in sides]
    w = shapcpp.value(hand[0], Y, hand[1], Y_TEST, 10, sampler=sampler)
    np.testing.assert_array_equal(v.gains, w.gains)
    np.testing.assert_array_equal(v.full_counts, w.full_counts)
    fitted = LogisticRegression(tol=1e-10, max_iter=10_000).fit(hand[0], Y)
    right = fitted.predict(hand[1]) == Y_TEST
    assert v.full_counts.tolist() == [int(right[k == Y_TEST].sum()) for k in (0, 1)]
    assert v.components is not None
    np.testing.assert_allclose(v.components.directions, directions, atol=2.0**-16)
    assert v.settings["components"] == 6


def test_all_directions_are_all_features() -> None:
    v = shapcpp.value(X, Y, X_TEST, Y_TEST, 8, components=D)
    w = shapcpp.value(X, Y, X_TEST, Y_TEST, 8)
    assert v.components is not None
    assert v.components.share == pytest.approx(1.0)
    assert np.abs(v.full_counts - w.full_counts).max() <= 1  # rounded, hence another model
    assert np.corrcoef(v["acc"], w["acc"])[0, 1] > 0.95


def test_threads_and_executors_change_no_integer() -> None:
    one = shapcpp.value(X, Y, X_TEST, Y_TEST, 12, components=5, threads=1)
    assert_same(one, shapcpp.value(X, Y, X_TEST, Y_TEST, 12, components=5, threads=3))
    with ThreadPoolExecutor(2) as pool:
        assert_same(one, shapcpp.value(X, Y, X_TEST, Y_TEST, 12, components=5, executor=pool))


def test_pieces_are_put_together(tmp_path: Path) -> None:
    options: dict[str, Any] = {"components": 5}
    whole: Any = shapcpp.value(X, Y, X_TEST, Y_TEST, 12, **options)
    first = shapcpp.value(X, Y, X_TEST, Y_TEST, 5, **options)
    rest = shapcpp.value(X, Y, X_TEST, Y_TEST, 7, first=5, **options)
    merged = first.merge(rest)
    np.testing.assert_array_equal(merged.gains, whole.gains)
    assert merged.components is not None
    extended = shapcpp.value(X, Y, X_TEST, Y_TEST, 12, extend=first, **options)
    assert_same(extended, whole)
    checkpoint = tmp_path / "run.npz"
    shapcpp.value(X, Y, X_TEST, Y_TEST, 5, checkpoint=checkpoint, **options)
    assert_same(shapcpp.value(X, Y, X_TEST, Y_TEST, 12, checkpoint=checkpoint, **options), whole)
    loaded: Any = shapcpp.load(checkpoint)
    np.testing.assert_array_equal(loaded.components.apply(X), whole.components.apply(X))
    with pytest.raises(ValueError, match="extend is of another run: its components is 5, not 6"):
        shapcpp.value(X, Y, X_TEST, Y_TEST, 12, extend=first, components=6)
    with pytest.raises(ValueError, match="components is 5, not all features"):
        first.merge(shapcpp.value(X, Y, X_TEST, Y_TEST, 3, first=5))


def test_each_fold_has_the_directions_of_its_own_players(tmp_path: Path) -> None:
    v: Any = shapcpp.value(X, Y, permutations=4, folds=3, components=4)
    for fold, part in enumerate(v.parts):
        outside = v.folds != fold
        w: Any = shapcpp.value(X[outside], Y[outside], X[~outside], Y[~outside], 4, components=4)
        assert_same(part, w)
        assert part.components is not None
        np.testing.assert_array_equal(part.components.directions, w.components.directions)
    v.save(tmp_path / "folds.npz")
    again: Any = shapcpp.load(tmp_path / "folds.npz")
    assert again.settings["components"] == 4
    assert again.parts[1].components.share == v.parts[1].components.share
    said = dict(conventions(again))["Principal directions"]
    assert said.startswith("4 stand for all 30 features")


def test_nearest_neighbours_along_directions(tmp_path: Path) -> None:
    v = shapcpp.knn_values(X, Y, X_TEST, Y_TEST, components=4)
    assert v.components is not None
    w = shapcpp.knn_values(v.components.apply(X), Y, v.components.apply(X_TEST), Y_TEST)
    np.testing.assert_array_equal(v.contributions, w.contributions)
    v.save(tmp_path / "knn.npz")
    loaded: Any = shapcpp.load(tmp_path / "knn.npz")
    np.testing.assert_array_equal(loaded.components.directions, v.components.directions)


def test_removal_curves_refit_along_the_same_directions() -> None:
    v = shapcpp.value(X, Y, X_TEST, Y_TEST, 8, components=4)
    assert v.components is not None
    curve = removal_curve(v, X, Y, X_TEST, Y_TEST, "acc", (0.0,))
    at_once = curve["mean"][curve["score"] == "acc"]
    assert at_once[0] == v.full_counts.sum() / v.test_counts.sum()


@pytest.mark.parametrize(
    ("components", "error", "said"),
    [
        (0, ValueError, "components must be at least 1, got 0"),
        (-3, ValueError, "components must be at least 1, got -3"),
        (2.5, TypeError, "components must be an integer, got 2.5"),
        (True, TypeError, "components must be an integer, got True"),
        ("16", TypeError, "components must be an integer, got '16'"),
        (31, ValueError, "components is 31, but X has 30 columns: there are no more directions"),
    ],
)
def test_a_bad_number_is_told(components: Any, error: type[Exception], said: str) -> None:
    for call in (shapcpp.value, shapcpp.estimate_cost, shapcpp.knn_values):
        with pytest.raises(error, match=said):
            call(X, Y, X_TEST, Y_TEST, components=components)
    with pytest.raises(error, match=said):
        shapcpp.value(X, Y, folds=3, components=components)


def test_equal_rows_are_told() -> None:
    with pytest.raises(ValueError, match="components finds no direction: all rows of X are equal"):
        shapcpp.value(np.full((4, 3), 0.1), [0, 1, 0, 1], X_TEST[:2, :3], [0, 1], 2, components=2)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda c: {"directions": c.directions[:, 1:]}, "components have shapes"),
        (lambda c: {"directions": np.repeat(c.directions, 3, axis=0)}, "components have shapes"),
        (lambda c: {"deviations": -c.deviations}, "component_deviations are not positive"),
        (lambda c: {"mean": c.mean * np.inf}, "is not finite"),
        (lambda c: {"mean": c.mean.astype(np.float32)}, "component_mean has dtype float32"),
    ],
)
def test_damaged_directions_are_told(damage: Any, said: str, tmp_path: Path) -> None:
    v = shapcpp.value(X, Y, X_TEST, Y_TEST, 2, components=4)
    assert isinstance(v.components, Components)
    replace(v, components=replace(v.components, **damage(v.components))).save(tmp_path / "x.npz")
    with pytest.raises(ValueError, match=said):
        shapcpp.load(tmp_path / "x.npz")


def test_lost_directions_are_told(tmp_path: Path) -> None:
    v = shapcpp.value(X, Y, X_TEST, Y_TEST, 2, components=4)
    replace(v, components=None).save(tmp_path / "x.npz")
    with pytest.raises(ValueError, match="it lacks component_deviations, component_directions"):
        shapcpp.load(tmp_path / "x.npz")
    unasked = {**v.settings, "components": None}
    replace(v, settings=unasked).save(tmp_path / "x.npz")
    with pytest.raises(ValueError, match="components is None, and the file holds"):
        shapcpp.load(tmp_path / "x.npz")


def test_ctrl_c_is_heard_while_directions_are_fitted() -> None:
    begun, end = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        end.wait()

    def press() -> None:
        begun.wait()
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        aside(work)
    end.set()


def test_what_a_call_aside_raises_is_raised() -> None:
    assert aside(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        aside(lambda: 1 // 0)


def test_directions_are_fitted_once() -> None:
    asked = []

    def rows() -> NDArray[np.float64]:
        asked.append(1)
        return X

    reduction = Reduction.of(3, D)
    assert reduction is not None
    assert reduction.fitted(rows) is reduction.fitted(rows)
    assert len(asked) == 1


@pytest.mark.parametrize("shape", [(3, 2), (3, 9), (5,)])
def test_directions_say_which_width_they_take(shape: tuple[int, ...]) -> None:
    v = shapcpp.value(X, Y, X_TEST, Y_TEST, 2, components=2)
    said = re.escape(f"X must have shape (n, {D}), since the run has {D} features")
    with pytest.raises(ValueError, match=f"{said}, got shape {re.escape(str(shape))}"):
        v.components.apply(np.zeros(shape))  # type: ignore[union-attr]
