"""--components in the shell: what Python computes, and its sentences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import shapcpp
from command import fails, shapcpp_cli, sides


def test_components_in_the_shell_are_those_of_python(folder: Path) -> None:
    done = shapcpp_cli(
        "value", "features.npy", "--perms", 6, "--components", 2, "-o", "run.npz", cwd=folder
    )
    assert "components 2 (" in done.stdout
    assert "% of the variance)" in done.stdout
    train, test = sides(folder)
    v = shapcpp.value(train.X, train.y, test.X, test.y, 6, components=2)
    loaded: Any = shapcpp.load(folder / "run.npz")
    np.testing.assert_array_equal(loaded.gains, v.gains)
    assert v.components is not None
    np.testing.assert_array_equal(loaded.components.directions, v.components.directions)
    more = shapcpp_cli("value", "features.npy", "--perms", 9, "--components", 2, "--extend",
                       "run.npz", cwd=folder)  # fmt: skip
    assert "permutations 9" in more.stdout
    assert "its --components is 2, not 1" in fails(
        "value", "features.npy", "--perms", 9, "--components", 1, "--extend", "run.npz", cwd=folder
    )
    shapcpp_cli("knn", "features.npy", "--components", 2, "-o", "knn.npz", cwd=folder)
    loaded = shapcpp.load(folder / "knn.npz")
    assert loaded.components is not None


def test_a_bad_number_is_told(folder: Path) -> None:
    for command in ("value", "knn"):
        said = fails(command, "features.npy", "--components", 99, cwd=folder)
        assert "components is 99, but X has" in said
        assert "there are no more directions than columns" in said
