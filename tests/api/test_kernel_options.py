"""kernel= and gamma=: what a run keeps of them, in pieces, folds and files, and what is refused."""

from __future__ import annotations

import re
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import shapcpp
from runs import assert_same
from shapcpp.detection.removal import removal_curve
from shapcpp.machine import memory
from shapcpp.problem.kernels import typical_gamma
from shapcpp.problem.problem import Problem
from shapcpp.problem.scaling import standard_scaling
from shapcpp.report.conventions import conventions
from shapcpp.running import shorter

N, M, D = 52, 30, 3
RNG = np.random.default_rng(8)
X, X_TEST = RNG.normal(size=(N, D)), RNG.normal(size=(M, D))
Y, Y_TEST = ((np.sum(side**2, axis=1) > 2.4).astype(int) for side in (X, X_TEST))
SIDES = (X, Y, X_TEST, Y_TEST)
RBF: dict[str, Any] = {"kernel": "rbf"}


def gram(a: NDArray[Any], b: NDArray[Any], gamma: float) -> NDArray[Any]:
    return np.asarray(np.exp(-gamma * ((a[:, None] - b[None]) ** 2).sum(axis=-1)))


def test_the_default_gamma_is_that_of_the_median_distance() -> None:
    apart = ((X[:, None] - X[None]) ** 2).sum(axis=-1)[np.triu_indices(N, 1)]
    assert typical_gamma(X) == float(f"{1 / np.median(apart):.4g}")
    v = shapcpp.value(*SIDES, 2, **RBF)
    assert v.settings["gamma"] == typical_gamma(X)
    assert_same(v, shapcpp.value(*SIDES, 2, gamma=v.settings["gamma"], **RBF))
    mean, deviation = standard_scaling(X)
    scaled = (X - mean) / deviation
    w = shapcpp.value(*SIDES, 2, scale="standard", **RBF)
    assert w.settings["gamma"] == typical_gamma(scaled)
    by_hand = shapcpp.value(scaled, Y, (X_TEST - mean) / deviation, Y_TEST, 2, **RBF)
    np.testing.assert_array_equal(w.gains, by_hand.gains)


@pytest.mark.parametrize("factor", [1e-150, 1e-5, 1e5, 1e150])
def test_the_default_gamma_follows_the_scale(factor: float) -> None:
    assert typical_gamma(X * factor) == pytest.approx(typical_gamma(X) / factor**2, rel=1e-3)


def test_the_default_gamma_leaves_out_pairs_of_equal_rows() -> None:
    rows = np.repeat([[0.0], [2.0]], 20, axis=0)
    assert typical_gamma(rows) == 0.25
    assert typical_gamma(rows[:20] + 0.1) == 1.0
    many = np.repeat(X, 60, axis=0)
    assert typical_gamma(many) == pytest.approx(typical_gamma(X), rel=0.05)


def test_a_kernel_tells_what_no_plane_does() -> None:
    plain, curved = shapcpp.value(*SIDES, 2), shapcpp.value(*SIDES, 2, **RBF)
    assert curved.full_counts.sum() > plain.full_counts.sum() + 3


def test_threads_and_executors_change_no_integer() -> None:
    one = shapcpp.value(*SIDES, 6, threads=1, **RBF)
    assert_same(one, shapcpp.value(*SIDES, 6, threads=3, **RBF))
    with ThreadPoolExecutor(2) as pool:
        assert_same(one, shapcpp.value(*SIDES, 6, executor=pool, **RBF))
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        assert_same(one, shapcpp.value(*SIDES, 6, executor=processes, **RBF))


def test_pieces_are_put_together(tmp_path: Path) -> None:
    whole: Any = shapcpp.value(*SIDES, 9, **RBF)
    first = shapcpp.value(*SIDES, 4, **RBF)
    merged = first.merge(shapcpp.value(*SIDES, 5, first=4, **RBF))
    np.testing.assert_array_equal(merged.gains, whole.gains)
    assert merged.settings["gamma"] == whole.settings["gamma"]
    assert_same(shapcpp.value(*SIDES, 9, extend=first, **RBF), whole)
    file = tmp_path / "run.npz"
    shapcpp.value(*SIDES, 4, checkpoint=file, **RBF)
    assert_same(shapcpp.value(*SIDES, 9, checkpoint=file, **RBF), whole)
    loaded: Any = shapcpp.load(file)
    assert (loaded.settings["kernel"], loaded.settings["gamma"]) == ("rbf", typical_gamma(X))
    said = "extend is of another run: its gamma is "
    with pytest.raises(ValueError, match=f"{said}{typical_gamma(X)}, not 0.5"):
        shapcpp.value(*SIDES, 9, extend=first, gamma=0.5, **RBF)
    with pytest.raises(ValueError, match="kernel is 'rbf', not none"):
        first.merge(shapcpp.value(*SIDES, 5, first=4))


def test_files_from_before_there_were_kernels_are_read(tmp_path: Path) -> None:
    v = shapcpp.value(*SIDES, 2)
    older = {k: x for k, x in v.settings.items() if k not in ("kernel", "gamma")}
    replace(v, settings=older).save(tmp_path / "old.npz")
    loaded: Any = shapcpp.load(tmp_path / "old.npz")
    assert loaded.settings == v.settings


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"kernel": "cubic", "gamma": None}, "kernel must be one of"),
        ({"kernel": "rbf", "gamma": None}, "gamma must be a number, got None"),
        ({"kernel": "rbf", "gamma": -1.0}, "gamma must be positive"),
        ({"kernel": "linear", "gamma": 1.0}, "gamma is 1.0 without kernel rbf"),
        ({"gamma": 2.0}, "gamma is 2.0 without kernel rbf"),
    ],
)
def test_damaged_settings_are_told(settings: Any, said: str, tmp_path: Path) -> None:
    v = shapcpp.value(*SIDES, 2)
    replace(v, settings={**v.settings, **settings}).save(tmp_path / "x.npz")
    with pytest.raises((TypeError, ValueError), match=said):
        shapcpp.load(tmp_path / "x.npz")


@pytest.mark.parametrize("groups", [None, np.arange(N) // 2])
def test_each_fold_is_a_run_of_its_own(groups: Any, tmp_path: Path) -> None:
    v: Any = shapcpp.value(X, Y, permutations=2, folds=3, groups=groups, **RBF)
    gamma = typical_gamma(X)
    K = gram(X, X, gamma)
    given: Any = shapcpp.value(K, Y, permutations=2, folds=3, groups=groups, kernel="precomputed")
    for fold, part in enumerate(v.parts):
        inside = v.folds == fold
        some = None if groups is None else groups[~inside]
        sides = X[~inside], Y[~inside], X[inside], Y[inside]
        assert_same(part, shapcpp.value(*sides, 2, groups=some, gamma=gamma, **RBF))
        np.testing.assert_array_equal(part.gains, given.parts[fold].gains)
    v.save(tmp_path / "folds.npz")
    again: Any = shapcpp.load(tmp_path / "folds.npz")
    assert (again.settings["kernel"], again.settings["gamma"]) == ("rbf", gamma)
    assert again.settings == v.settings


def test_conventions_say_which_kernel() -> None:
    v = shapcpp.value(*SIDES, 2, gamma=0.25, **RBF)
    said = dict(conventions(v))
    assert said["Kernel"] == "rbf: exp(-gamma |x - y|^2) instead of features, gamma = 0.25"
    assert "linear" in dict(conventions(shapcpp.value(*SIDES, 2, kernel="linear")))["Kernel"]
    K = gram(X, X, 0.25), Y, gram(X_TEST, X, 0.25), Y_TEST
    assert "matrix" in dict(conventions(shapcpp.value(*K, 2, kernel="precomputed")))["Kernel"]
    assert "Kernel" not in dict(conventions(shapcpp.value(*SIDES, 2)))


def test_doubts_are_those_of_the_features() -> None:
    v, w = (shapcpp.value(*SIDES, 2, doubt=True, **options) for options in (RBF, {}))
    assert v.doubts is not None
    assert w.doubts is not None
    np.testing.assert_array_equal(v.doubts.score, w.doubts.score)
    with pytest.raises(ValueError, match=r"doubt needs features, and X holds kernel entries"):
        shapcpp.value(np.eye(N), Y, np.eye(N)[:M], Y_TEST, 2, kernel="precomputed", doubt=True)


def test_removal_curves_refit_with_the_kernel() -> None:
    gamma = typical_gamma(X)
    given = gram(X, X, gamma), Y, gram(X_TEST, X, gamma), Y_TEST
    v = shapcpp.value(*SIDES, 8, **RBF)
    curve = removal_curve(v, *SIDES, "acc", (0.0, 0.2))
    accuracy = curve["mean"][curve["score"] == "acc"]
    assert accuracy[0] == v.full_counts.sum() / v.test_counts.sum()
    left = np.setdiff1d(np.arange(N), v.lowest("acc", 0.2))
    w = shapcpp.value(X[left], Y[left], X_TEST, Y_TEST, 2, gamma=gamma, **RBF)
    assert accuracy[1] == w.full_counts.sum() / w.test_counts.sum()
    of_matrix = shapcpp.value(*given, 8, kernel="precomputed")
    again = removal_curve(of_matrix, *given, "acc", (0.0, 0.2))
    np.testing.assert_array_equal(again["mean"], curve["mean"])
    with pytest.raises(ValueError, match=r"X has shape \(52, 3\): with kernel='precomputed'"):
        removal_curve(of_matrix, *SIDES, "acc", (0.0, 0.2))


def test_costs_are_those_of_the_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shorter, "LONG", 0.0)
    c = shapcpp.estimate_cost(*SIDES, 50, sampler="permutations", **RBF)
    assert c.shorter == (shorter.BY_HALVING,)  # no principal directions: they go with no kernel
    rng = np.random.default_rng(0)
    n, m = 4_000, 1_000
    y, y_test = np.arange(n) % 2, np.arange(m) % 2
    sides = rng.normal(size=(n, 2)), y, rng.normal(size=(m, 2)), y_test
    monkeypatch.setattr(memory, "available_memory", lambda: 3 * 8 * n * (n + m))
    with pytest.raises(MemoryError, match=r"needs about [\d.]+ [MG]B of memory on 1 thread"):
        shapcpp.value(*sides, 2, threads=1, **RBF)
    problem = Problem.of(*sides, gamma=1.0, **RBF)
    assert problem.n_columns == n
    shapcpp.value(*sides, 2, sampler="permutations", model="centroid", threads=1)


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"kernel": "cubic"}, ValueError, "kernel must be one of None, 'linear', 'rbf', 'precomp"),
        ({"kernel": 3}, TypeError, "kernel must be one of"),
        ({"gamma": 0.0, **RBF}, ValueError, "gamma must be positive and finite, got 0.0"),
        ({"gamma": -2, **RBF}, ValueError, "gamma must be positive and finite, got -2"),
        ({"gamma": np.nan, **RBF}, ValueError, "gamma must be positive and finite, got nan"),
        ({"gamma": "1", **RBF}, TypeError, "gamma must be a number, got '1'"),
        ({"gamma": 0.5}, ValueError, "gamma is 0.5, and belongs to kernel='rbf': leave out gamma"),
        ({"gamma": 0.5, "kernel": "linear"}, ValueError, "gamma is 0.5, and belongs to kernel="),
        ({"components": 2, **RBF}, ValueError, "kernel is 'rbf', and components is given too"),
        ({"model": "ridge", **RBF}, ValueError, "which is for model='logistic', and model is 'ri"),
        ({"C": 1e12, **RBF}, ValueError, "C is 1e+12, which asks for more digits than double"),
        ({"kernel": "precomputed", "scale": "standard"}, ValueError, "scale is given too"),
        ({"kernel": "precomputed"}, ValueError, "X has shape (52, 3): with kernel='precomputed'"),
    ],
)  # fmt: skip
def test_bad_options_are_told(options: Any, error: type[Exception], said: str) -> None:
    for call in (shapcpp.value, shapcpp.estimate_cost):
        with pytest.raises(error, match=re.escape(said)):
            call(*SIDES, 2, **options)


K = np.eye(6) + 1.0
Y_K = np.arange(6) % 2


def changed(*entries: tuple[int, int, float]) -> NDArray[Any]:
    found: NDArray[Any] = K.copy()
    for i, j, value in entries:
        found[i, j] = value
    return found


@pytest.mark.parametrize(
    ("matrix", "test", "said"),
    [
        (changed((1, 4, 0.5)), K, "X is not symmetric: X[1, 4] is 0.5 and X[4, 1] is 1"),
        (changed((2, 2, -1.0)), K, "X[2, 2] is -1, and no sample has a negative entry with itself"),
        (changed((1, 4, 3.0), (4, 1, 3.0)), K, "X is no kernel matrix: X[1, 4] is 3, more than"),
        (changed((0, 0, 0.0)), K, "X is no kernel matrix: X[0, 1] is 1, more than X[0, 0] and"),
        (np.diag([0.0, 1, 1, 1, 1, 1]), K, "X_test[0, 0] is 2, and X[0, 0] is 0"),
        (np.ones((6, 6)), K, "X_test[0, 0] is 2 and X_test[0, 1] is 1, and rows 0 and 1 of X are "
         "equal: they are of no one kernel"),
        (np.block([[1.5 * np.eye(3) - 0.5, np.eye(3) - 1], [np.eye(3) - 1, np.eye(3)]]), K,
         "X is no kernel matrix, as it is not positive semidefinite: row "),
        (K * 1e12, K, "C is 1, which asks for more digits than double precision has with kernel "
         "entries of 2e+12; lower it, or divide them"),
        (K[:, :5], K[:, :5], "X has shape (6, 5): with kernel='precomputed'"),
        (K, K[:, :5], "X_test has 5 features and X has 6: shapes (6, 5) and (6, 6)"),
    ],
)  # fmt: skip
def test_a_bad_matrix_is_told(matrix: NDArray[Any], test: NDArray[Any], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        shapcpp.value(matrix, Y_K, test, Y_K, 2, kernel="precomputed")


def test_rows_too_far_apart_have_no_default_gamma() -> None:
    with pytest.raises(ValueError, match="gamma has no default here, as rows of X lie about 1"):
        typical_gamma(np.array([[0.0], [1e160]]))


def test_open_signs_of_a_kernel_name_it() -> None:
    weak = Problem.of(*SIDES, gamma=0.5, C=100.0, **RBF)
    assert weak.features_at_fault().endswith("lower C=100, or raise gamma=0.5")
    flat = {"gamma": 1e-9, "C": 1e-6, **RBF}
    with pytest.raises(shapcpp.UncertifiedError, match=r"raise C=1e-06, or raise gamma=1e-09$"):
        shapcpp.value(np.round(X), Y, np.round(X_TEST), Y_TEST, 2, **flat)
