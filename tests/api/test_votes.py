"""Votes as a result: agreement, saving, merging, going on, parts, and what is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shapcpp
from runs import arguments, assert_same, run
from shapcpp import _core
from shapcpp.problem.problem import Problem
from shapcpp.problem.sampling import Sampling
from shapcpp.results import signs, votes
from shapcpp.results.tally import Tally

SAMPLERS = pytest.mark.parametrize("sampler", ["halving", "permutations"])


@SAMPLERS
def test_agreement_is_the_share_of_votes_for_the_label(sampler: str) -> None:
    v = run(9, sampler=sampler)
    assert v.votes is not None
    for i in range(60):
        of_class = v.votes[i].sum(axis=0)
        assert v.agreement()[i] == of_class[v.labels[i]] / of_class.sum()


def test_labels_need_not_be_zero_and_one() -> None:
    X, y, X_test, y_test = arguments()
    v = shapcpp.value(X, 7 - 9 * y, X_test, 7 - 9 * y_test, 9)
    w = shapcpp.value(-X, y, -X_test, y_test, 9, groups=np.arange(60))
    np.testing.assert_array_equal(v.classes, [-2, 7])
    np.testing.assert_allclose(v.agreement(), w.agreement())


def test_wrong_labels_are_contradicted() -> None:
    rng = np.random.default_rng(0)
    y = np.arange(400) % 2
    X = rng.normal(size=(400, 2)) + 2.5 * y[:, None]
    noisy, flipped = shapcpp.flip_labels(y, 0.1)
    v = shapcpp.value(X, noisy, X[:50], y[:50], 10)
    lowest = np.argsort(v.agreement())[: flipped.sum()]
    assert flipped[lowest].mean() > 0.8


@SAMPLERS
def test_the_same_in_pieces_on_threads_and_elsewhere(sampler: str, tmp_path: Path) -> None:
    whole = run(40, sampler=sampler)
    assert_same(run(40, sampler=sampler, threads=3), whole)
    parts = [run(n, first=first, sampler=sampler) for first, n in ((0, 13), (13, 27))]
    merged = parts[1].merge(parts[0])
    np.testing.assert_array_equal(merged.votes, whole.votes)
    assert_same(run(40, sampler=sampler, extend=parts[0]), whole)
    path = tmp_path / "run.npz"
    run(13, sampler=sampler, checkpoint=path)
    assert_same(run(40, sampler=sampler, checkpoint=path), whole)
    assert_same(shapcpp.load(path, shapcpp.Valuation), whole)
    with ThreadPoolExecutor(2) as pool:
        assert_same(run(40, sampler=sampler, executor=pool), whole)


@SAMPLERS
def test_groups_vote_together_on_each_sample(sampler: str) -> None:
    v = run(10, sampler=sampler, groups=np.arange(60) // 2)
    assert v.votes is not None
    assert v.vote_sizes is not None
    assert v.vote_sizes.tolist() == ([] if sampler == "halving" else [16, 29])
    assert v.votes.shape == (60, len(v.vote_sizes), 2)
    # Samples of a group are outside the same coalitions.
    of_sample = v.votes.sum(axis=2)
    np.testing.assert_array_equal(of_sample[::2], of_sample[1::2])


def test_votes_do_not_change_anything_else() -> None:
    for sampler in ("halving", "permutations"):
        v, w = run(20, sampler=sampler), run(20, sampler=sampler, votes=False)
        for name in ("gains", "products", "full_counts"):
            np.testing.assert_array_equal(getattr(v, name), getattr(w, name))
        assert (v.ties, v.uncertified) == (w.ties, w.uncertified)
        for name in ("joins", "coalitions"):
            assert v.stats[name] == w.stats[name]


def test_without_votes(tmp_path: Path) -> None:
    v = run(20, votes=False)
    assert v.votes is None
    assert v.vote_sizes is None
    assert v.vote_counts is None
    assert np.isnan(v.agreement()).all()
    path = tmp_path / "run.npz"
    v.save(path)
    assert_same(shapcpp.load(path, shapcpp.Valuation), v)
    with pytest.raises(ValueError, match="different problems: votes is True, not False"):
        run(20, first=20).merge(v)
    with pytest.raises(ValueError, match="extend is of another run: its votes is False, not True"):
        run(40, extend=v)
    with pytest.raises(TypeError, match="votes must be True or False, got 1"):
        run(20, votes=1)


def test_merging_asks_for_one_sampler() -> None:
    with pytest.raises(ValueError, match="different problems: sampler is 'permutations', not"):
        run(5).merge(run(5, first=5, sampler="halving"))


def test_no_votes_where_players_are_few() -> None:
    X, y, X_test, y_test = arguments(20)
    v = shapcpp.value(X, y, X_test, y_test, 5)
    assert v.votes is not None
    assert v.votes.shape == (20, 0, 2)
    assert np.isnan(v.agreement()).all()
    some = shapcpp.value(X, y, X_test, y_test, 1, sampler="permutations")
    assert some.votes is not None
    without = some.votes.sum(axis=(1, 2)) == 0
    assert 0 < without.sum() <= 16
    np.testing.assert_array_equal(np.isnan(some.agreement()), without)


def test_coalitions_of_one_class_predict_it_or_nothing() -> None:
    X, y = np.arange(3.0)[:, None], np.array([0, 1, 1])
    sizes = {}
    for rule in ("constant", "carry"):
        v = shapcpp.value(X, y, X, y, 60, sampler="permutations", single_class=rule)
        assert v.votes is not None
        assert v.vote_sizes is not None
        assert v.vote_sizes.tolist() == [2]
        sizes[rule] = v.votes[:, 0]
    assert sizes["constant"][0, 0] == 0
    assert sizes["constant"][0, 1] > 0  # the others are of class 1
    assert not sizes["carry"][0].any()
    np.testing.assert_array_equal(sizes["carry"][1:], sizes["constant"][1:])


def test_beyond_a_gibibyte_only_sums_over_sizes_are_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    v = run(20)
    assert v.votes is not None
    monkeypatch.setattr(votes, "MOST_BYTES", v.votes.nbytes - 1)
    w = run(20, threads=2)
    assert w.vote_counts is not None
    np.testing.assert_array_equal(w.vote_counts, v.votes.sum(axis=1, keepdims=True))
    np.testing.assert_array_equal(w.agreement(), v.agreement())
    np.testing.assert_array_equal(w.vote_sizes, v.vote_sizes)
    with pytest.raises(ValueError, match=r"at each of 3 sizes would take 2\.9 kB: only their sums"):
        _ = w.votes
    path = tmp_path / "run.npz"
    w.save(path)
    assert_same(shapcpp.load(path, shapcpp.Valuation), w)
    np.testing.assert_array_equal(
        w.merge(run(10, first=20)).vote_counts, run(30).vote_counts
    )  # fmt: skip
    assert votes.kept_sizes(10**6, 15, 2) == votes.kept_sizes(10**6, 0, 2) + 1 == 1


def test_in_folds_the_parts_have_votes_and_all_agree() -> None:
    X, y, _, _ = arguments(90)
    v = shapcpp.value(X, y, folds=3, permutations=4)
    for name in ("votes", "vote_sizes", "vote_counts"):
        with pytest.raises(
            AttributeError, match=rf"no {name} as a whole: .* v\.parts\[0\]\.{name}"
        ):
            getattr(v, name)
    shares = np.full((3, 90), np.nan)
    for fold, part in enumerate(v.parts):
        shares[fold, v.folds != fold] = part.agreement()
    np.testing.assert_allclose(v.agreement(), np.nanmean(shares, axis=0))
    assert v.settings["votes"]
    without = shapcpp.value(X, y, folds=3, permutations=4, votes=False)
    assert np.isnan(without.agreement()).all()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda votes: votes[:, :2], r"vote_counts has dtype int64 and shape \(60, 2, 2\)"),
        (lambda votes: votes[:50], r"vote_counts has dtype int64 and shape \(50, 3, 2\)"),
        (lambda votes: votes.astype(float), r"vote_counts has dtype float64"),
        (lambda votes: votes - 9, "there are more votes than coalitions that voted"),
        (lambda votes: votes + 9, "there are more votes than coalitions that voted"),
    ],
)
def test_damaged_votes_are_refused(change: Any, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    run(5).save(path)
    with np.load(path) as archive:
        arrays = dict(archive)
    np.savez(path, **arrays | {"vote_counts": change(arrays["vote_counts"])})
    with pytest.raises(ValueError, match=f"is a damaged result file: {complaint}"):
        shapcpp.load(path)


def test_votes_that_nobody_can_tell_are_an_error() -> None:
    tally = Tally(
        **vars(Tally.empty(1, 2, vote_shape=(1, 1, 2)))
        | {"stats": {"vote_uncertified": 3}, "vote_counts": np.array([[[900, 100]]])}
    )
    with pytest.raises(shapcpp.UncertifiedError, match=r"the signs of 0\.30% of all votes are"):
        signs.check(tally, 100, lambda: "")
    signs.check(tally, 100, lambda: "", under_way=True)


def test_a_tally_is_of_one_game() -> None:
    problem = Problem.of(*arguments())
    sampling = Sampling.of(permutations=1, sampler="permutations")
    game, other = problem.game(), problem.game(np.arange(40))
    with pytest.raises(ValueError, match="votes of another game"):
        sampling.draw(
            game, sampling.prepare(game), _core.grand_coalition(game), sampling.new_tally(other, None),
            first=0, count=1, threads=1,
        )  # fmt: skip


@pytest.mark.parametrize("model", ["logistic", "ridge"])
def test_labels_of_several_kinds_have_a_column_each(model: str) -> None:
    rng = np.random.default_rng(0)
    y = np.array(["b", "c", "a"])[np.arange(90) % 3]
    X = rng.normal(size=(90, 4)) + 3 * (y[:, None] == np.array(["a", "b", "c", "d"]))
    v = shapcpp.value(X, y, X[:30], y[:30], permutations=6, model=model)
    assert v.votes is not None
    assert v.votes.shape == (90, 2, 3)
    assert np.mean(v.classes[v.votes.sum(axis=1).argmax(axis=1)] == y) > 0.9
    assert np.nanmean(v.agreement()) > 0.8
