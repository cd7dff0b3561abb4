"""Squash, routing and the network, against loops that store every prediction."""

from __future__ import annotations

import copy
import math
import re
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from shapcpp.ct.network import convolutions
from shapcpp.ct.network.capsules import (
    CapsuleLayer,
    CapsuleNetwork,
    NetworkOptions,
    n_primary,
    squash,
)


def test_squash_by_hand() -> None:
    # |x| = 5, s = 25: 5/26 of the length one, in the same direction.
    out = squash(torch.tensor([[3.0, 4.0], [0.0, 0.0]], dtype=torch.float64))
    np.testing.assert_allclose(out.numpy(), [[3 * 5 / 26, 4 * 5 / 26], [0.0, 0.0]], rtol=1e-7)


def test_squash_keeps_below_one_and_has_a_gradient_at_zero() -> None:
    assert squash(torch.full((1, 16), 1e4)).norm() < 1.0001
    x = torch.zeros(1, 3, dtype=torch.float64, requires_grad=True)
    squash(x).sum().backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), np.full((1, 3), math.sqrt(1e-7) / (1 + 1e-7)))


def naive_layer(u: Tensor, weight: Tensor, iterations: int) -> Tensor:
    """Routing one capsule at a time; `weight` has a matrix for each input capsule."""
    n_in, n_out, _, _ = weight.shape
    results = []
    for one in u:
        predictions = [[weight[i, j] @ one[i] for j in range(n_out)] for i in range(n_in)]
        agreements = torch.zeros(n_in, n_out, dtype=u.dtype)
        for _ in range(iterations):
            out = []
            for j in range(n_out):
                total = torch.zeros_like(predictions[0][0])
                for i in range(n_in):
                    couplings = agreements[i].exp() / agreements[i].exp().sum()
                    total = total + couplings[j] * predictions[i][j]
                s = total @ total + 1e-7
                out.append(total * s.sqrt() / (1 + s))
            agreements = torch.stack(
                [
                    torch.stack([predictions[i][j] @ out[j] for j in range(n_out)])
                    for i in range(n_in)
                ]
            )
        results.append(torch.stack(out))
    return torch.stack(results)


@pytest.mark.parametrize("iterations", [1, 2, 3])
def test_routing_is_that_of_the_naive_loop_and_so_are_its_gradients(iterations: int) -> None:
    torch.manual_seed(3)
    n_in, d_in, n_out, d_out = 5, 4, 3, 2
    layer = CapsuleLayer(d_in, n_out, d_out, routing=iterations).double()
    layer.weight.data *= 3  # agreements that differ
    u = torch.randn(2, n_in, d_in, dtype=torch.float64, requires_grad=True)
    toward = torch.randn(2, n_out, d_out, dtype=torch.float64)

    out = layer(u)
    gradients = torch.autograd.grad((out * toward).sum(), [u, layer.weight])
    weight = layer.weight.expand(n_in, -1, -1, -1)
    slow = naive_layer(u, weight, iterations)
    slow_gradients = torch.autograd.grad((slow * toward).sum(), [u, layer.weight])

    torch.testing.assert_close(out, slow, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(gradients, slow_gradients, rtol=1e-10, atol=1e-12)
    if iterations > 1:  # the routing did route
        first = CapsuleLayer(d_in, n_out, d_out, routing=1).double()
        first.weight = layer.weight
        assert (first(u) - out).abs().max() > 1e-3


def test_routing_never_builds_the_prediction_tensor(monkeypatch: pytest.MonkeyPatch) -> None:
    batch, n_in, n_out, d_out = 2, 300, 32, 16
    layer = CapsuleLayer(64, n_out, d_out, routing=3)
    largest = 0

    def note(tensor: Tensor) -> Tensor:
        nonlocal largest
        largest = max(largest, tensor.numel())
        return tensor

    u = torch.randn(batch, n_in, 64, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        layer(u).sum().backward()
    assert largest == u.numel() < batch * n_in * n_out * d_out


def test_the_network_is_that_of_the_paper() -> None:
    network = CapsuleNetwork(16, NetworkOptions())
    shapes = {name: tuple(p.shape) for name, p in network.named_parameters()}
    assert shapes == {
        "first.weight": (64, 1, 3, 3),
        "first.bias": (64,),
        "norm.weight": (64,),
        "norm.bias": (64,),
        "second.weight": (64, 64, 3, 3),
        "second.bias": (64,),
        "hidden.weight": (32, 16, 64),
        "classes.weight": (2, 16, 16),
    }
    assert sum(math.prod(shape) for shape in shapes.values()) == 70976
    assert n_primary(512) == 64516
    assert network(torch.randn(3, 16, 16)).shape == (3, 2, 16)


def layers_one_after_the_other(network: CapsuleNetwork, pictures: Tensor) -> Tensor:
    x = network.norm(network.first(pictures[:, None])).clamp(min=0)
    x = torch.nn.functional.max_pool2d(network.second(x).clamp(min=0), 2)
    side = x.shape[2]
    u = torch.stack([x[:, :, i, j] for i in range(side) for j in range(side)], 1)
    out: Tensor = network.classes(network.hidden(u))
    return out


# Pixels of a strip: all pictures at once, two at once, strips of two rows after pooling, and of one.
@pytest.mark.parametrize("chunk", [1 << 16, 2 * 13 * 13, 2 * 2 * 13, 1])
@pytest.mark.parametrize("size", [12, 13])
def test_the_network_is_its_layers_one_after_the_other(
    size: int, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convolutions, "CHUNK", chunk)
    torch.manual_seed(size)
    network = CapsuleNetwork(size, NetworkOptions(capsules=4, dimension=3)).double()
    network.norm.weight.data.uniform_(0.5, 2)
    network.norm.bias.data.normal_()
    network.first.bias.data.normal_()  # type: ignore[union-attr]
    slow = copy.deepcopy(network)
    toward = torch.randn(5, 2, 3, dtype=torch.float64)
    for _ in range(3):  # running statistics too, at each step
        pictures = 3 + torch.randn(5, size, size, dtype=torch.float64)
        pairs = []
        for one, function in (
            (network, network),
            (slow, partial(layers_one_after_the_other, slow)),
        ):
            out = function(pictures)
            gradients = torch.autograd.grad((out * toward).sum(), list(one.parameters()))
            pairs.append((out, gradients, one.norm.state_dict() | {"num_batches_tracked": 0}))
        torch.testing.assert_close(*pairs, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(
        network.eval()(pictures), layers_one_after_the_other(slow.eval(), pictures)
    )


def test_smooth_pictures_far_from_zero_lose_no_digits() -> None:
    # Patches that nearly coincide: the variance of an edge's kernel is a small difference.
    torch.manual_seed(4)
    network = CapsuleNetwork(24, NetworkOptions(capsules=3, dimension=2))
    rows = torch.linspace(0, 1, 24)
    pictures = 100 + torch.stack([rows[:, None] * rows * k for k in range(1, 5)])
    exact = copy.deepcopy(network).double()
    kernel, bias = convolutions._normalised(network.first, network.norm, (pictures,))
    wide = convolutions._normalised(exact.first, exact.norm, (pictures.double(),))
    torch.testing.assert_close((kernel.double(), bias.double()), wide, rtol=1e-6, atol=1e-4)


def test_python_runs_again_and_again_amid_the_backward_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order: list[str] = []

    def heard(gradient: Tensor) -> Tensor:
        order.append("heard")
        return gradient

    class Note(TorchDispatchMode):  # type: ignore[no-untyped-call]
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            name = func.overloadpacket.__name__
            if name == "convolution_backward":
                order.append(name)
            return func(*args, **(kwargs or {}))

    monkeypatch.setattr(convolutions, "_let_signals_in", heard)
    monkeypatch.setattr(convolutions, "CHUNK", 12 * 12)
    loss = CapsuleNetwork(12, NetworkOptions())(torch.randn(4, 12, 12)).sum()
    with Note():  # type: ignore[no-untyped-call]
        loss.backward()
    # Before the gradient of each second convolution; those of the first, with one channel, are cheap.
    turns = "".join(word[0] for word in order)
    assert turns.count("c") == 2 * 4
    assert re.fullmatch("h{3,}(cch)*cc", turns), turns


def test_an_interruption_ends_the_backward_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(gradient: Tensor) -> Tensor:
        raise KeyboardInterrupt

    monkeypatch.setattr(convolutions, "_let_signals_in", interrupt)
    loss = CapsuleNetwork(12, NetworkOptions())(torch.randn(2, 12, 12)).sum()
    with pytest.raises(KeyboardInterrupt):
        loss.backward()


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ({"capsules": 0}, "capsules must be an integer of at least 1, got 0"),
        ({"routing": 1.5}, "routing must be an integer of at least 1, got 1.5"),
    ],
)
def test_bad_options(option: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        NetworkOptions(**option)  # type: ignore[arg-type]


def test_a_picture_too_small() -> None:
    with pytest.raises(ValueError, match="size must be at least 8 pixels, got 7"):
        CapsuleNetwork(7, NetworkOptions())


@pytest.mark.parametrize("size", [32, 128])
def test_hidden_capsules_begin_short_of_saturation_at_every_size(size: int) -> None:
    torch.manual_seed(0)
    network = CapsuleNetwork(size, NetworkOptions()).eval()
    hidden: list[torch.Tensor] = []
    network.hidden.register_forward_hook(lambda module, inputs, out: hidden.append(out))
    with torch.no_grad():
        network(torch.randn(4, size, size))
    # A saturated capsule has length 1 whatever the picture holds.
    assert 0.2 < float(hidden[0].norm(dim=2).mean()) < 0.9


def test_a_layer_s_scale_multiplies_its_inputs_and_its_gain_the_initial_weights() -> None:
    shape: dict[str, Any] = {"routing": 3}
    u = torch.randn(2, 5, 4)
    torch.manual_seed(1)
    plain = CapsuleLayer(4, 3, 6, **shape)
    torch.manual_seed(1)
    scaled = CapsuleLayer(4, 3, 6, **shape, scale=0.5, gain=2.0)
    assert torch.equal(scaled.weight, 2 * plain.weight)
    with torch.no_grad():
        plain.weight.copy_(scaled.weight)
        assert torch.allclose(scaled(u), plain(0.5 * u))
