"""The result of a run without a test set: one part for each fold, and values over all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import numpy as np
from numpy.typing import NDArray

from shapcpp.doubts.result import Doubts
from shapcpp.groups import numbered
from shapcpp.metrics import Metric
from shapcpp.results import folds_file, run_file, signs
from shapcpp.results.components import Components
from shapcpp.results.estimates import Metrics
from shapcpp.results.run import Run
from shapcpp.results.valuation import Valuation
from shapcpp.storage import files

__all__ = ["FoldedValuation", "components_of", "load_run"]

# Attributes that only a part has: the parts together have no such thing.
OF_A_PART = {
    "gains", "moments", "products", "empty_counts", "full_counts", "test_counts", "ranges",
    "scaling", "components", "fingerprint", "tally", "trace_counts", "trace_gains", "asked",
    "gain_unit", "votes", "vote_sizes", "vote_counts",
}  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class FoldedValuation(Run):
    """Data Shapley values of samples that judge one another, fold by fold.

    Returned by `value` without a test set, and by `load`. In part j the players are the samples
    outside fold j, and fold j is their test set. The value of a sample is the mean over the parts
    in which it plays; its standard error is the root of the sum of the squared errors of these
    parts, divided by their number. Index it with a metric: ``v["acc"]``.

    Attributes
    ----------
    parts : tuple of Valuation
        The result of each part, with its own gains, counts and efficiency; players are numbered
        within the part.
    folds : ndarray of int64, shape (n,)
        The fold of each sample: it judges in that part, and plays in all others.
    ids : ndarray, shape (n,)
        Identifiers of the samples; the row number where none were given.
    labels : ndarray of int64, bool or str, shape (n,)
        The labels as given.
    groups, true_labels : ndarray of shape (n,), or None
        Group ids and true labels where known.
    doubts : Doubts or None
        As for `Valuation`, of all samples; the parts have none.
    """

    _kind: ClassVar[str] = "a run in folds"

    parts: tuple[Valuation, ...]
    folds: NDArray[np.int64]
    ids: NDArray[Any]
    labels: NDArray[Any]
    groups: NDArray[Any] | None
    true_labels: NDArray[Any] | None
    doubts: Doubts | None = None

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            if name in OF_A_PART:
                raise AttributeError(
                    f"a run in folds has no {name} as a whole: each of its parts has, as in "
                    f"v.parts[0].{name}"
                )
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def classes(self) -> NDArray[Any]:
        """The sorted labels, shape (n_classes,)."""
        return self.parts[0].classes

    @property
    def players(self) -> NDArray[np.int64]:  # type: ignore[override]
        """The player (sample or group) of each sample, numbered over all parts, shape (n,)."""
        if self.groups is None or not self.settings["by_group"]:
            return np.arange(len(self.labels))
        return numbered(self.groups)

    @property
    def settings(self) -> dict[str, Any]:  # type: ignore[override]
        """The options of the run, as for `Valuation`; permutations counts those of all parts."""
        asked = sum(part.settings["permutations"] for part in self.parts)
        own = OF_A_PART - {"votes", "components"}  # options too
        shared = {k: v for k, v in self.parts[0].settings.items() if k not in own}
        return {**shared, "permutations": asked, "folds": len(self.parts)}

    @property
    def n_permutations(self) -> int:
        """Number of permutations completed, in all parts together."""
        return sum(part.n_permutations for part in self.parts)

    @property
    def complete(self) -> bool:
        """True if each part did everything that was asked for."""
        return all(part.complete for part in self.parts)

    @property
    def until_met(self) -> bool | None:
        """True if every part meets the stopping rule of the run; None without a rule."""
        return None if self.settings["until"] is None else all(p.until_met for p in self.parts)

    @property
    def uncertified(self) -> int:
        """As for `Valuation`, in all parts together."""
        return sum(part.uncertified for part in self.parts)

    @property
    def uncertified_share(self) -> float:
        """The share of the signs of all parts that is `uncertified`."""
        taken = sum(signs.signs_of(p.tally, int(p.test_counts.sum())) for p in self.parts)
        return min(self.uncertified / max(taken, 1), 1.0)

    @property
    def ties(self) -> int:
        """As for `Valuation`, in all parts together."""
        return sum(part.ties for part in self.parts)

    @property
    def stats(self) -> dict[str, int]:
        """Counts of the engine's work in all parts together."""
        names = dict.fromkeys(name for part in self.parts for name in part.stats)
        return {name: sum(part.stats.get(name, 0) for part in self.parts) for name in names}

    @property
    def only_prediction(self) -> Any:
        """The label that every test sample of every part is given, if there is just one."""
        found = {part.only_prediction for part in self.parts}
        return found.pop() if len(found) == 1 else None

    def chosen(self, metrics: Metrics = None) -> list[Metric]:  # noqa: D102  inherited
        if metrics is None:
            in_all = set.intersection(*(set(part.metrics) for part in self.parts))
            return [metric for metric in self.parts[0].chosen() if metric.name in in_all]
        found = [self._chosen_in(fold, metrics) for fold in range(len(self.parts))]
        return found[0]

    def check_begun(self) -> None:
        """Raises ValueError if fewer than two parts were begun, so that samples lack a value."""
        if len(self._begun) < 2:
            raise ValueError(
                f"{len(self._begun)} of {len(self.parts)} parts were begun: there are samples "
                "without values"
            )

    def _merged(self, other: FoldedValuation) -> FoldedValuation:
        if not np.array_equal(self.folds, other.folds):
            raise ValueError("these are runs of different problems: folds are others")
        pairs = zip(self.parts, other.parts, strict=True)
        doubts = other.doubts if self.doubts is None else self.doubts
        return replace(self, parts=tuple(a.merge(b) for a, b in pairs), doubts=doubts)

    def _write(self, path: files.PathLike) -> None:
        folds_file.write(path, vars(self), complete=self.complete)

    def __repr__(self) -> str:
        done, asked = self.n_permutations, self.settings["permutations"]
        known = f"{done} permutations" if self.complete else f"{done} of {asked} permutations"
        if done and len(self._begun) > 1:
            each = (f"{name} {self.reliability(name):.2f}" for name in self.metrics)
            known += f", reliability {', '.join(each)}"
        return (
            f"<FoldedValuation: {len(self.labels)} samples in {len(self.parts)} folds, {known}, "
            f"seed {self.settings['seed']}>"
        )

    def _chosen_in(self, fold: int, metrics: Metrics) -> list[Metric]:
        counts = self.parts[fold].test_counts
        found = self.parts[fold].chosen(metrics)  # a name that is unknown is so in every fold
        try:
            for metric in found:
                metric.on(counts)
        except ValueError as error:
            raise ValueError(f"in fold {fold}, {error}") from None
        return found

    @property
    def _begun(self) -> list[int]:
        return [fold for fold, part in enumerate(self.parts) if part.n_permutations]

    @property
    def _fewest(self) -> int:
        return min(part.n_permutations for part in self.parts)

    def _of_players(self, fold: int, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """A part's numbers per player, placed among all players; nan for its test samples."""
        outside, players = self.folds != fold, self.players
        placed = np.full(int(players.max()) + 1, np.nan)
        placed[players[outside]] = numbers[self.parts[fold].players]
        return placed

    def _stacked(self, numbers: list[NDArray[np.float64]]) -> NDArray[np.float64]:
        """One row for each part that was begun, one column for each player."""
        placed = [self._of_players(*each) for each in zip(self._begun, numbers, strict=True)]
        return np.stack(placed) if placed else np.full((1, int(self.players.max()) + 1), np.nan)

    def _means(self, metric: str | Metric) -> NDArray[np.float64]:
        [metric] = self.chosen(metric)
        return _mean(self._stacked([self.parts[fold]._means(metric) for fold in self._begun]))

    def _moments(self, metric: str | Metric) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        [metric] = self.chosen(metric)
        moments = [self.parts[fold]._moments(metric) for fold in self._begun]
        means = self._stacked([mean for mean, _ in moments])
        played = np.count_nonzero(~np.isnan(means), axis=0)
        # nan where a part has one permutation; a player that is only tested there does not count
        variances = np.where(
            np.isnan(means), 0.0, self._stacked([variance for _, variance in moments])
        )
        with np.errstate(invalid="ignore"):
            return _mean(means), variances.sum(axis=0) / played**2

    def agreement(self) -> NDArray[np.float64]:
        """The mean over the parts in which a sample plays of the share of votes for its label.

        Returns
        -------
        ndarray of float64, shape (n,)
            From 0 to 1; nan for a sample without votes. See `Valuation.agreement`.
        """
        shares = np.full((len(self.parts), len(self.folds)), np.nan)
        for fold, part in enumerate(self.parts):
            shares[fold, self.folds != fold] = part.agreement()
        return _mean(shares)

    def trusted(self, metric: str | Metric) -> NDArray[np.bool_]:  # noqa: D102  inherited
        # An error can be believed if it can in each part in which the sample plays.
        trusted = np.full(len(self.folds), len(self._begun) > 1)
        for fold in self._begun:
            trusted[self.folds != fold] &= self.parts[fold].trusted(metric)
        return trusted

    def enough_orders(self) -> int:  # noqa: D102  inherited
        return max(part.enough_orders() for part in self.parts)

    def _ranges(self, metric: str | Metric) -> tuple[float, float]:
        each = [part._ranges(metric) for part in self.parts]
        return max(highest for highest, _ in each), max(largest for _, largest in each)

    def _bernstein_reach(self, metric: str | Metric, error: float) -> NDArray[np.float64]:
        # The mean of intervals that hold together, however the parts depend on one another.
        each = error / len(self.parts)
        return _mean(self._stacked([part._bernstein_reach(metric, each) for part in self.parts]))


def _mean(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of each column over the rows that are not nan; nan where all are."""
    known = ~np.isnan(rows)
    with np.errstate(invalid="ignore"):
        mean: NDArray[np.float64] = np.where(known, rows, 0.0).sum(axis=0) / known.sum(axis=0)
    return mean


def components_of(v: Valuation | FoldedValuation) -> list[Components]:
    """The principal directions of a run, those of each fold; empty if it has all features."""
    parts = v.parts if isinstance(v, FoldedValuation) else (v,)
    return [part.components for part in parts if part.components is not None]


def load_run(path: files.PathLike) -> Valuation | FoldedValuation:
    """Reads the result of a run; raises what `shapcpp.load` raises."""
    if not folds_file.holds_folds(path):
        return Valuation(**run_file.read(path))
    fields = folds_file.read(path)
    parts = tuple(Valuation(**part) for part in fields.pop("parts"))
    return FoldedValuation(parts=parts, **fields)
