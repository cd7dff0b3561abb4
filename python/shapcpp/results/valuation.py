"""The result of a run: integers, and everything that is read off them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from shapcpp import checks
from shapcpp.doubts.result import Doubts
from shapcpp.results import index_ranges, run_file, signs
from shapcpp.results.components import Components
from shapcpp.results.run import Run
from shapcpp.results.stopping import parse_rule
from shapcpp.results.sums import Sums
from shapcpp.results.tally import Tally
from shapcpp.results.votes import Voted
from shapcpp.storage import files

__all__ = ["Valuation", "load"]

INTEGERS = ("gains", "moments", "empty_counts", "full_counts", "test_counts", "ranges",
            "trace_counts", "trace_gains", "vote_counts")  # fmt: skip
# Settings that say which permutations were asked for and when to stop; runs may differ in them.
OF_THE_LENGTH = {"permutations", "asked", "until"}
MERGED = "the errors that ended these runs name the features"


@dataclass(frozen=True, eq=False, repr=False)
class Valuation(Sums, Run, Voted):
    """Data Shapley values of training samples, with their uncertainty, for every linear metric.

    Returned by `value` and `load`. Index it with a metric: ``v["acc"]``.

    Attributes
    ----------
    gains : ndarray of int64, shape (n_players, n_classes)
        Sum over permutations of the change in correct test predictions of each class
        when the player joins, in units of ``1 / gain_unit``: 1 for plain permutations.
        Players are samples, or groups in sorted order of their id.
    moments : ndarray of int64, shape (n_players, n_classes, n_classes)
        Sums over permutations of the products of these changes, in units of the square; also
        called `products`. With more than 12 classes, shape (n_players, n_classes + m): the squares
        of the changes, then the squares of m weighted sums of them, for accuracy, balanced
        accuracy and the metrics named in ``metrics=``.
    empty_counts, full_counts, test_counts : ndarray of int64, shape (n_classes,)
        Correct test predictions of each class by the empty coalition and by all samples,
        and the number of test samples of each class. The gains add up to exactly
        ``n_permutations * gain_unit * (full_counts - empty_counts)``.
        `full_counts` is -1 where a run was stopped before it had evaluated the coalition of
        all samples.
    ties : int
        How many margins, over permutations, coalitions and test samples, were zero to
        rounding, as happens when features take few different values. Such a test sample is
        predicted as the smallest label.
    uncertified : int
        How many other margins had a sign that double precision cannot tell; such a test sample is
        predicted as the smallest label too. A run with more than 0.1% of them ends in an
        `UncertifiedError`.
    ranges : ndarray of int64, shape (k, 2)
        The permutations done, as half-open ranges ``[first, end)``.
    classes : ndarray of int64, bool or str, shape (n_classes,)
        The labels as given, sorted; column k of every per-class array belongs to ``classes[k]``.
        With two classes, the larger label is "positive".
    players : ndarray of int64, shape (n,)
        The row of `gains` that belongs to each sample.
    ids : ndarray, shape (n,)
        Identifiers of the samples; the row number where none were given.
    labels : ndarray of int64, bool or str, shape (n,)
        The labels as given.
    groups, true_labels : ndarray of shape (n,), or None
        Group ids and true labels where known.
    settings : dict
        The options of the run: permutations (asked for), asked (the same as half-open
        ranges), seed, model, C, class_weight (None, "balanced" or one weight per class), scale,
        components, kernel, gamma (the default where none was given), empty (a word, or ["label",
        x]), single_class, by_group, metrics (asked about: names, and weights of one's own),
        sampler, gain_unit, votes, until.
    scaling : ndarray of float64, shape (2, n_features), or None
        With ``scale="standard"``: means and deviations applied to training and test features.
    fingerprint : str
        SHA-256 of the inputs.
    stats : dict of str to int
        Counts of the engine's work over the permutations done, which explain why a data set is
        fast or slow. Among them are ``coalitions`` scored by an optimum, how many of these were
        certified ``without_pass`` over the members, ``passes`` over the members, ``fits``
        by Newton's method, and ``test_evaluations``.
        The keys may change between versions.
    trace_counts : ndarray of int64, shape (k,), or None
        With ``trace=``: numbers of permutations done at which the gains were kept, strictly
        increasing; the last is `n_permutations`.
    trace_gains : ndarray of int64, shape (k, n_players, n_classes), or None
        The gains at these numbers, the last equal to `gains`. ``trace_gains[j] @ weights /
        (trace_counts[j] * gain_unit)`` are the values after that many permutations.
    vote_counts : ndarray of int64, shape (n, n_sizes, n_classes), or None
        `votes`, or where these would take more than 1 GiB their sums over sizes, with n_sizes 1:
        all votes on a sample, those for its given label and for the leading class are read off
        them. None for a run with ``votes=False``.
    doubts : Doubts or None
        With ``doubt=True``: which labels of these samples are probably wrong, according to
        `shapcpp.doubt`. A doubt is about a label; a value is a sample's worth to a metric.
    components : Components or None
        With ``components=r``: the mean, the principal directions and the deviations along them, and
        the share of the variance that they keep (`share`); its `apply` takes features of other
        samples along.
    """

    _kind: ClassVar[str] = "a run with a test set"

    gains: NDArray[np.int64]
    moments: NDArray[np.int64]
    empty_counts: NDArray[np.int64]
    full_counts: NDArray[np.int64]
    test_counts: NDArray[np.int64]
    ties: int
    uncertified: int
    ranges: NDArray[np.int64]
    classes: NDArray[Any]
    players: NDArray[np.int64]
    ids: NDArray[Any]
    labels: NDArray[Any]
    groups: NDArray[Any] | None
    true_labels: NDArray[Any] | None
    settings: dict[str, Any]
    scaling: NDArray[np.float64] | None
    fingerprint: str
    stats: dict[str, int] = field(default_factory=dict)
    trace_counts: NDArray[np.int64] | None = None
    trace_gains: NDArray[np.int64] | None = None
    vote_counts: NDArray[np.int64] | None = None
    doubts: Doubts | None = None
    components: Components | None = None

    def __post_init__(self) -> None:
        for name in INTEGERS:
            array = getattr(self, name)
            if array is not None:
                array.setflags(write=False)

    @property
    def complete(self) -> bool:
        """True if the run did all the permutations asked for, or met its stopping rule.

        A run without `permutations` is also complete if it ended at the cap on their number;
        `until_met` tells the two apart.
        """
        return self.n_permutations == int(self.settings["permutations"])

    @property
    def uncertified_share(self) -> float:
        """The share of all signs, over permutations and coalitions, that is `uncertified`."""
        return signs.share_of(self.tally, int(self.test_counts.sum()))

    @property
    def until_met(self) -> bool | None:
        """True if the results meet the stopping rule of the run; None if it had none.

        True if the rule ended the run, False if it first reached its number of permutations or its
        time limit. Evaluated on the current results, so also after `load`, `merge` and extending.
        """
        until = self.settings["until"]
        return None if until is None else parse_rule(until).is_met(self)

    @property
    def only_prediction(self) -> Any:
        """The label that the classifier of all samples gives every test sample, if just one."""
        if (self.full_counts < 0).any() or (self.test_counts == 0).any():
            return None
        for k, label in enumerate(self.classes.tolist()):
            wrong = np.delete(self.full_counts, k)
            if self.full_counts[k] == self.test_counts[k] and not wrong.any():
                return label
        return None

    def _merged(self, other: Valuation) -> Valuation:
        differs = self.differs_from(other)
        if differs is not None:
            raise ValueError(f"these are runs of different problems: {differs}")
        asked = index_ranges.union(*(index_ranges.of(v.settings["asked"]) for v in (self, other)))
        together = self.n_permutations + other.n_permutations
        checks.sums_fit(together, self.test_counts)
        same_rule = self.settings["until"] == other.settings["until"]
        merged = replace(
            self,
            **vars(self.tally + other.tally),
            full_counts=np.maximum(self.full_counts, other.full_counts),  # -1 where not known
            trace_counts=None,
            trace_gains=None,
            doubts=other.doubts if self.doubts is None else self.doubts,
            settings={
                **self.settings,
                "permutations": index_ranges.size(asked),
                "asked": asked.tolist(),
                "until": self.settings["until"] if same_rule else None,
            },
        )
        try:
            signs.check(merged.tally, int(self.test_counts.sum()), lambda: MERGED)
        except signs.UncertifiedError as error:
            error.partial = merged
            raise
        return merged

    @property
    def tally(self) -> Tally:
        """The part of the result that adds up."""
        return Tally(
            self.gains, self.moments, self.ties, self.uncertified, self.ranges, self.stats,
            self.vote_counts,
        )  # fmt: skip

    def differs_from(self, other: Valuation) -> str | None:
        """The difference between the problems of two runs, "seed is 0, not 1"; None if equal."""
        for name, value in self.settings.items():
            others = other.settings.get(name)
            if name in self._may_differ or value == others:
                continue
            mine, theirs = _asked(name, value), _asked(name, others)
            if mine != theirs:  # logistic models differ where labels do, which are told below
                return f"{name} is {mine}, not {theirs}"
        if self.fingerprint != other.fingerprint:
            return "data (features, labels or groups) are others"
        return None

    @property
    def _may_differ(self) -> set[str]:
        # The metrics asked about matter only with many classes: they decide which moments are kept.
        return OF_THE_LENGTH | ({"metrics"} if self.moments.ndim == 3 else set())

    def _write(self, path: files.PathLike) -> None:
        run_file.write(path, vars(self), complete=self.complete)

    def __repr__(self) -> str:
        done = f"{self.n_permutations} permutations"
        if not self.complete:
            done = (
                f"{self.n_permutations} of {self.settings['permutations']} permutations (partial)"
            )
        players = len(self.gains)
        groups = f" in {players} groups" if self.settings["by_group"] else ""
        how = "" if self.settings["sampler"] == "permutations" else f" ({self.settings['sampler']})"
        known = f"metrics {', '.join(self.metrics)}"
        if self.n_permutations > 1:
            each = (f"{name} {self.reliability(name):.2f}" for name in self.metrics)
            known = f"reliability {', '.join(each)}"
        return (
            f"<Valuation: {len(self.players)} samples{groups}, {done}{how}, seed "
            f"{self.settings['seed']}, {known}>"
        )


def _asked(name: str, value: object) -> str:
    """The value of a setting as the user gave it."""
    if name == "components" and value is None:
        return "all features"
    if name in ("kernel", "gamma") and value is None:
        return "none"
    if name == "model" and value == "ovr":  # what logistic means with more than two labels
        return "'logistic'"
    return repr(value)


def load(path: files.PathLike) -> Valuation:
    """Reads a result of a run with a test set; raises what `shapcpp.load` raises."""
    return Valuation(**run_file.read(path))
