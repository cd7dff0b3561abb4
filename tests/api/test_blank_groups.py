"""Samples of no group stand alone; rows that a reviewer removed stand nowhere."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.lib.recfunctions import append_fields

import shapcpp
from shapcpp.groups import numbered

RNG = np.random.default_rng(0)
X, X_TEST = RNG.normal(size=(24, 3)), RNG.normal(size=(12, 3))
Y, Y_TEST = (X[:, 0] > 0).astype(int), (X_TEST[:, 0] > 0).astype(int)


def test_samples_with_blank_groups_are_players_of_their_own() -> None:
    groups = np.array(["b", "", "a", " ", "b", ""])
    assert numbered(groups).tolist() == [4, 0, 3, 1, 4, 2]
    assert numbered(np.array([3, -1, 3, -1])).tolist() == [1, 0, 1, 0]


def test_blank_groups_join_as_if_each_had_a_name() -> None:
    blank = np.array(["", "p", "p", " "] * 6)
    named = np.where(np.char.strip(blank) == "", [f"{i:03}" for i in range(24)], blank)
    found, expected = (
        shapcpp.value(X, Y, X_TEST, Y_TEST, 20, groups=groups).gains for groups in (blank, named)
    )
    assert found.shape == (13, 2)
    assert (found == expected).all()


@pytest.mark.parametrize("text", [False, True])
def test_test_rows_without_a_group_are_not_one_group(text: bool) -> None:
    """Files name groups for training rows alone, and folds take all rows."""
    groups = np.arange(24) // 3
    given = np.array([f"p{i}" for i in groups]) if text else groups
    features = shapcpp.Features.from_splits(X, Y, X_TEST, Y_TEST, groups=given)
    samples = features.all_samples()
    assert samples.groups is not None
    assert len(np.unique(numbered(samples.groups))) == 8 + 12
    run = shapcpp.value(
        samples.X, samples.y, permutations=4, folds=3, groups=samples.groups, votes=False
    )
    assert max(len(part.labels) for part in run.parts) <= 26


@pytest.mark.parametrize("dtype", ["i1", "u1", "u8", "i8", "?"])
def test_minus_one_of_training_rows_is_a_group(dtype: str) -> None:
    given = (np.arange(24) % 4 - 1).astype(dtype)
    features = shapcpp.Features.from_splits(X, Y, X_TEST, Y_TEST, groups=given)
    groups = features.all_samples().groups
    assert groups is not None
    assert len(np.unique(groups)) == len(np.unique(given)) + 12
    assert (groups[:24] == given).all()


def test_removed_rows_are_on_no_side() -> None:
    rows = shapcpp.Features.from_splits(X, Y, X_TEST, Y_TEST).rows
    words = np.full(36, "", dtype="U6")
    words[[5, 30]] = "remove"
    words[6] = "keep"
    features = shapcpp.Features(append_fields(rows, "reviewed", words, usemask=False))
    train, test = features.sides()
    assert (len(train.y), len(test.y)) == (23, 11)
    assert train.ids.tolist() == [*range(5), *range(6, 24)]
