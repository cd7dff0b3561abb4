"""The options of `value`, each against what it means."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import shapcpp
from problems import make
from shapcpp import Valuation, _core
from shapcpp._core import testing

P = 40


def run(**options: Any) -> Valuation:
    X, y, X_test, y_test, _ = make("plain", 3)
    arguments: dict[str, Any] = {
        "X": X,
        "y": y,
        "X_test": X_test,
        "y_test": y_test,
        "permutations": P,
        "sampler": "permutations",
    }
    v: shapcpp.Valuation = shapcpp.value(**(arguments | options))
    return v


def same(a: Valuation, b: Valuation) -> bool:
    return np.array_equal(a.gains, b.gains) and np.array_equal(a.products, b.products)


def test_thread_count_never_changes_a_bit() -> None:
    one, again, two, three = (run(threads=k) for k in (1, 1, 2, 3))
    assert same(one, again)
    assert same(one, two)
    assert same(one, three)
    assert one.n_permutations == P
    np.testing.assert_array_equal(three.ranges, [[0, P]])


def test_seeds_draw_other_permutations() -> None:
    assert not same(run(seed=0), run(seed=1))


def test_the_walk_follows_the_published_permutations() -> None:
    X, y, X_test, y_test, _ = make("plain", 3)
    v = run(permutations=1, seed=5)
    problem = _core.Problem(
        X=X, classes=y, X_test=X_test, classes_test=y_test, C=1.0, class_weights=np.ones(2),
        players=np.arange(len(y)), empty_counts=v.empty_counts, single_class="constant",
    )  # fmt: skip
    order = shapcpp.permutation(len(y), seed=5, index=0)
    game = _core.game(problem)
    path, _ = testing.walk(game, _core.grand_coalition(game), order)
    np.testing.assert_array_equal(v.gains[order], np.diff(path, axis=0))


@pytest.mark.parametrize("kind", [bool, np.int8, np.uint64, list])
def test_labels_of_any_integer_kind(kind: Any) -> None:
    _, y, _, y_test, _ = make("plain", 3)
    cast = list if kind is list else (lambda a: a.astype(kind))
    assert same(run(y=cast(y), y_test=cast(y_test)), run())


def test_labels_need_not_be_zero_and_one() -> None:
    _, y, _, y_test, _ = make("plain", 3)
    v = run(y=y * 12 - 5, y_test=y_test * 12 - 5, empty=-5, class_weight={7: 1.0, -5: 1.0})
    assert v.classes.tolist() == [-5, 7]
    assert same(v, run(empty=0))


@pytest.mark.parametrize("cast", [np.asfortranarray, lambda X: X[::-1][::-1], lambda X: X.tolist()])
def test_features_of_any_layout(cast: Any) -> None:
    X, _, X_test, _, _ = make("plain", 3)
    assert same(run(X=cast(X), X_test=cast(X_test)), run())


def test_float32_features_mean_their_own_values() -> None:
    X, _, X_test, _, _ = make("plain", 3)
    X, X_test = X.astype(np.float32), X_test.astype(np.float32)
    assert same(run(X=X, X_test=X_test), run(X=X.astype(float), X_test=X_test.astype(float)))


def test_inputs_are_left_alone() -> None:
    X, y, X_test, y_test, _ = make("plain", 3)
    before = [a.copy() for a in (X, y, X_test, y_test)]
    shapcpp.value(X, y, X_test, y_test, 3, scale="standard")
    for array, copy in zip((X, y, X_test, y_test), before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_standard_scale_uses_the_training_rows() -> None:
    X, _, X_test, _, _ = make("plain", 3)
    X = np.column_stack([X, np.full(len(X), 0.1)])
    X_test = np.column_stack([X_test, np.zeros(len(X_test))])
    v = run(X=X, X_test=X_test, scale="standard")
    deviation = np.append(X[:, :-1].std(axis=0), 1)
    mean = np.append(X[:, :-1].mean(axis=0), 0.1)
    assert v.scaling is not None
    np.testing.assert_allclose(v.scaling, [mean, deviation], rtol=1e-15)
    by_hand = run(
        X=(X - v.scaling[0]) / v.scaling[1], X_test=(X_test - v.scaling[0]) / v.scaling[1]
    )
    assert same(v, by_hand)
    assert v.settings["scale"] == "standard"
    assert run().scaling is None


def test_empty_coalition_rules() -> None:
    _, y, _, y_test, _ = make("plain", 3)
    totals = np.bincount(y_test, minlength=2).tolist()
    y = np.zeros_like(y)
    y[: len(y) // 2] = 1
    y[len(y) // 2 * 2 :] = 1
    assert run(y=y, empty=0).empty_counts.tolist() == [totals[0], 0]
    assert run(y=y, empty=1).empty_counts.tolist() == [0, totals[1]]
    assert run(y=y, empty="none").empty_counts.tolist() == [0, 0]
    expected = [0, totals[1]] if y.sum() > len(y) / 2 else [totals[0], 0]
    assert run(y=y).empty_counts.tolist() == expected
    even = y[: len(y) // 2 * 2]
    X = make("plain", 3)[0][: len(even)]
    assert run(X=X, y=even).empty_counts.tolist() == [totals[0], 0]  # ties: the smaller label


def test_balanced_weights_are_those_of_the_whole_training_set() -> None:
    _, y, _, _, _ = make("plain", 3)
    sizes = np.bincount(y)
    by_hand = {k: len(y) / (2 * sizes[k]) for k in (0, 1)}
    assert same(run(class_weight="balanced"), run(class_weight=by_hand))
    assert run(class_weight="balanced").settings["class_weight"] == "balanced"


def test_groups_join_together_and_share_one_value() -> None:
    _, y, _, _, _ = make("plain", 3)
    names = np.array([f"patient {i % 4}" for i in range(len(y))])
    v = run(groups=names)
    assert v.gains.shape == (4, 2)
    np.testing.assert_array_equal(v.players, np.arange(len(y)) % 4)
    np.testing.assert_array_equal(v["acc"], v["acc"][np.arange(len(y)) % 4])
    assert v.settings["by_group"] is True


def test_everyone_in_one_group() -> None:
    _, y, _, _, _ = make("plain", 3)
    v = run(groups=np.zeros(len(y), dtype=int))
    np.testing.assert_array_equal(v.gains, [P * (v.full_counts - v.empty_counts)])
    np.testing.assert_array_equal(v.stderr("acc"), 0)


def test_groups_can_be_kept_without_joining() -> None:
    _, y, _, _, _ = make("plain", 3)
    v = run(groups=np.arange(len(y)) % 4, by_group=False)
    assert same(v, run())
    assert v.groups is not None
    assert v.settings["by_group"] is False


def test_ids_and_true_labels_are_kept() -> None:
    _, y, _, _, _ = make("plain", 3)
    names = [f"slice {i}" for i in range(len(y))]
    v = run(ids=names, true_labels=1 - y)
    assert v.ids.tolist() == names
    np.testing.assert_array_equal(v.true_labels, 1 - y)
    np.testing.assert_array_equal(run().ids, np.arange(len(y)))


def test_progress_is_reported_up_to_the_end() -> None:
    seen: list[tuple[int, int]] = []
    v = run(progress=lambda done, total: seen.append((done, total)), permutations=500, threads=2)
    assert seen[-1] == (500, 500)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert v.complete


def test_an_exception_in_progress_reaches_the_caller() -> None:
    def fail(done: int, total: int) -> None:
        raise LookupError("stop here")

    for threads in (1, 2):
        with pytest.raises(LookupError, match="stop here"):
            run(progress=fail, threads=threads)


def test_a_fit_that_misses_its_tolerance_is_an_error() -> None:
    X, _, X_test, _, _ = make("plain", 3)
    for threads in (1, 2):
        with pytest.raises(shapcpp.ConvergenceError, match="missed its tolerance"):
            run(X=X * 1e120, X_test=X_test * 1e120, C=1e80, threads=threads)


def test_what_was_done_before_a_failure_is_kept() -> None:
    X, _, X_test, _, _ = make("plain", 3)
    with pytest.raises(shapcpp.ConvergenceError) as raised:
        run(X=X * 1e120, X_test=X_test * 1e120, C=1e80)
    partial = raised.value.partial
    assert partial.n_permutations < P == partial.settings["permutations"]
    np.testing.assert_array_equal(
        partial.gains.sum(axis=0),
        partial.n_permutations * (partial.full_counts - partial.empty_counts),
    )


def test_standard_scale_leaves_rounding_noise_alone() -> None:
    X, _, X_test, _, _ = make("plain", 3)
    nearly = np.full(len(X), 0.1)
    nearly[0] = np.nextafter(0.1, 1)
    tiny = X[:, 0] * 1e-170
    v = run(X=np.column_stack([nearly, tiny]), X_test=X_test[:, [0, 0]], scale="standard")
    assert v.scaling is not None
    assert v.scaling[1, 0] == 1
    np.testing.assert_allclose(v.scaling[1, 1], X[:, 0].std() * 1e-170, rtol=1e-12)


def test_ties_are_counted_not_guessed() -> None:
    X = np.array([[0.0, 1.0], [0.0, 1.0]])
    v = shapcpp.value(X, [0, 1], [[3.0, -2.0], [1.0, 1.0]], [0, 1], 10, sampler="permutations")
    assert v.full_counts.tolist() == [1, 0]  # all margins are zero: the smaller label
    assert (v.ties, v.uncertified) == (20, 0)
    assert (run().ties, run().uncertified) == (0, 0)


def test_the_result_is_described_in_one_line() -> None:
    assert repr(run()).startswith("<Valuation: ")
    assert "40 permutations, seed 0, reliability acc 0." in repr(run())
    assert "40 permutations (halving), seed 0, reliab" in repr(run(sampler="halving"))
    assert "1 permutations, seed 0, metrics acc, rec, spc, bal>" in repr(run(permutations=1))


def test_fingerprints_tell_inputs_apart() -> None:
    X, _, X_test, _, _ = make("plain", 3)
    assert run().fingerprint == run(seed=4, C=2.0).fingerprint
    X = X.copy()
    X[0, 0] = np.nextafter(X[0, 0], np.inf)
    assert run().fingerprint != run(X=X).fingerprint
