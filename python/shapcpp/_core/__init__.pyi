from collections.abc import Callable
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from . import testing as testing

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
        squares: bool = False,
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
    def values(self) -> IntArray: ...
    @property
    def ties(self) -> int: ...
    @property
    def uncertified(self) -> int: ...

@final
class Tally:
    def __init__(
        self,
        n_players: int,
        width: int,
        weights: IntArray | None = None,
        votes: tuple[int, int, int] | None = None,
    ) -> None: ...
    @property
    def gains(self) -> IntArray: ...
    @property
    def moments(self) -> IntArray: ...
    @property
    def votes(self) -> IntArray | None: ...
    @property
    def ties(self) -> int: ...
    @property
    def uncertified(self) -> int: ...
    @property
    def statistics(self) -> dict[str, int]: ...
    @property
    def ranges(self) -> IntArray: ...

def permutation(n: int, seed: int, index: int) -> IntArray: ...

class Game:
    @property
    def n_players(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def predicted(self) -> tuple[int, int]: ...

class Sampler: ...

def game(problem: Problem, model: str = "logistic") -> Game: ...
def model_game(
    *,
    count: Callable[[IntArray], IntArray],
    predict: Callable[[IntArray, IntArray], IntArray],
    classes: IntArray,
    players: IntArray,
    empty_counts: IntArray,
    test_counts: IntArray,
    single_class: str,
) -> Game: ...
def grand_coalition(game: Game, progress: Callable[[int], Any] | None = None) -> Score: ...
def permutation_sampler() -> Sampler: ...
def halving_sampler(
    game: Game, seed: int, progress: Callable[[int], Any] | None = None
) -> Sampler: ...
def permutation_votes(n_players: int) -> tuple[IntArray, int]: ...
def halving_votes(n_players: int) -> tuple[IntArray, int]: ...
def halving_unit(n_players: int, n_samples: int) -> int: ...
def run(
    game: Game,
    sampler: Sampler,
    grand_coalition: Score,
    tally: Tally,
    *,
    seed: int,
    first: int,
    count: int,
    threads: int,
    progress: Callable[[int], Any] | None = None,
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
    n_weighted: int = 0,
    model: str = "logistic",
    vote_sizes: int = 0,
    n_ballots: int = 0,
) -> int: ...
def build() -> dict[str, Any]: ...
def instruction_set() -> str: ...
def leave_one_out(
    *,
    X: FloatArray,
    classes: IntArray,
    n_classes: int,
    similarity: str,
    width: float,
    landmarks: IntArray,
    factors: FloatArray,
    judged: IntArray,
    threads: int,
    progress: Callable[[int], Any] | None = None,
) -> tuple[FloatArray, float, float, int]: ...
def steepness(
    *,
    X: FloatArray,
    classes: IntArray,
    n_classes: int,
    width: float,
    landmarks: IntArray,
    factors: FloatArray,
    threads: int,
    progress: Callable[[int], Any] | None = None,
) -> FloatArray: ...
def gaussian_features(*, samples: FloatArray, n_training: int, gamma: float) -> FloatArray: ...
def matrix_features(*, entries: FloatArray) -> tuple[FloatArray, int, float]: ...
