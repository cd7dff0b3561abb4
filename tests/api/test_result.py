"""Readings off the integers: errors, intervals, order, frame, CSV, files."""

from __future__ import annotations

import csv
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import t as student

import shapcpp
from problems import make
from shapcpp import Metric, Valuation, _core
from shapcpp._core import testing


def run(kind: str = "plain", seed: int = 3, permutations: int = 40, **options: Any) -> Valuation:
    X, y, X_test, y_test, own = make(kind, seed)
    return shapcpp.value(
        X, y, X_test, y_test, permutations, **({"sampler": "permutations"} | own | options)
    )


def contributions(v: Valuation, seed: int) -> NDArray[np.float64]:
    """(P, n, 2): what each permutation added, walked again one by one."""
    X, y, X_test, y_test, _ = make("plain", seed)
    problem = _core.Problem(
        X=X, classes=y, X_test=X_test, classes_test=y_test, C=1.0, class_weights=np.ones(2),
        players=np.arange(len(y)), empty_counts=v.empty_counts, single_class="constant",
    )  # fmt: skip
    game = _core.game(problem)
    grand_coalition = _core.grand_coalition(game)
    changes = np.zeros((v.n_permutations, len(y), 2))
    for t in range(v.n_permutations):
        order = shapcpp.permutation(len(y), 0, t)
        changes[t, order] = np.diff(testing.walk(game, grand_coalition, order)[0], axis=0)
    return changes


@pytest.mark.parametrize("metric", ["acc", "rec", "spc", "bal", Metric("own", [0.5, -3.0])])
def test_values_and_errors_are_those_of_the_contributions(metric: str | Metric) -> None:
    v = run()
    weights = shapcpp.metrics.resolve(metric).on(v.test_counts)
    sample = contributions(v, 3) @ weights
    np.testing.assert_allclose(v[metric], sample.mean(axis=0), atol=1e-14)
    np.testing.assert_allclose(
        v.stderr(metric), sample.std(axis=0, ddof=1) / np.sqrt(40), atol=1e-14
    )
    low, high = v.interval(metric, level=0.9)
    np.testing.assert_allclose((low + high) / 2, v[metric], atol=1e-14)
    np.testing.assert_allclose(
        high - v[metric], student.ppf(0.95, 39) * v.stderr(metric), atol=1e-14
    )


def test_a_contribution_that_never_varies_has_no_error() -> None:
    v = run(groups=np.zeros(len(make("plain", 3)[1]), int), empty="none")
    assert v.gains.any()
    np.testing.assert_array_equal(v.stderr("acc"), 0.0)


def test_errors_need_two_permutations() -> None:
    v = run(permutations=1)
    assert np.isfinite(v["acc"]).all()
    assert np.isnan(v.stderr("acc")).all()
    assert np.isnan(v.interval("acc")[0]).all()


@pytest.mark.parametrize("level", [0.0, 1.0, -1.0, 95.0, float("nan")])
def test_bad_levels(level: float) -> None:
    with pytest.raises(ValueError, match="level must lie above 0 and below 1"):
        run(permutations=2).interval("acc", level)


def test_lowest_breaks_ties_by_sample_order() -> None:
    v = run()
    n = len(v.labels)
    expected = sorted(range(n), key=lambda i: (int(v.gains[i].sum()), i))
    assert len(set(v.gains.sum(axis=1).tolist())) < n  # there are ties
    assert v.lowest("acc", 1.0).tolist() == expected
    n0, n1 = map(int, v.test_counts)
    balanced = [int(g[0]) * n1 + int(g[1]) * n0 for g in v.gains]
    assert v.lowest("bal", 1.0).tolist() == sorted(range(n), key=lambda i: (balanced[i], i))
    for fraction in (1e-9, 0.1, 0.3, 0.5):
        count = max(1, int(fraction * n + 0.5))
        assert v.lowest("acc", fraction).tolist() == expected[:count]
    grouped = run(groups=np.zeros(n, dtype=int))
    assert grouped.lowest("acc", 0.2).tolist() == list(range(max(1, int(0.2 * n + 0.5))))
    with pytest.raises(ValueError, match="fraction must be above 0 and at most 1, got 0"):
        v.lowest("acc", 0)


def test_metrics_of_a_class_that_the_test_set_lacks() -> None:
    v = run("test set of one class")
    assert v.metrics == ["acc", "rec"]
    with pytest.raises(ValueError, match="metric 'spc' is not defined"):
        v["spc"]
    assert "spc" not in v.columns()
    assert v.gains.shape[1] == 2


def test_frame_and_csv_columns(tmp_path: Path) -> None:
    n = len(make("plain", 3)[1])
    v = run(
        ids=[f"a,{i}" for i in range(n)], groups=np.arange(n) % 3, true_labels=make("plain", 3)[1]
    )
    frame = v.to_frame()
    expected = ["id", "label", "group", "true_label"]
    for m in ("acc", "rec", "spc", "bal"):
        expected += [m, f"{m}_stderr", f"{m}_low", f"{m}_high", f"{m}_trusted"]
    assert list(frame.columns) == expected
    assert list(run().to_frame(["rec"]).columns) == [
        "id",
        "label",
        "rec",
        "rec_stderr",
        "rec_low",
        "rec_high",
        "rec_trusted",
    ]
    v.to_csv(tmp_path / "values.csv")
    with (tmp_path / "values.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == expected
    assert [row["id"] for row in rows] == v.ids.tolist()
    np.testing.assert_array_equal([float(row["rec"]) for row in rows], v["rec"])
    np.testing.assert_array_equal([float(row["acc_low"]) for row in rows], v.interval("acc")[0])


def test_a_notebook_shows_a_small_table() -> None:
    v = run(ids=[f"<b>{i}</b>" for i in range(len(make("plain", 3)[1]))])
    page = v._repr_html_()
    assert page.startswith("<table>")
    assert page.count("<tr>") <= 11
    assert "<b>" not in page
    assert "&lt;b&gt;" in page


@pytest.mark.parametrize("kind", ["plain", "balanced groups", "class weights"])
def test_saved_and_loaded_is_the_same(kind: str, tmp_path: Path) -> None:
    X, y, _, _, _ = make(kind, 3)
    v = run(kind, ids=[f"ü{i}" for i in range(len(y))], true_labels=y, scale="standard")
    v.save(tmp_path / "run")
    w = shapcpp.load(tmp_path / "run", shapcpp.Valuation)
    assert [p.name for p in tmp_path.iterdir()] == ["run"]
    for name, value in vars(v).items():
        other = getattr(w, name)
        if isinstance(value, np.ndarray):
            assert value.dtype == other.dtype
            np.testing.assert_array_equal(value, other)
        else:
            assert value == other
    np.testing.assert_array_equal(v["bal"], w["bal"])
    assert w.complete


def test_a_file_can_be_read_without_pickles(tmp_path: Path) -> None:
    run().save(tmp_path / "run.npz")
    with np.load(tmp_path / "run.npz", allow_pickle=False) as archive:
        assert archive["gains"].dtype == np.int64
        assert json.loads(str(archive["about"]))["settings"]["seed"] == 0


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.npz"
    v = run()
    v.save(path)
    before = path.read_bytes()

    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        v.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]


def test_an_interruption_can_be_pickled() -> None:
    stop = shapcpp.Interrupted(run())
    again = pickle.loads(pickle.dumps(stop))
    np.testing.assert_array_equal(again.partial.gains, stop.partial.gains)


def test_integers_cannot_be_changed_by_accident() -> None:
    with pytest.raises(ValueError, match="read-only"):
        run().gains[0] = 1


def test_save_errors_name_the_path(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as raised:
        run().save(tmp_path / "absent" / "run.npz")
    assert raised.value.filename == str(tmp_path / "absent" / "run.npz")
    run().save("/dev/null")


def damaged(path: Path, **changes: Any) -> Path:
    run().save(path)
    with np.load(path) as archive:
        arrays = dict(archive)
    for name, change in changes.items():
        if change is None:
            del arrays[name]
        else:
            arrays[name] = change(arrays[name])
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"gains": None}, "is not a result file of shapcpp: it lacks gains"),
        ({"gains": lambda a: a[:-1]}, "is a damaged result file: moments has"),
        ({"gains": lambda a: a.astype(float)}, "is a damaged result file: gains has dtype float64"),
        ({"players": lambda a: a + 1}, "is a damaged result file: players points outside gains"),
        ({"ids": lambda a: a[:-1]}, "is a damaged result file: ids has dtype"),
        ({"about": lambda a: np.array("{")}, "is a damaged result file"),
        ({"about": lambda a: np.array('{"format": 99}')}, "its format is 99"),
        ({"ranges": lambda a: a[:, :1]}, "is a damaged result file: ranges has"),
        ({"ranges": lambda a: a[:, ::-1]}, "is a damaged result file: ranges"),
        ({"gains": lambda a: a + 1}, "is a damaged result file: gains do not add up"),
        ({"classes": lambda a: a[::-1]}, "is a damaged result file: classes are not sorted"),
        ({"labels": lambda a: a + 7}, "is a damaged result file: labels are not among classes"),
        ({"test_counts": lambda a: -a}, "is a damaged result file: test_counts are negative"),
        ({"empty_counts": lambda a: a + 99}, "is a damaged result file: empty_counts lie outside"),
        ({"ids": lambda a: a.astype(float)}, "is a damaged result file: ids has dtype float64"),
        ({"labels": lambda a: a[0]}, "is a damaged result file: labels has"),
    ],
)
def test_damaged_files_are_refused(changes: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=sentence):
        shapcpp.load(damaged(tmp_path / "run.npz", **changes))


def test_unreadable_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    run().save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="not a readable .npz file"):
        shapcpp.load(path)
    path.write_bytes(pickle.dumps({"gains": 1}))
    with pytest.raises(ValueError, match="not a readable .npz file"):
        shapcpp.load(path)
    np.savez(path, about=np.array([object()]), allow_pickle=True)
    with pytest.raises(ValueError, match="pickled objects, which are never read"):
        shapcpp.load(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "hello")
    with pytest.raises(ValueError, match="not a readable .npz file: its member notes.txt: EOF"):
        shapcpp.load(path)
    with pytest.raises(FileNotFoundError):
        shapcpp.load(tmp_path / "absent.npz")


def test_stats_say_what_the_engine_did(tmp_path: Path) -> None:
    v = run(permutations=10)
    n = len(v.labels)
    assert set(v.stats) >= {"coalitions", "without_pass", "passes", "fits"}
    assert 0 < v.stats["coalitions"] < 10 * n
    assert v.stats["without_pass"] <= v.stats["coalitions"]
    twice = run(permutations=20)
    assert twice.stats["coalitions"] > v.stats["coalitions"]
    v.save(tmp_path / "run.npz")
    assert shapcpp.load(tmp_path / "run.npz", shapcpp.Valuation).stats == v.stats
