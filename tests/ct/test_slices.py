"""Slices: what readers hand on is consistent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from shapcpp.ct import Slices


def slices(**changed: Any) -> Slices:
    columns: dict[str, Any] = {
        "images": np.arange(48, dtype=np.float32).reshape(3, 4, 4),
        "label": np.array([0, 1, 1]),
        "split": np.array(["train", "", "test"]),
        "id": np.array(["a", "b", "c"]),
        "patient": np.array(["p", "p", "q"]),
        "extra": {"slice": np.array([7, 8, 9])},
    }
    return Slices(**{**columns, **changed})


def test_a_part_of_them_keeps_every_column_in_step() -> None:
    part = slices().where(np.array([True, False, True]))
    assert len(part) == 2
    assert part.size == 4
    assert part.images[:, 0, 0].tolist() == [0, 32]
    assert part.label.tolist() == [0, 1]
    assert part.split.tolist() == ["train", "test"]
    assert part.id.tolist() == ["a", "c"]
    assert part.patient is not None
    assert part.patient.tolist() == ["p", "q"]
    assert part.extra["slice"].tolist() == [7, 9]


def test_in_a_line() -> None:
    assert repr(slices()).startswith("Slices(3 of 4 pixels; train: ")
    assert "positive" in repr(slices())
    assert "\n" not in repr(slices())


def test_patients_may_be_unknown() -> None:
    assert slices(patient=None).where(np.array([2, 0])).id.tolist() == ["c", "a"]


@pytest.mark.parametrize(
    ("changed", "error", "sentence"),
    [
        ({"label": np.array([0, 2, 1])}, ValueError, "label is 2 at row 1; it must be one of 0, 1"),
        ({"split": np.array(["train", "x", ""])}, ValueError, "split is 'x' at row 1"),
        ({"id": np.array(["a", "b", "a"])}, ValueError, "id 'a' is at row 0 and at row 2"),
        ({"patient": np.array(["p"])}, ValueError, r"patient has shape \(1,\), images \(3, 4, 4\)"),
        ({"extra": {"dose": np.arange(4)}}, ValueError, r"dose has shape \(4,\)"),
        ({"id": np.arange(3)}, TypeError, "id must hold text, got dtype int64"),
        ({"label": np.zeros(3)}, TypeError, "label must hold integers, got dtype float64"),
        ({"images": np.zeros((3, 4, 4))}, TypeError, "images must be float32"),
        ({"images": np.zeros((3, 4, 5), np.float32)}, TypeError, "images must be float32"),
    ],
)
def test_what_does_not_fit_is_refused(
    changed: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        slices(**changed)
