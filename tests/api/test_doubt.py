"""doubt(): wrong labels found, in any naming and order; nasty input; files; frames."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import shapcpp
from shapcpp.doubts import detector
from shapcpp.doubts.draws import drawn_order
from shapcpp.machine.memory import InsufficientMemoryError
from shapcpp.permutations import permutation

Arrays = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]


def blobs(n: int = 300, K: int = 3, wrong: int = 30, d: int = 6, seed: int = 0) -> Arrays:
    """Features, labels with `wrong` of them moved to the next class, and the truth."""
    rng = np.random.default_rng(seed)
    t = np.arange(n) % K
    X = rng.normal(size=(n, d)) + 6 * rng.normal(size=(K, d))[t]
    y = t.copy()
    moved = rng.permutation(n)[:wrong]
    y[moved] = (t[moved] + 1) % K
    return X, y, t


@pytest.mark.parametrize("K", [2, 3, 7])
def test_wrong_labels_come_first_and_are_put_right(K: int) -> None:
    X, y, t = blobs(K=K)
    d = shapcpp.doubt(X, y)
    found = d.lowest(0.1)
    assert (y != t)[found].mean() >= 0.9
    np.testing.assert_array_equal(d.suggestion[found][(y != t)[found]], t[found][(y != t)[found]])
    assert (d.probability[found] > 0.5).mean() > 0.9
    low, high = d.total_interval()
    assert low <= 30 <= high
    assert d.n_expected == pytest.approx(d.probability.sum())


def test_score_and_probability_say_the_same() -> None:
    X, y, _ = blobs()
    d = shapcpp.doubt(X, y)
    np.testing.assert_allclose(d.probability, 1 / (1 + np.exp(d.score)))
    assert d.lowest(1.0).tolist() == np.argsort(d.score, kind="stable").tolist()
    assert len(d.lowest(1e-9)) == 1
    np.testing.assert_allclose(d.rates.sum(axis=1), 1)


def test_names_of_classes_do_not_matter() -> None:
    X, y, _ = blobs()
    d = shapcpp.doubt(X, y)
    kinds: list[Any] = [
        y == 1, np.array(["b", "c", "a"])[y], ["x", "ü", "z z"], y.astype(float), (2 - y).tolist()
    ]  # fmt: skip
    for names in kinds[1:2] + kinds[3:]:
        e = shapcpp.doubt(X, names)
        np.testing.assert_allclose(e.score, d.score, rtol=1e-5, atol=1e-6)
        labels = np.asarray(names)
        places = [int(np.flatnonzero(labels == k)[0]) for k in e.classes]
        order = y[places]
        np.testing.assert_allclose(e.rates, d.rates[np.ix_(order, order)], atol=1e-6)
    two = shapcpp.doubt(X, kinds[0])
    assert two.classes.tolist() == [False, True]
    assert two.suggestion.dtype == bool


def test_order_of_columns_and_their_units_matter_only_by_what_they_draw(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(detector, "drawn_order", lambda X, seed, i: permutation(len(X), seed, i))
    X, y, _ = blobs()
    d = shapcpp.doubt(X, y)
    e = shapcpp.doubt(X[:, ::-1] * [1e-90, 1e90, 1, 2, 3, -4] + [0, 0, 1e3, 0, 0, 0], y)
    np.testing.assert_allclose(e.score, d.score, rtol=1e-4, atol=1e-4)


def test_order_of_rows_does_not_matter_to_the_bit() -> None:
    X, y, _ = blobs()
    d = shapcpp.doubt(X, y, seed=3)
    for seed in range(2):
        order = np.random.default_rng(seed).permutation(len(y))
        e = shapcpp.doubt(X[order], y[order], seed=3)
        assert e.score.tobytes() == d.score[order].tobytes()
        assert e.suggestion.tolist() == d.suggestion[order].tolist()
        assert (e.n_expected, e.total_interval()) == (d.n_expected, d.total_interval())
    assert (shapcpp.doubt(X, y, seed=4).score != d.score).any()


def test_draws_are_of_what_rows_hold() -> None:
    X = np.random.default_rng(0).normal(size=(200, 3))
    X[:50] = np.round(X[:50])  # few values: some rows are equal
    order, other = (drawn_order(X, 2**64 - 1, index) for index in (0, 1))
    assert sorted(order.tolist()) == sorted(other.tolist()) == list(range(200))
    assert abs(np.corrcoef(np.argsort(order), np.argsort(other))[0, 1]) < 0.2
    kept = np.delete(np.arange(200), [3, 77, 150])  # without some rows the others keep their order
    fewer = kept[drawn_order(X[kept], 2**64 - 1, 0)]
    assert fewer.tolist() == [i for i in order.tolist() if i in set(kept.tolist())]
    shuffled = np.random.default_rng(1).permutation(200)
    again = shuffled[drawn_order(X[shuffled], 2**64 - 1, 0)]
    np.testing.assert_array_equal(X[again], X[order])
    np.testing.assert_array_equal(
        drawn_order(np.where(X == 0, -0.0, X), 5, 0),
        drawn_order(np.where(X == 0, 0.0, X), 5, 0),
    )
    # Ranks are spread evenly, whatever the rows hold: the halves of consecutive whole numbers.
    half = drawn_order(np.arange(2000.0)[:, None], 0, 0)[:1000]
    assert abs(half.mean() - 999.5) < 4 * 2000 / np.sqrt(12 * 2000)
    assert abs((half % 2).mean() - 0.5) < 4 * 0.5 / np.sqrt(2000)


def test_constant_features_are_told() -> None:
    X, y, _ = blobs()
    d = shapcpp.doubt(np.column_stack([X, np.ones(len(y)), np.zeros(len(y))]), y)
    assert d.n_constant == 2
    assert "2 constant features left out" in repr(d)
    assert shapcpp.doubt(X, y).n_constant == 0
    assert "constant" not in repr(shapcpp.doubt(X, y))


def test_threads_and_groups_never_change_a_bit() -> None:
    X, y, t = blobs(500, 2, 50, 30)
    d = shapcpp.doubt(X, y, threads=1)
    e = shapcpp.doubt(X, y, groups=np.arange(500) // 5, true_labels=t, threads=3)
    assert d.score.tobytes() == e.score.tobytes()
    assert d.rates.tobytes() == e.rates.tobytes()


def test_one_sided_errors_are_told_and_shift_the_score() -> None:
    rng = np.random.default_rng(0)
    t = np.arange(600) % 2
    X = rng.normal(size=(600, 4)) + 1.2 * t[:, None]
    y = t.copy()
    y[np.flatnonzero(t == 1)[:75]] = 0
    d = shapcpp.doubt(X, np.array(["healthy", "ill"])[y])
    assert d.by_direction
    assert "of ill are given as healthy" in d.shift
    assert "labels healthy are doubted sooner" in d.shift
    assert d.rates[1, 0] == pytest.approx(0.25, abs=0.08)
    assert d.rates[0, 1] < 0.03
    assert (d.labels[d.expected_wrong()] == "healthy").mean() > 0.95


def test_clean_labels_are_hardly_doubted() -> None:
    X, y, _ = blobs(wrong=0)
    d = shapcpp.doubt(X, y)
    assert d.n_expected < 4
    assert "no direction" in d.shift


NASTY: dict[str, tuple[Any, Any]] = {
    "two samples": ([[0.0], [1.0]], [0, 1]),
    "three samples": ([[0.0], [1.0], [5.0]], [0, 1, 1]),
    "a class of one": (np.random.default_rng(0).normal(size=(40, 3)), [0] * 39 + [1]),
    "every class of one": (np.random.default_rng(0).normal(size=(20, 3)), list(range(20))),
    "one feature": (np.arange(50.0)[:, None], np.arange(50) > 24),
    "repeated samples": (np.repeat([[0.0, 1], [1, 0]], 30, axis=0), [0] * 31 + [1] * 29),
    "all alike but one": (np.eye(1, 50).T, [0, 1] * 25),
    "constant columns": (np.column_stack([np.ones(30), np.arange(30.0)]), [0, 1] * 15),
    "more features than samples": (np.random.default_rng(0).normal(size=(12, 90)), [0, 1] * 6),
    "very many features": (np.random.default_rng(0).normal(size=(30, 1100)), [0, 1] * 15),
    "separable": (np.r_[np.zeros(30), np.ones(30)][:, None] * 1e6, [0] * 30 + [1] * 30),
    "huge and tiny": (np.random.default_rng(0).normal(size=(40, 2)) * [1e149, 1e-300], [0, 1] * 20),
    "a far outlier": (np.r_[np.arange(39.0), 1e100][:, None], [0, 1] * 20),
    "noise": (np.random.default_rng(0).normal(size=(200, 5)), [0, 1] * 100),
}  # fmt: skip


@pytest.mark.parametrize("case", NASTY)
def test_nasty_input_gives_finite_answers(case: str) -> None:
    X, y = NASTY[case]
    d = shapcpp.doubt(X, y)
    assert np.isfinite(d.score).all()
    assert np.isfinite(d.rates).all()
    assert np.isfinite([*d.total_interval(), *d.expected().high]).all()
    assert (d.suggestion != d.labels).all()
    assert ((d.probability >= 0) & (d.probability <= 1)).all()


def test_many_classes_are_counted_without_the_large_covariance() -> None:
    rng = np.random.default_rng(0)
    y = np.arange(900) % 30
    X = rng.normal(size=(900, 20)) + 5 * rng.normal(size=(30, 20))[y]
    y[:60] = (y[:60] + 7) % 30
    d = shapcpp.doubt(X, y)
    low, high = d.total_interval()
    assert low <= 60 <= high
    assert len(d.expected()) == 30 * 29


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        (
            ([[0.0], [np.nan]], [0, 1]),
            ValueError,
            "X has nan at row 1, column 0; .*; fill or drop missing",
        ),
        (([[0.0], [1.0]], [0, 0]), ValueError, "y holds one class only: every label is 0"),
        (([[0.0], [1.0]], [0]), ValueError, "y has 1 labels and X has 2 rows"),
        (([[0.0], [1.0]], [0.5, 1.0]), ValueError, "y has 0.5 at row 0"),
        (([[0.0], [1.0]], [np.nan, 1.0]), ValueError, "a missing label"),
        (([[0.0], [1.0]], ["", "b"]), ValueError, "an empty string, a missing label, at row 0"),
        (([[0.0], [1.0]], ["1", 1]), TypeError, "labels of one kind, got 1 at row 1"),
        (([[0.0], [1.0]], [None, 1]), ValueError, "y has None, a missing label, at row 0"),
        (
            ([[0.0], [1.0]], [1j, 1]),
            TypeError,
            "y has 1j at row 0, and labels must be integers, booleans, strings",
        ),
        (
            ([[2.0], [2.0]], [0, 1]),
            ValueError,
            "X tells nothing: each of its 1 columns is constant",
        ),
        (
            (np.zeros((1001, 1)), np.arange(1001)),
            ValueError,
            r"1,001 different labels \(0, 1, 2, 3, 4, ...\); at most 1,000",
        ),
        (([[0.0], [1.0]], [0, 1], [1]), ValueError, "groups has 1 entries"),
    ],
)
def test_bad_arguments_are_told_in_one_sentence(
    arguments: Any, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        shapcpp.doubt(*arguments)


def test_bad_options_are_told_too() -> None:
    X, y, t = blobs(20)
    with pytest.raises(ValueError, match="seed must lie between"):
        shapcpp.doubt(X, y, seed=-1)
    with pytest.raises(ValueError, match="threads must be at least 1"):
        shapcpp.doubt(X, y, threads=0)
    with pytest.raises(ValueError, match="true_labels has 19 labels"):
        shapcpp.doubt(X, y, true_labels=t[1:])
    with pytest.raises(ValueError, match="level must lie above 0"):
        shapcpp.doubt(X, y).expected(1.0)


def test_what_does_not_fit_in_memory_is_refused_first(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y, _ = blobs(20)
    monkeypatch.setattr("shapcpp.machine.memory.available_memory", lambda: 10)
    with pytest.raises(InsufficientMemoryError, match="of memory"):
        shapcpp.doubt(X, y)


def test_progress_is_told_and_an_interrupt_ends_the_work() -> None:
    X, y, _ = blobs(200)
    seen: list[tuple[int, int]] = []
    shapcpp.doubt(X, y, progress=lambda *place: seen.append(place))
    assert seen[-1] == (6, 6)
    assert seen == sorted(seen)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shapcpp.doubt(X, y, progress=stop)


def _in_child(queue: Any) -> None:
    X, y, _ = blobs(200)
    queue.put(shapcpp.doubt(X, y, threads=2).score.tobytes())


def test_a_forked_child_gets_the_same() -> None:
    X, y, _ = blobs(200)
    here = shapcpp.doubt(X, y, threads=2).score.tobytes()
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_in_child, args=(queue,))
    child.start()
    assert queue.get(timeout=60) == here
    child.join()


def test_saved_doubts_are_read_as_they_were(tmp_path: Path) -> None:
    X, y, t = blobs()
    names = np.array(["a", "b", "ä"])
    d = shapcpp.doubt(X, names[y], np.arange(300) // 3, [f"s{i}" for i in range(300)], names[t])
    d.save(tmp_path / "d.npz")
    e = shapcpp.load(tmp_path / "d.npz", shapcpp.Doubts)
    assert isinstance(e, shapcpp.Doubts)
    for name, mine in vars(d).items():
        np.testing.assert_array_equal(getattr(e, name), mine)
    assert repr(e) == repr(d)
    assert e.to_frame().equals(d.to_frame())
    assert list(d.to_frame()) == [
        "id", "label", "group", "true_label", "suggestion", "probability", "score"
    ]  # fmt: skip
    d.to_csv(tmp_path / "d.csv", d.lowest(0.1))
    assert len((tmp_path / "d.csv").read_text().splitlines()) == 31


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"score": np.full(300, np.nan)}, "score is not finite"),
        ({"score": np.zeros(299)}, "score has dtype float64 and shape"),
        ({"classes": np.array([0, 2, 1])}, "classes are not sorted"),
        ({"labels": np.full(300, 7)}, "labels are not among classes"),
        ({"rates": -np.ones((3, 3))}, "rates are negative"),
        ({"about": np.array("{}")}, "it does not say that it holds doubts"),
        ({"about": np.array("nonsense")}, "is a damaged file of doubts"),
    ],
)
def test_damaged_files_are_told(tmp_path: Path, change: dict[str, Any], sentence: str) -> None:
    X, y, _ = blobs()
    shapcpp.doubt(X, y).save(tmp_path / "d.npz")
    with np.load(tmp_path / "d.npz") as arrays:
        np.savez(tmp_path / "e.npz", **{**arrays, **change})
    with pytest.raises(ValueError, match=sentence):
        shapcpp.load(tmp_path / "e.npz")


def test_expected_numbers_add_up_and_lie_in_their_intervals() -> None:
    X, y, _ = blobs()
    d = shapcpp.doubt(X, y)
    table = d.expected(0.9)
    assert table.number.sum() == pytest.approx(d.n_expected)
    assert ((table.low <= table.number) & (table.number <= table.high)).all()
    assert (np.diff(table.number) <= 0).all()
    assert (d.expected(0.99).high >= table.high).all()
    assert len(d.expected_wrong()) == round(d.n_expected)
