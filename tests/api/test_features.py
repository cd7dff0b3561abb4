from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import shapcpp
from shapcpp import Features


def rows(n: int = 12, **fields: Any) -> NDArray[Any]:
    """A structured array as users write it."""
    rng = np.random.default_rng(0)
    columns: dict[str, Any] = {
        "features": rng.normal(size=(n, 3)).astype(np.float32),
        "label": np.arange(n) % 2,
        "split": np.resize(["train", "train", "test", "val", "test", ""], n),
    } | fields
    columns = {k: np.asarray(c) for k, c in columns.items() if c is not None}
    dtype = [(k, c.dtype, c.shape[1:]) for k, c in columns.items()]
    table = np.empty(n, dtype=dtype)
    for name, column in columns.items():
        table[name] = column
    return table


def test_only_train_and_test_rows_take_part() -> None:
    features = Features(rows(id=[f"s{i}" for i in range(12)], group=np.arange(12) // 2))
    train, test = features.sides()
    assert train.ids.tolist() == ["s0", "s1", "s6", "s7"]
    assert test.ids.tolist() == ["s2", "s4", "s8", "s10"]
    assert train.X.dtype == np.float64
    np.testing.assert_array_equal(train.X, rows()["features"][[0, 1, 6, 7]])
    assert train.groups is not None
    assert train.groups.tolist() == [0, 0, 3, 3]
    assert train.true_labels is None


def test_without_ids_the_row_number_is_the_id() -> None:
    train, _ = Features(rows()).sides()
    assert train.ids.tolist() == [0, 1, 6, 7]


@pytest.mark.parametrize("extra", [{}, {"id": np.arange(12), "quality": np.linspace(0, 1, 12)}])
def test_written_and_read_is_the_same(extra: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "features.npy"
    shapcpp.write_features(path, Features(rows(**extra)))
    np.testing.assert_array_equal(np.load(path, allow_pickle=False), rows(**extra))
    np.testing.assert_array_equal(shapcpp.read_features(path).rows, rows(**extra))


def test_bytes_serve_as_splits() -> None:
    assert Features(rows(split=rows()["split"].astype("S5"))).sides()[0].ids.tolist() == [
        0,
        1,
        6,
        7,
    ]


def test_noise_flips_training_rows_and_keeps_the_rest() -> None:
    before = Features(rows(quality=np.arange(12.0)))
    after = shapcpp.add_noise(before, 0.5, seed=2)
    train = before.mask("train")
    noisy, _ = shapcpp.flip_labels(before.rows["label"][train], 0.5, seed=2)
    np.testing.assert_array_equal(after.rows["label"][train], noisy)
    np.testing.assert_array_equal(after.rows["label"][~train], before.rows["label"][~train])
    np.testing.assert_array_equal(after.rows["true_label"], before.rows["label"])
    np.testing.assert_array_equal(after.rows["quality"], before.rows["quality"])
    again = shapcpp.add_noise(after, 0.5, seed=3)
    np.testing.assert_array_equal(again.rows["true_label"], before.rows["label"])
    assert "true_label" not in (before.rows.dtype.names or ())


def test_npz_and_plain_matrices_are_read_too(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    X, X_test = rng.normal(size=(6, 2)), rng.normal(size=(3, 2))
    y, y_test = np.array([0, 1] * 3), np.array([0, 1, 1])
    np.savez(tmp_path / "f.npz", X_train=X, y_train=y, X_test=X_test, y_test=y_test,
             ids=list("abcdef"), groups=[0, 0, 1, 1, 2, 2], true_label=1 - y)  # fmt: skip
    for name, array in {"X": X, "y": y, "Xt": X_test, "yt": y_test}.items():
        np.save(tmp_path / f"{name}.npy", array)
    packed = shapcpp.read_features(tmp_path / "f.npz")
    plain = shapcpp.read_features(
        tmp_path / "X.npy", labels=tmp_path / "y.npy",
        test_features=tmp_path / "Xt.npy", test_labels=tmp_path / "yt.npy",
    )  # fmt: skip
    for features in (packed, plain):
        train, test = features.sides()
        np.testing.assert_array_equal(train.X, X)
        np.testing.assert_array_equal(train.y, y)
        np.testing.assert_array_equal(test.X, X_test)
        np.testing.assert_array_equal(test.y, y_test)
    assert packed.sides()[0].ids.tolist() == list("abcdef")
    np.testing.assert_array_equal(packed.sides()[0].true_labels, 1 - y)
    assert plain.sides()[0].ids.tolist() == list(range(6))


def not_finite() -> NDArray[Any]:
    table = rows()
    table["features"][8, 2] = np.nan
    return table


@pytest.mark.parametrize(
    ("table", "error", "sentence"),
    [
        (lambda: rows(label=None), ValueError, "lacks the field label; it has features, split"),
        (lambda: rows(label=None, split=None), ValueError, "lacks the field label, split"),
        (lambda: rows(label=np.zeros(12, complex)), TypeError, "field label must hold integers"),
        (
            lambda: rows(true_label=np.zeros(12, complex)),
            TypeError,
            "field true_label must hold int",
        ),
        (lambda: rows(features=np.ones((12, 3), int)), TypeError, "field features must be float"),
        (lambda: rows(features=np.ones(12)), TypeError, "field features must be float"),
        (lambda: rows(split=np.arange(12)), TypeError, "field split must hold text"),
        (lambda: rows(split=["train"] * 11 + ["dev"]), ValueError, "split is 'dev' at row 11"),
        (not_finite, ValueError, "features has nan at row 8, column 2"),
    ],
)
def test_bad_tables(table: Any, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        Features(table(), "f.npy")


def test_bad_sides() -> None:
    with pytest.raises(ValueError, match="f.npy has no row with split 'test'"):
        Features(rows(split=["train"] * 12), "f.npy").sides()
    with pytest.raises(ValueError, match="label of the training rows holds one class only"):
        Features(rows(label=np.ones(12, int)), "f.npy").sides()
    label = np.arange(12) % 2
    label[8] = 5
    with pytest.raises(ValueError, match="test row 8 has label 5, which no training row has"):
        Features(rows(label=label), "f.npy").sides()


def test_values_not_finite_in_rows_left_out_do_no_harm() -> None:
    table = rows()
    table["features"][3, 0] = np.nan  # a "val" row
    Features(table).sides()


def test_unreadable_files(tmp_path: Path) -> None:
    path = tmp_path / "f.npy"
    np.save(path, rows())
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    with pytest.raises(ValueError, match="it is truncated: 480 bytes of data expected, 475 found"):
        shapcpp.read_features(path)
    for content in (b"", pickle.dumps([1, 2]), b"id,label\n1,0\n"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="is neither a .npy nor a .npz file"):
            shapcpp.read_features(path)
    header = b"{'descr': '<f8', 'shape': (3,\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(ValueError, match="is not a readable .npy file"):
        shapcpp.read_features(path)
    np.save(path, np.array([{"a": 1}]), allow_pickle=True)
    with pytest.raises(ValueError, match="pickled objects, which are never read"):
        shapcpp.read_features(path)
    np.save(path, np.zeros((3, 2, 2)))
    with pytest.raises(ValueError, match="neither a features file"):
        shapcpp.read_features(path)
    np.save(path, np.zeros((3, 2)))
    with pytest.raises(
        ValueError, match="needs --labels, and --test-features and --test-labels where"
    ):
        shapcpp.read_features(path)
    np.savez_compressed(tmp_path / "f.npz", X_train=np.ones((50, 20)), y_train=np.arange(50))
    packed = bytearray((tmp_path / "f.npz").read_bytes())
    packed[100] ^= 255
    (tmp_path / "f.npz").write_bytes(packed)
    with pytest.raises(ValueError, match="f.npz is not a readable .npz file"):
        shapcpp.read_features(tmp_path / "f.npz")
    np.savez(tmp_path / "f.npz", X_train=np.ones((2, 2)))
    with pytest.raises(ValueError, match="lacks y_train; it has X_train"):
        shapcpp.read_features(tmp_path / "f.npz")


def test_a_header_that_promises_the_moon_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "f.npy"
    header = {"descr": "<f8", "fortran_order": False, "shape": (2**40, 2**20)}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
    with pytest.raises(ValueError, match="it is truncated"):
        shapcpp.read_features(path)


def test_errors_of_an_npz_name_its_arrays(tmp_path: Path) -> None:
    good: dict[str, Any] = {
        "X_train": np.eye(4), "y_train": [0, 1, 0, 1], "X_test": np.eye(4)[:2], "y_test": [0, 1]
    }  # fmt: skip
    for change, sentence in [
        ({"y_train": [1, 1, 1, 1]}, "f.npz: y_train holds one class only"),
        ({"y_test": [0, 7]}, "f.npz: y_test has label 7 at row 1, which .*f.npz: y_train lacks"),
        ({"ids": [1, 2]}, "f.npz: ids has 2 entries and y has 4 rows"),
        ({"true_label": [1]}, "f.npz: true_label has 1 labels and .*f.npz: y_train has 4 rows"),
    ]:
        np.savez(tmp_path / "f.npz", **(good | change))
        with pytest.raises(ValueError, match=sentence):
            shapcpp.read_features(tmp_path / "f.npz")


def test_it_says_what_it_holds() -> None:
    rows = np.zeros(5, [("features", float, (3,)), ("label", int), ("split", "U5"), ("id", "U2")])
    rows["split"] = ["train", "train", "val", "", ""]
    said = "Features(5 rows of 3 features: 2 train, 1 val, 2 in no split; also id)"
    assert repr(shapcpp.Features(rows)) == said


def test_members_of_an_archive_that_are_not_needed_may_be_anything(tmp_path: Path) -> None:
    arrays: dict[str, Any] = {
        "X_train": np.eye(4),
        "y_train": [0, 1, 0, 1],
        "X_test": np.eye(4),
        "y_test": [0, 1, 1, 0],
    }
    np.savez(tmp_path / "f.npz", names=np.array([None, "x"], dtype=object), **arrays)
    with zipfile.ZipFile(tmp_path / "f.npz", "a") as archive:
        archive.writestr("README.txt", "Eye of the scans.")
        archive.writestr("photo.npy", bytes(20_000_000), zipfile.ZIP_LZMA)
    train, test = shapcpp.read_features(tmp_path / "f.npz").sides()
    assert train.X.tolist() == test.X.tolist() == np.eye(4).tolist()
    # One that is needed is judged as before.
    np.savez(tmp_path / "g.npz", **{**arrays, "y_test": np.array([0, None], dtype=object)})
    with pytest.raises(ValueError, match="its member y_test: it holds pickled objects"):
        shapcpp.read_features(tmp_path / "g.npz")
