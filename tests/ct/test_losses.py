"""Losses by hand."""

from __future__ import annotations

import numpy as np
import torch

from shapcpp.ct.network.losses import class_weights, margin_loss, weighted_margin_loss


def test_margin_loss_by_hand() -> None:
    lengths = torch.tensor([[0.2, 0.6], [0.95, 0.05], [0.5, 0.3]], dtype=torch.float64)
    labels = torch.tensor([1, 0, 0])
    by_hand = [0.3**2 + 0.5 * 0.1**2, 0.0, 0.4**2 + 0.5 * 0.2**2]
    np.testing.assert_allclose(margin_loss(lengths, labels), by_hand, atol=1e-15)


def test_a_class_weighs_what_the_others_are() -> None:
    labels = torch.tensor([1] * 100 + [0] * 400)
    np.testing.assert_allclose(class_weights(labels), [0.2, 0.8], rtol=1e-6)


def test_the_loss_is_the_weighted_mean() -> None:
    lengths = torch.tensor([[0.2, 0.6], [0.9, 0.5], [0.4, 0.4]], dtype=torch.float64)
    labels = torch.tensor([1, 0, 0])
    each = margin_loss(lengths, labels)
    weights = torch.tensor([0.25, 0.75], dtype=torch.float64)
    by_hand = (0.75 * each[0] + 0.25 * each[1] + 0.25 * each[2]) / 3
    np.testing.assert_allclose(weighted_margin_loss(lengths, labels, weights), by_hand)
