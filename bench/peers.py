"""pyDVL's permutation Shapley, in the environment that it needs: a server that answers lines.

`peer_process.py` starts it and asks. A request names a file of arrays and a number of cores, and
asks either for whole permutations or for refits at sampled coalition sizes; an answer says how
long they took. pyDVL scores one metric per run.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from importlib.metadata import version
from typing import Any

import numpy as np
from joblib import Parallel, delayed, parallel_config
from pydvl.valuation import (
    Dataset,
    MinUpdates,
    ModelUtility,
    NoTruncation,
    PermutationSampler,
    ShapleyValuation,
    SupervisedScorer,
)
from pydvl.valuation.types import Sample
from sklearn.linear_model import LogisticRegression

import sampling


def load(path: str) -> tuple[Any, Any]:
    """Loads the utility and the training set; without a model the majority is predicted."""
    arrays = np.load(path)
    train, test = (Dataset(arrays["X" + s], arrays["y" + s]) for s in ("", "_test"))
    majority = float(np.mean(arrays["y_test"] == 0))
    scorer = SupervisedScorer("accuracy", test, default=majority, range=(0, 1))
    utility = ModelUtility(LogisticRegression(), scorer, show_warnings=False)
    return utility.with_dataset(train), train


def probe(utility: Any, train: Any, first: int, stride: int, budget: float) -> sampling.Samples:
    """Costs of pyDVL's refits at sampled sizes of one permutation."""
    warnings.simplefilter("ignore")
    order = np.random.default_rng(0).permutation(len(train))

    def cost(size: int) -> float:
        start = time.perf_counter()
        utility(Sample(None, order[:size]))
        return time.perf_counter() - start

    return sampling.probe(len(train), first, stride, budget, cost)


def probe_all(data: str, cores: int, first: int, budget: float) -> list[tuple[int, float]]:
    utility, train = load(data)
    if cores == 1:
        return probe(utility, train, first, 1, budget)
    parts = Parallel(n_jobs=cores)(
        delayed(probe)(utility, train, first + worker, cores, budget) for worker in range(cores)
    )
    return [sample for part in parts for sample in part]


def value(data: str, cores: int, count: int) -> dict[str, float]:
    """Seconds of this many permutations without truncation, and the sum of the values."""
    utility, train = load(data)
    probe_all(data, cores, 0, 0.0)  # start the workers
    valuation = ShapleyValuation(
        utility,
        PermutationSampler(NoTruncation(), seed=0),
        is_done=MinUpdates(count),
        show_warnings=False,
    )
    start = time.perf_counter()
    with parallel_config(n_jobs=cores):
        valuation.fit(train)
    return {"seconds": time.perf_counter() - start, "total": float(valuation.result.values.sum())}


def answer(request: dict[str, Any]) -> Any:
    if not request:
        return {name: version(name) for name in ("pydvl", "scikit-learn", "numpy")}
    return value(**request) if "count" in request else probe_all(**request)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
