"""The commands `report` and `relabel` as a user types them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import shapcpp
from command import fails, shapcpp_cli

DECISIONS = (
    '"id","decision","label","patient"\n"slice-003","relabel","0","1"\n"slice-004","keep","1","1"\n'
)


def test_from_value_to_relabel(folder: Path) -> None:
    shapcpp_cli("value", "features.npy", "--perms", 20, "-o", "run.npz", cwd=folder)
    done = shapcpp_cli(
        "report",
        "run.npz",
        "--features",
        "features.npy",
        "--title",
        "Mine",
        "-o",
        "report.html",
        cwd=folder,
    )
    assert done.stdout == "wrote report.html\n"
    assert done.stderr == ""
    page = (folder / "report.html").read_text()
    assert "<h1>Mine</h1>" in page
    assert "slice-0" in page

    (folder / "decisions.csv").write_text(DECISIONS)
    done = shapcpp_cli("relabel", "features.npy", "decisions.csv", "-o", "fixed.npy", cwd=folder)
    assert (
        done.stdout
        == "keep 1, relabel 1, unsure 0\nrelabelled 1 from 0 to 1\nwrote fixed.npy. Next: shapcpp doubt fixed.npy\n"
    )
    before, after = (
        shapcpp.read_features(folder / f"{name}.npy").rows for name in ("features", "fixed")
    )
    assert np.flatnonzero(before["label"] != after["label"]).tolist() == [3]
    assert "were these decisions applied before" in fails(
        "relabel", "fixed.npy", "decisions.csv", "-o", "again.npy", cwd=folder
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("report", "features.npy", "-o", "r.html"), "features.npy is not a readable .npz file but a .npy file: `shapcpp value FEATURES.npy"),
        (("report", "none.npz", "-o", "r.html"), "none.npz: no such file"),
        (("report", "run.npz", "-o", "run.npz"), "run.npz is named twice"),
        (("report", "run.npz"), "Missing option '-o'"),
        (("report", "run.npz", "--fraction", "2", "-o", "r.html"), "--fraction must be above 0 and at most 1, got 2.0"),
        (("report", "run.npz", "--features", "other.npy", "-o", "r.html"), "other.npy is not what the run was made of"),
        (("relabel", "features.npy", "decisions.csv", "-o", "f.csv"), "a features file is written as .npy"),
        (("relabel", "run.npz", "decisions.csv", "-o", "f.npy"), "run.npz is the result of a run: name the features"),
        (("relabel", "features.npy", "none.csv", "-o", "f.npy"), "none.csv: no such file"),
        (("relabel", "features.npy", "other.npy", "-o", "f.npy"), "other.npy is not a readable table"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence(arguments: tuple[str, ...], sentence: str, folder: Path) -> None:
    features = shapcpp.read_features(folder / "features.npy")
    train, test = features.sides()
    shapcpp.value(train.X, train.y, test.X, test.y, 5, ids=train.ids).save(folder / "run.npz")
    (folder / "decisions.csv").write_text(DECISIONS)
    other = features.rows.copy()
    other["label"][0] = 1 - other["label"][0]
    shapcpp.write_features(folder / "other.npy", shapcpp.Features(other))
    assert sentence in fails(*arguments, cwd=folder)


def test_a_missing_library_is_named_with_its_extra(folder: Path) -> None:
    import subprocess
    import sys

    code = "import sys; sys.modules['jinja2'] = None; from shapcpp.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "report", "run.npz", "-o", "r.html"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "pip install '.[plot]' in a checkout" in done.stderr
