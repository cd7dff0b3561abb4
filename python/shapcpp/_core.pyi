from collections.abc import Callable
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]

__version__: str

class ConvergenceError(RuntimeError):
    partial: Any

@final
class Problem:
    def __init__(
        self,
        *,
        X: FloatArray,
        classes: IntArray,
        X_test: FloatArray,
        classes_test: IntArray,
        C: float,
        class_weights: FloatArray,
        players: IntArray,
        empty_counts: IntArray,
        single_class: str,
    ) -> None: ...
    @property
    def n_players(self) -> int: ...
    @property
    def penalty(self) -> FloatArray: ...
    @property
    def rotation_error(self) -> float: ...
    @property
    def samples(self) -> FloatArray: ...
    def test_samples(self, class_index: int) -> FloatArray: ...

@final
class Score:
    @property
    def correct(self) -> IntArray: ...
    @property
    def uncertified(self) -> int: ...

@final
class Tally:
    def __init__(self, n_players: int, n_classes: int) -> None: ...
    def add(self, index: int, order: IntArray, path: IntArray, uncertified: int = 0) -> None: ...
    @property
    def gains(self) -> IntArray: ...
    @property
    def products(self) -> IntArray: ...
    @property
    def uncertified(self) -> int: ...
    @property
    def statistics(self) -> dict[str, int]: ...
    @property
    def ranges(self) -> IntArray: ...

def permutation(n: int, seed: int, index: int) -> IntArray: ...
def everyone(problem: Problem, dense: bool = False) -> Score: ...
def walk(
    problem: Problem, everyone: Score, order: IntArray, dense: bool = False
) -> tuple[IntArray, int]: ...
def halving(
    problem: Problem, everyone: Score, order: IntArray, leaf: int = 1, dense: bool = False
) -> tuple[IntArray, int]: ...
def halving_scale(n_players: int) -> int: ...
def run(
    problem: Problem,
    everyone: Score,
    tally: Tally,
    *,
    seed: int,
    first: int,
    count: int,
    threads: int,
    progress: Callable[[int], Any] | None = None,
    dense: bool = False,
) -> None: ...
def in_forked_child() -> bool: ...
def footprint(
    *,
    n_samples: int,
    n_test: int,
    n_features: int,
    n_players: int,
    n_classes: int,
    threads: int,
) -> int: ...
def build() -> dict[str, Any]: ...
def instruction_set() -> str: ...
def logistic(margins: FloatArray, signs: FloatArray) -> tuple[FloatArray, FloatArray]: ...
