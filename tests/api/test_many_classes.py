"""More than 12 classes: moments of some metrics, tables of some columns, files and merges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

import shapcpp
from classes import clouds
from shapcpp.results.moments import integer_weights

K = 14
OWN = shapcpp.Metric("cost", lambda counts: np.arange(len(counts)) / counts.sum())


def run(**options: Any) -> shapcpp.Valuation:
    arguments = {"permutations": 8, "sampler": "permutations", "model": GaussianNB()} | options
    return shapcpp.value(*clouds(2 * K, 4 * K, K), **arguments)


@pytest.fixture(name="v", scope="module")
def _v() -> shapcpp.Valuation:
    return run(metrics=["rec:3", OWN])


def test_errors_are_those_of_the_contributions(v: shapcpp.Valuation) -> None:
    single = [run(permutations=1, first=t) for t in range(8)]
    for metric in ("acc", "bal", "rec:0", "rec:13", "cost"):
        each = np.stack([one[OWN if metric == "cost" else metric] for one in single])
        np.testing.assert_allclose(v[metric], each.mean(axis=0), atol=1e-15)
        expected = each.std(axis=0, ddof=1) / np.sqrt(8)
        np.testing.assert_allclose(v.stderr(metric), expected, rtol=2e-3, atol=1e-12)


def test_products_are_none_and_other_metrics_have_no_errors(v: shapcpp.Valuation) -> None:
    with pytest.raises(ValueError, match="a run of 14 classes keeps no products of all pairs"):
        v.products  # noqa: B018
    other = shapcpp.Metric("other", [1.0] * 7 + [0.0] * 7)
    assert np.isfinite(v[other]).all()
    with pytest.raises(ValueError, match="no errors of metric .other.: name it in metrics= before"):
        v.stderr(other)


def test_tables_show_what_was_asked_about(v: shapcpp.Valuation) -> None:
    assert v.metrics == ["acc", "bal", "rec:3", "cost"]
    assert {name[:5] for name in v.columns() if name.startswith("rec:")} == {"rec:3"}
    assert run().metrics == ["acc", "bal"]


def test_it_is_kept_and_put_together(v: shapcpp.Valuation, tmp_path: Path) -> None:
    v.save(tmp_path / "run.npz")
    kept = shapcpp.load(tmp_path / "run.npz", shapcpp.Valuation)
    for metric in ("cost", "rec:3", "bal"):
        np.testing.assert_array_equal(kept[metric], v[metric])
        np.testing.assert_array_equal(kept.stderr(metric), v.stderr(metric))
    halves = [run(metrics=["rec:3", OWN], permutations=4, first=first) for first in (0, 4)]
    np.testing.assert_array_equal(halves[0].merge(halves[1]).moments, v.moments)
    with pytest.raises(ValueError, match="metrics is"):
        halves[0].merge(run(permutations=4, first=4))


def test_weights_are_exact_where_they_are_small() -> None:
    counts = np.full(K, 7)
    assert integer_weights(shapcpp.metrics.NAMED["bal"], counts).tolist() == [1] * K
    uneven = np.arange(1, K + 1)
    weights = integer_weights(shapcpp.metrics.NAMED["bal"], uneven)
    np.testing.assert_allclose(weights * uneven / (weights * uneven).mean(), 1, atol=1e-3)
