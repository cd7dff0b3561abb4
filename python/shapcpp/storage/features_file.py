"""The features file: read in any of its three forms, written whole or not at all."""

from __future__ import annotations

from typing import Any

from numpy.lib import format as npy
from numpy.typing import NDArray

from shapcpp.storage import files, writing
from shapcpp.storage.features import Features

__all__ = ["read_features", "write_features"]

Array = NDArray[Any]
# Arguments of `Features.from_splits`, and their names in an archive.
ARCHIVED = {
    "X": "X_train",
    "y": "y_train",
    "X_test": "X_test",
    "y_test": "y_test",
    "ids": "ids",
    "groups": "groups",
    "true_labels": "true_label",
}


def read_features(
    path: files.PathLike,
    *,
    labels: files.PathLike | None = None,
    test_features: files.PathLike | None = None,
    test_labels: files.PathLike | None = None,
) -> Features:
    """Reads a features file in any of its three forms.

    Parameters
    ----------
    path : path-like
        A structured ``.npy`` (see `Features.rows`); a ``.npz`` with ``X_train, y_train,
        X_test, y_test`` and optional ``groups, true_label, ids`` of the training samples;
        or a plain 2-D ``.npy`` of training features, which needs `labels`. The test side may be
        left out of the last two.
    labels, test_features, test_labels : path-like, optional
        ``.npy`` files that go with a plain 2-D `path`.

    Returns
    -------
    Features

    Raises
    ------
    OSError
        If a file cannot be opened.
    TypeError, ValueError
        If a file is damaged, holds pickles, or lacks fields; if features are not finite, or
        lengths disagree. The message names the place.
    """
    companions = {
        "--labels": labels,
        "--test-features": test_features,
        "--test-labels": test_labels,
    }
    with open(path, "rb") as file:
        magic = file.read(6)
    is_zip = magic.startswith(b"PK")
    if not is_zip and magic != b"\x93NUMPY":
        raise ValueError(
            f"{path} is neither a .npy nor a .npz file; save the features of a table as one .npy "
            "and its labels as another (--labels)"
        )
    content: Any = (
        files.read_npz(path, (*ARCHIVED.values(), "gains")) if is_zip else files.read_npy(path)
    )
    plain = not is_zip and content.dtype.names is None
    given = [flag for flag, companion in companions.items() if companion is not None]
    if not plain:
        if given:
            raise ValueError(f"{path} holds its own labels and splits: leave out {given[0]}")
        return _from_npz(content, str(path)) if is_zip else Features(content, str(path))
    if content.ndim != 2:
        raise ValueError(
            f"{path} is neither a features file (a structured array) nor a matrix of features: it "
            f"has dtype {content.dtype} and shape {content.shape}"
        )
    if labels is None or (test_features is None) != (test_labels is None):
        missing = ", ".join(flag for flag in companions if flag not in given)
        raise ValueError(
            f"{path} is a plain matrix, which needs --labels, and --test-features and "
            f"--test-labels where there is a test set; missing: {missing}"
        )
    return Features.from_splits(
        content,
        files.read_npy(labels),
        None if test_features is None else files.read_npy(test_features),
        None if test_labels is None else files.read_npy(test_labels),
        source=str(path),
        names={
            "X": str(path),
            "y": str(labels),
            "X_test": str(test_features),
            "y_test": str(test_labels),
        },
    )


def _from_npz(arrays: dict[str, Array], source: str) -> Features:
    """The arguments of `from_splits`, each under its name in the file."""
    if "gains" in arrays:
        raise ValueError(f"{source} is the result of a run: name the features it was made from")
    needed = ["X", "y"]
    if "X_test" in arrays or "y_test" in arrays:
        needed += ["X_test", "y_test"]
    missing = [ARCHIVED[name] for name in needed if ARCHIVED[name] not in arrays]
    if missing:
        has = files.shown(", ".join(files.npz_names(source))) or "nothing"
        raise ValueError(f"{source} lacks {', '.join(missing)}; it has {has}")
    return Features.from_splits(
        **{name: arrays[key] for name, key in ARCHIVED.items() if key in arrays},
        source=source,
        names={name: f"{source}: {key}" for name, key in ARCHIVED.items()},
    )


def write_features(path: files.PathLike, features: Features) -> None:
    """Writes a features file as a structured ``.npy``, whole or not at all.

    Parameters
    ----------
    path : path-like
        The file to write, under exactly this name.
    features : Features
        The content to write.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    writing.write_atomically(
        path, lambda file: npy.write_array(file, features.rows, allow_pickle=False)
    )
