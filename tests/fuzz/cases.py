"""Files for the readers: whole ones, and damaged ones, drawn by hypothesis."""

from __future__ import annotations

import functools
import io
import json
import os
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

import shapcpp
from fuzz.damage import Array, Draw, damaged_npy, damaged_npz, npy

JSON = (
    "null", "true", "false", "-1", "0", "1", "2", "3", "1.5", "1e400", "-1e400", "NaN", "Infinity",
    str(2**63), str(2**64), "9" * 400, "9" * 5000, '""', '"x"', '"\\n"', '"\\ud800"', '"3"', "[]",
    "[1]", "[1, 2]", "[[1]]", "{}", '{"a": 1}', "[" * 300 + "]" * 300, "[" * 100000,
    '{"a":' * 100000, '"' + "x" * 100000 + '"', "[null]", "[NaN, 1]",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """Files by name, and how they were made."""

    files: dict[str, bytes]
    made: str


def _sides(draw: Draw) -> dict[str, Array]:
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    n, m, d = draw(st.integers(4, 12)), draw(st.integers(2, 8)), draw(st.integers(1, 3))
    arrays: dict[str, Array] = {
        "X_train": rng.normal(size=(n, d)),
        "y_train": np.arange(n) % 2,
        "X_test": rng.normal(size=(m, d)),
        "y_test": np.arange(m) % 2,
    }
    if draw(st.booleans()):
        arrays["ids"] = np.array([f"é{i}" for i in range(n)])
        arrays["groups"] = np.arange(n) // 2
        arrays["true_label"] = 1 - arrays["y_train"]
    return arrays


@st.composite
def tables(draw: Draw) -> Case:
    """A structured features file."""
    sides = _sides(draw)
    n, m = len(sides["X_train"]), len(sides["X_test"])
    extra = {"id": "ids", "group": "groups"} if "ids" in sides else {}
    rows = np.zeros(n + m, [("features", "<f8", sides["X_train"].shape[1:]), ("label", "<i8"),
                            ("split", "<U5"), *((f, sides[s].dtype) for f, s in extra.items())])  # fmt: skip
    for name in ("features", "label"):
        pair = ("X_train", "X_test") if name == "features" else ("y_train", "y_test")
        rows[name] = np.concatenate([sides[side] for side in pair])
    rows["split"] = np.repeat(["train", "test"], [n, m])
    for name, side in extra.items():
        rows[name][:n] = sides[side]
    content, made = damaged_npy(draw, rows)
    return Case({"features.npy": content}, made)


@st.composite
def archives(draw: Draw) -> Case:
    """A features file of several arrays."""
    content, made = damaged_npz(draw, _sides(draw))
    return Case({"features.npz": content}, made)


COMPANIONS = {"X_train": "features.npy", "y_train": "labels.npy", "X_test": "features-test.npy",
              "y_test": "labels-test.npy"}  # fmt: skip


@st.composite
def matrices(draw: Draw) -> Case:
    """A plain matrix and its companions, one of them damaged."""
    sides = _sides(draw)
    files = {file: npy(sides[name]) for name, file in COMPANIONS.items()}
    which = draw(st.sampled_from(list(COMPANIONS)))
    files[COMPANIONS[which]], made = damaged_npy(draw, sides[which])
    return Case(files, made)


@functools.cache
def _results() -> tuple[dict[str, Array], ...]:
    rng = np.random.default_rng(3)
    y, y_test = np.arange(8) % 2, np.arange(6) % 2
    X, X_test = rng.normal(size=(8, 2)) + y[:, None], rng.normal(size=(6, 2)) + y_test[:, None]
    plain = shapcpp.value(X, y, X_test, y_test, 3, threads=1, sampler="permutations")
    full = shapcpp.value(
        X, y, X_test, y_test, permutations=5, threads=1, groups=np.arange(8) // 2,
        ids=[f"s{i}" for i in range(8)], true_labels=1 - y, scale="standard", class_weight="balanced",
        trace=3, until="acc stderr <= 1e-9",
    )  # fmt: skip
    loaded = []
    with tempfile.TemporaryDirectory() as folder:
        for v in (plain, full):
            v.save(path := os.path.join(folder, "run.npz"))
            loaded.append(arrays_of(Path(path)))
    return tuple(loaded)


def arrays_of(path: Path, names: Collection[str] | None = None) -> dict[str, Array]:
    """Reads the arrays of these names, or all of them, with numpy."""
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files if names is None or name in names}


@st.composite
def results(draw: Draw) -> Case:
    """A result file."""
    arrays = dict(draw(st.sampled_from(_results())))
    how = draw(st.sampled_from(("archive", "about", "about", "integers", "integers")))
    if how == "archive":
        content, made = damaged_npz(draw, arrays)
        return Case({"run.npz": content}, made)
    if how == "about":
        about = json.loads(str(arrays["about"]))
        part = draw(st.sampled_from((about, about["settings"], about["stats"])))
        key = draw(st.sampled_from(sorted(part)))
        if draw(st.integers(0, 9)) == 0:
            del part[key]
        else:
            part[key] = "@"
        text = json.dumps(about).replace('"@"', draw(st.sampled_from(JSON)))
        if draw(st.integers(0, 9)) == 0:
            text = draw(st.sampled_from(JSON))
        arrays["about"] = np.array(text)
    else:
        for _ in range(draw(st.integers(1, 2))):
            name = draw(st.sampled_from([n for n in arrays if arrays[n].dtype.kind in "if"]))
            array = arrays[name].copy()
            if array.size:
                at = draw(st.integers(0, array.size - 1))
                far = (0, -1, 2**31, 2**62, 2**63 - 1, -(2**63))
                new = draw(
                    st.integers(-3, 3).map(array.flat[at].item().__add__) | st.sampled_from(far)
                )
                array.flat[at] = max(-(2**63), min(new, 2**63 - 1))
            arrays[name] = array
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return Case({"run.npz": buffer.getvalue()}, how)
