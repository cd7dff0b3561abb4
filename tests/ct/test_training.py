"""Training: it learns, stops in time, keeps the best, and does the same twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.optim.swa_utils import AveragedModel

from blobs import blobs
from shapcpp.ct.network import losses, training
from shapcpp.ct.network.augmentation import Augmentation
from shapcpp.ct.network.capsules import CapsuleNetwork, NetworkOptions
from shapcpp.ct.network.trained import (
    Trained,
    evaluated,
    features_of_capsules,
    fingerprints,
    load_model,
    scores_of,
)
from shapcpp.ct.network.training import train
from shapcpp.ct.slices import Slices

QUICK: dict[str, Any] = {"epochs": 2, "options": NetworkOptions(capsules=4, dimension=4)}


@pytest.fixture(name="slices", scope="module")
def _slices() -> Slices:
    return blobs()


@pytest.fixture(name="trained", scope="module")
def _trained(slices: Slices) -> Trained:
    return train(slices, **QUICK)


def test_it_learns() -> None:
    slices = blobs(train=120)
    trained = train(slices, epochs=12, patience=12)
    assert trained.auc(slices, "test") > 0.9
    assert trained.features(slices.images).shape == (len(slices), 16)


def test_two_runs_give_the_same_features_and_another_seed_others(
    slices: Slices, trained: Trained
) -> None:
    torch.rand(7)  # what the caller drew does not matter
    before = torch.random.get_rng_state()
    again = train(slices, **QUICK)
    torch.testing.assert_close(torch.random.get_rng_state(), before, rtol=0, atol=0)
    np.testing.assert_array_equal(again.curve, trained.curve)
    features = trained.features(slices.images)
    np.testing.assert_array_equal(again.features(slices.images), features)
    other = train(slices, **QUICK, seed=1)
    assert np.abs(other.features(slices.images) - features).max() > 1e-3


def test_noisy_labels_train_in_place_of_the_given(slices: Slices, trained: Trained) -> None:
    y = slices.label[slices.split == "train"]
    same = train(slices, y, **QUICK)
    np.testing.assert_array_equal(same.curve, trained.curve)
    flipped = train(slices, 1 - y, **QUICK)
    assert (flipped.curve["train_loss"] != trained.curve["train_loss"]).all()


def test_labels_of_val_and_test_do_not_train(slices: Slices, trained: Trained) -> None:
    label = slices.label.copy()
    label[slices.split == "test"] = 0
    label[slices.split == "val"] = 1 - label[slices.split == "val"]
    other = train(replace(slices, label=label), **QUICK)
    np.testing.assert_array_equal(other.curve["train_loss"], trained.curve["train_loss"])
    assert (other.curve["val_loss"] != trained.curve["val_loss"]).all()


def test_it_stops_after_patience_and_keeps_the_best(
    slices: Slices, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Validation losses of our choice; those of the training steps stay as they are.
    wanted = iter([0.5, 0.3, 0.4, 0.3, 0.6, 0.1])
    states: list[torch.Tensor] = []

    def loss_of(lengths: torch.Tensor, *rest: torch.Tensor) -> torch.Tensor:
        return (
            losses.weighted_margin_loss(lengths, *rest)
            if lengths.requires_grad
            else torch.tensor(next(wanted))
        )

    def note(network: Any, *rest: Any) -> Any:
        states.append(network.classes.weight.detach().clone())
        return evaluated(network, *rest)

    monkeypatch.setattr(training, "weighted_margin_loss", loss_of)
    monkeypatch.setattr(training, "evaluated", note)
    steps: list[tuple[int, int]] = []
    trained = train(
        slices, epochs=10, patience=3, options=QUICK["options"],
        progress=lambda done, total: steps.append((done, total)),
    )  # fmt: skip
    np.testing.assert_allclose(trained.curve["val_loss"], [0.5, 0.3, 0.4, 0.3, 0.6])
    assert trained.curve["epoch"].tolist() == [1, 2, 3, 4, 5]
    torch.testing.assert_close(trained.network.classes.weight.data, states[1], rtol=0, atol=0)
    assert (states[1] != states[4]).any()
    assert steps == [*((i, 40) for i in range(1, 21)), (40, 40)]


def test_each_split_is_weighed_by_its_own_class_shares(
    slices: Slices, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[bool, list[float]]] = []

    def loss_of(lengths: torch.Tensor, y: Any, weights: torch.Tensor) -> torch.Tensor:
        seen.append((lengths.requires_grad, weights.tolist()))
        return losses.weighted_margin_loss(lengths, y, weights)

    monkeypatch.setattr(training, "weighted_margin_loss", loss_of)
    train_y, val_y = (slices.label[slices.split == split] for split in ("train", "val"))
    noisy = train_y.copy()
    noisy[:9] = 1 - noisy[:9]
    train(slices, noisy, **QUICK)
    wanted = {True: noisy.mean(), False: val_y.mean()}
    assert len({*wanted.values(), train_y.mean()}) == 3
    for training_step, weights in seen:
        share = wanted[training_step]  # of positives; each class weighs what the other is
        np.testing.assert_allclose(weights, [share, 1 - share], rtol=1e-6)


def test_what_is_kept_is_the_running_mean_of_the_weights(
    slices: Slices, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[dict[str, torch.Tensor]] = []

    class Noted(AveragedModel):
        def update_parameters(self, model: torch.nn.Module) -> None:
            steps.append({name: one.clone() for name, one in model.state_dict().items()})
            super().update_parameters(model)

    monkeypatch.setattr(training, "AveragedModel", Noted)
    trained = train(slices, epochs=3, patience=3, options=QUICK["options"], seed=5)
    best = int(np.argmin(trained.curve["val_loss"])) + 1
    assert len(steps) == 3 * 4  # 60 slices in batches of 16
    mean = {name: one.double() for name, one in steps[0].items()}
    for before, new in enumerate(steps[1 : 4 * best], start=1):
        share = max(1 / 4, 9 / (10 + before))
        mean = {name: (1 - share) * one + share * new[name] for name, one in mean.items()}
    for name, weights in trained.network.state_dict().items():
        torch.testing.assert_close(weights.double(), mean[name].double(), rtol=1e-5, atol=1e-6)
    last = steps[4 * best - 1]["second.weight"]
    assert (trained.network.second.weight - last).abs().max() > 1e-4


def test_each_picture_is_transformed_anew_in_training_and_left_alone_in_validation(
    slices: Slices, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    still = train(slices, **QUICK, augmentation=Augmentation(zoom=0, shift=0, shear=0))
    assert np.abs(still.curve["train_loss"] - trained.curve["train_loss"]).min() > 1e-5
    seen: dict[bool, list[torch.Tensor]] = {True: [], False: []}

    def forward(self: CapsuleNetwork, pictures: torch.Tensor) -> torch.Tensor:
        seen[self.training].append(pictures.clone())
        return plain(self, pictures)

    plain = CapsuleNetwork.forward
    monkeypatch.setattr(CapsuleNetwork, "forward", forward)
    train(slices, **QUICK)
    own = torch.from_numpy(slices.images)
    val = torch.from_numpy(slices.images[slices.split == "val"])
    torch.testing.assert_close(torch.cat(seen[False]), torch.cat([val, val]), rtol=0, atol=0)
    shown = torch.cat(seen[True])
    assert len(shown) == 2 * 60
    everything = torch.cat([own, shown]).flatten(1)
    assert len(torch.unique(everything, dim=0)) == len(own) + len(shown)


def test_it_remembers_what_it_was_trained_on_and_chosen_by(
    slices: Slices, trained: Trained, tmp_path: Path
) -> None:
    trained.save(tmp_path / "m.pt")
    for one in (trained, load_model(tmp_path / "m.pt")):
        known = np.isin(fingerprints(slices.images), one.seen)
        assert known.tolist() == np.isin(slices.split, ("train", "val")).tolist()


def test_features_are_the_positive_capsule() -> None:
    capsules = np.array([[[1.0, 2.0], [0.0, 1.0]], [[0.1, 0.0], [0.3, 0.4]]])
    assert features_of_capsules(capsules).tolist() == [[0, 1], [0.3, 0.4]]
    np.testing.assert_allclose(scores_of(capsules), [1 - 5**0.5, 0.4])


def test_features_do_not_depend_on_what_else_is_in_the_batch(
    slices: Slices, trained: Trained
) -> None:
    some = trained.features(slices.images[3:5])
    np.testing.assert_allclose(some, trained.features(slices.images)[3:5], atol=1e-6)
    with pytest.raises(ValueError, match=r"images must have shape \(n, 16, 16\)"):
        trained.features(slices.images[:, :8, :8])


@pytest.mark.parametrize(
    ("argument", "sentence"),
    [
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"patience": 0}, "patience must be at least 1, got 0"),
        ({"batch": 0}, "batch must be at least 1, got 0"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0, got 0.0"),
        ({"device": "tpu"}, "device must be cpu or cuda, got 'tpu'"),
        ({"device": "cpu:7"}, "device must be cpu or cuda, got 'cpu:7'"),
        ({"device": "mps"}, "device must be cpu or cuda, got 'mps'"),
        ({"device": "meta"}, "device must be cpu or cuda, got 'meta'"),
        ({"device": "cuda:63"}, "device is 'cuda:63', but this machine has .*"),
        ({"labels": np.zeros(60, int)}, "all 60 training slices are labelled 0: two classes"),
        ({"labels": np.arange(7)}, "labels has 7 entries for 60 training slices"),
        ({"labels": np.arange(60)}, "labels must be 0 or 1, got 2"),
    ],
)
def test_bad_arguments(slices: Slices, argument: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        train(slices, **argument)


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_split_without_slices(slices: Slices, split: str) -> None:
    with pytest.raises(ValueError, match=f"slices have no row with split '{split}'"):
        train(slices.where(slices.split != split))
