"""The mixture of true classes behind given labels: rates found again, likelihood climbed."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from shapcpp.doubts import mixture
from shapcpp.doubts.counts import _Parameters, count

Draw = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]


def draw(n: int, rates: NDArray[np.float64], slope: float = 8.0, seed: int = 0) -> Draw:
    """Predictions, given and true classes by the model itself."""
    rng, K = np.random.default_rng(seed), len(rates)
    F = rng.random((n, K))
    F /= F.sum(axis=1, keepdims=True)
    q = np.exp(slope * F)
    q /= q.sum(axis=1, keepdims=True)
    true = np.array([rng.choice(K, p=p) for p in q])
    given = np.array([rng.choice(K, p=rates[t]) for t in true])
    return F, given, true


def uniform(K: int, rate: float) -> NDArray[np.float64]:
    rates = np.full((K, K), rate / (K - 1))
    np.fill_diagonal(rates, 1 - rate)
    return rates


@pytest.mark.parametrize("K", [2, 4])
def test_one_rate_is_found_again_and_is_kept_common(K: int) -> None:
    F, given, _ = draw(4000, uniform(K, 0.15), 20.0)
    choice = mixture.choose(F, given, lambda: None)
    assert choice.second is not None
    assert not choice.best.by_direction
    assert choice.evidence < mixture.SURE
    for found in (choice.best, choice.second):
        np.testing.assert_allclose(found.rates, uniform(K, 0.15), atol=0.04)


def test_errors_of_one_direction_are_noticed() -> None:
    rates = np.array([[0.75, 0.25], [0.0, 1.0]])
    choice = mixture.choose(*draw(3000, rates)[:2], lambda: None)
    assert choice.best.by_direction
    assert choice.second is None
    assert choice.evidence > 4
    np.testing.assert_allclose(choice.best.rates, rates, atol=0.05)


@pytest.mark.parametrize("wrong", [0.1, 0.2, 0.3])
def test_the_rate_is_right_where_predictions_are_shrunk_probabilities(wrong: float) -> None:
    rng, n = np.random.default_rng(0), 8000
    q = 1 / (1 + np.exp(-2.5 * rng.normal(size=n)))
    true = (rng.random(n) < q).astype(np.int64)
    given = np.where(rng.random(n) < wrong, 1 - true, true)
    shrunk = 0.5 + (1 - 2 * wrong) * (0.8 * (q - 0.5) + 0.03 * rng.normal(size=n))
    F = np.column_stack([1 - shrunk, shrunk])
    bent, straight = (
        1 - mixture.fit(F, given, False, lambda: None, bend=bend).rates[0, 0]
        for bend in (mixture.Bend.of(F), None)
    )
    assert bent == pytest.approx(wrong, abs=0.03)
    assert abs(bent - wrong) < abs(straight - wrong)


def test_bending_keeps_the_order_and_the_middle() -> None:
    F = np.sort(np.random.default_rng(0).normal(0.4, 0.5, size=(200, 3)), axis=0)
    bend = mixture.Bend.of(F)
    assert (np.diff(bend(F), axis=0) > 0).all()
    assert bend(np.full((1, 3), bend.middle)) == pytest.approx(bend.middle)
    near = np.full((1, 3), bend.middle + 0.01 * bend.half)
    np.testing.assert_allclose(bend(near), near, rtol=1e-5)
    alike = np.full((5, 4), 0.25)
    np.testing.assert_allclose(mixture.Bend.of(alike)(alike), alike)


def test_the_free_mixture_is_at_least_as_likely() -> None:
    F, given, _ = draw(500, uniform(3, 0.1))
    common = mixture.fit(F, given, False, lambda: None)
    free = mixture.fit(F, given, True, lambda: None, common)
    assert free.log_likelihood >= common.log_likelihood - 0.1
    np.testing.assert_allclose(free.rates.sum(axis=1), 1)
    assert (np.diag(free.rates) >= 0.5).all()


@pytest.mark.parametrize("common", [None, 0.1])
def test_rates_that_are_extrapolated_to_nothing_stay_possible(common: float | None) -> None:
    F, given, _ = draw(50, uniform(2, 0.2))
    model = mixture._Model(F, given, common)
    far = mixture._State.of(np.array([1.0, 0.0, 0.0, 0.0, -800.0, -800.0, 5.0]), 2)
    assert np.isfinite(model.value(far))
    assert (far.rates > 0).all()
    np.testing.assert_allclose(far.rates.sum(axis=1), 1)


def test_features_that_tell_nothing_are_no_sign_of_a_direction() -> None:
    """Predictions that lean the wrong way: the best slope lies below those that are possible."""
    rng = np.random.default_rng(0)
    given = (rng.random(6000) < 0.27).astype(np.int64)
    f = 0.27 + 0.01 * rng.normal(size=6000) - 0.001 * given
    choice = mixture.choose(np.column_stack([1 - f, f]), given, lambda: None)
    assert choice.second is not None
    share = given.mean()
    alone = 6000 * (share * np.log(share) + (1 - share) * np.log(1 - share))
    for found in (choice.best, choice.second):
        assert found.log_likelihood == pytest.approx(alone, abs=1.0)


def test_shares_are_those_of_bayes() -> None:
    F, given, _ = draw(50, uniform(3, 0.2))
    m = mixture.Mixture(5.0, np.array([0.1, 0.0, -0.1]), uniform(3, 0.2), 0.0, False)
    r = mixture.posterior(m, F, given)
    for i in range(50):
        q = np.exp(5.0 * F[i] + m.offsets)
        q /= q.sum()
        joint = q * m.rates[:, given[i]]
        np.testing.assert_allclose(r[i], joint / joint.sum())


def test_names_of_classes_do_not_matter() -> None:
    F, given, _ = draw(800, np.array([[0.9, 0.1, 0.0], [0.0, 0.7, 0.3], [0.05, 0.05, 0.9]]), 15.0)
    order = np.array([2, 0, 1])
    place = np.argsort(order)
    a = mixture.choose(F, given, lambda: None).best
    b = mixture.choose(F[:, order], place[given], lambda: None).best
    np.testing.assert_allclose(b.rates, a.rates[np.ix_(order, order)], atol=1e-6)


@pytest.mark.parametrize("bend", [None, mixture.Bend(0.4, 0.3)])
@pytest.mark.parametrize("by_direction", [False, True])
def test_gradients_of_numbers_are_differences_of_them(
    by_direction: bool, bend: mixture.Bend | None
) -> None:
    F, given, _ = draw(300, uniform(3, 0.2))
    skew = np.array([[0.8, 0.15, 0.05], [0.1, 0.8, 0.1], [0.05, 0.05, 0.9]])
    rates = skew if by_direction else uniform(3, 0.2)
    m = mixture.Mixture(6.0, np.array([0.2, 0.0, -0.2]), rates, 0.0, by_direction, bend)

    def moved(p: int, by: float) -> mixture.Mixture:
        slope, offsets, T = np.log(m.slope), m.offsets.copy(), np.log(m.rates)
        if p == 0:
            slope += by
        elif p <= 3:
            offsets[p - 1] += by
        elif by_direction:
            T[divmod(p - 4, 3)] += by
        else:
            T[~np.eye(3, dtype=bool)] += by
        T -= np.log(np.exp(T).sum(axis=1, keepdims=True))
        return mixture.Mixture(float(np.exp(slope)), offsets, np.exp(T), 0.0, by_direction, bend)

    def numbers(of: mixture.Mixture) -> NDArray[np.float64]:
        r = mixture.posterior(of, F, given)
        return np.stack([r[given == k].sum(axis=0) for k in range(3)], axis=1)

    parameters = _Parameters(m, 3)
    part = parameters.of(F, given)
    gradient = np.stack([part.gradient(given == k) for k in range(3)], axis=1)
    gradient += numbers(m)[:, :, None] * parameters.of_rates()
    for p in range(parameters.size):
        slow = (numbers(moved(p, 1e-5)) - numbers(moved(p, -1e-5))) / 2e-5
        np.testing.assert_allclose(gradient[:, :, p], slow, atol=1e-6)


def test_intervals_hold_the_number_about_as_often_as_they_say() -> None:
    hits = 0
    for seed in range(40):
        F, given, true = draw(600, uniform(2, 0.2), 12.0, seed)
        counts = count(mixture.choose(F, given, lambda: None), F, given, np.arange(600))
        found, wrong = np.sqrt(counts.numbers.sum()), np.sqrt((given != true).sum())
        hits += abs(found - wrong) <= 1.96 * counts.total_deviation / (2 * found)
    assert hits >= 34
