"""Run by itself: prints a digest of all integers that the engine makes of each nasty problem.

As a JSON object from the kind of problem to a list: one digest, of the certified path, for the
public interface; two, of the certified path and of its dense twin, for the core.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import numpy as np

import problems
import shapcpp
from oracle import test_certified_path as adversarial
from shapcpp import _core
from shapcpp._core import testing


def of_value(kind: str) -> str:
    X, y, X_test, y_test, options = problems.make(kind, 2)
    v = shapcpp.value(X, y, X_test, y_test, 10, sampler="permutations", **options)
    return digest(v.gains, v.products, v.empty_counts, v.full_counts, v.votes)


def of_core(kind: str, make: Callable[[_core.Problem], _core.Game]) -> str:
    found: list[object] = []
    for seed in range(3):
        game = make(adversarial.problem_of(kind, seed))
        grand_coalition = _core.grand_coalition(game)
        order = _core.permutation(game.n_players, seed, 7)
        path, open_signs = testing.walk(game, grand_coalition, order)
        tally = adversarial.run(game, seed)
        found += [grand_coalition.values, grand_coalition.ties, grand_coalition.uncertified]
        found += [path, open_signs]
        found += [tally.gains, tally.moments, tally.ties, tally.uncertified]
    return digest(*found)


def digest(*integers: object) -> str:
    return hashlib.sha256(b"".join(np.asarray(i).tobytes() for i in integers)).hexdigest()


if __name__ == "__main__":
    digests = {f"value: {kind}": [of_value(kind)] for kind in problems.KINDS}
    for kind in adversarial.KINDS:
        digests[f"core: {kind}"] = [of_core(kind, make) for make in adversarial.GAMES]
    print(json.dumps({"level": _core.instruction_set(), "digests": digests}))
