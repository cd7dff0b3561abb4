"""--kernel and --gamma in the shell: what Python computes, and its sentences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import shapcpp
from command import fails, shapcpp_cli, sides

RBF = ("value", "features.npy", "--perms", 4, "--kernel", "rbf")


def test_kernels_in_the_shell_are_those_of_python(folder: Path) -> None:
    done = shapcpp_cli(*RBF, "-o", "run.npz", cwd=folder)
    train, test = sides(folder)
    v = shapcpp.value(train.X, train.y, test.X, test.y, 4, kernel="rbf")
    gamma = v.settings["gamma"]
    assert f"kernel rbf, gamma {gamma}, " in done.stdout
    loaded: Any = shapcpp.load(folder / "run.npz")
    np.testing.assert_array_equal(loaded.gains, v.gains)
    assert (loaded.settings["kernel"], loaded.settings["gamma"]) == ("rbf", gamma)
    more = shapcpp_cli("value", "features.npy", "--perms", 6, "--kernel", "rbf", "--gamma", gamma,
                       "--extend", "run.npz", cwd=folder)  # fmt: skip
    assert "permutations 6" in more.stdout


def test_differences_and_bad_kernels_are_told(folder: Path) -> None:
    shapcpp_cli(*RBF, "-o", "run.npz", cwd=folder)
    said = fails("value", "features.npy", "--perms", 9, "--extend", "run.npz", cwd=folder)
    assert "its --kernel is 'rbf', not none" in said
    assert "--gamma is 2, and belongs to --kernel rbf: leave out --gamma" in fails(
        "value", "features.npy", "--gamma", 2, cwd=folder
    )
    assert "--gamma must be positive and finite, got -1" in fails(*RBF, "--gamma", -1, cwd=folder)
    assert "--kernel is 'rbf', and components is given too: leave out --components" in fails(
        *RBF, "--components", 1, cwd=folder
    )
    assert "--kernel is 'rbf', which is for --model logistic, and model is 'ridge'" in fails(
        *RBF, "--model", "ridge", cwd=folder
    )
