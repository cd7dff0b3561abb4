"""Encoders by name: the pretrained network, or any callable of the user's own modules."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shapcpp.errors import named_reason

__all__ = ["CAPSULES", "EFFICIENTNET", "Encode", "Encoder", "found"]

CAPSULES = "capsules"  # the network that `features` trains, and no encoder
EFFICIENTNET = "efficientnet-lite0"
Encode: TypeAlias = Callable[[NDArray[np.float32]], Any]


@dataclass(frozen=True)
class Encoder:
    """A function from pictures to features.

    Attributes
    ----------
    name : str
        Its name in messages.
    encode : callable
        Maps pictures of shape (batch, 3, size, size) to features of shape (batch, d).
    version : str
        Changes whenever the function may give other features, as far as that can be known.
    """

    name: str
    encode: Encode
    version: str


def found(encoder: str | Encode | Encoder, device: str = "cpu") -> Encoder:
    """Finds an encoder by its name; callables and networks of torch are encoders themselves.

    Raises
    ------
    ImportError
        If the package of the pretrained network, or the module of a callable, cannot be imported.
    TypeError, ValueError
        If there is no such encoder.
    """
    if isinstance(encoder, Encoder):
        return encoder
    if not isinstance(encoder, str):
        if not callable(encoder):
            raise TypeError(f"encoder must be a name or a callable, got {encoder!r}")
        name = getattr(encoder, "__name__", type(encoder).__name__)
        return Encoder(name, _runnable(encoder, device), "")
    if encoder == EFFICIENTNET:
        from shapcpp.ct.encoders.efficientnet import pretrained

        return Encoder(encoder, _runnable(pretrained(), device), "1")
    module, colon, attribute = encoder.partition(":")
    if not colon or not all(module.split(".")) or not attribute.isidentifier():
        raise ValueError(
            f"encoder is {encoder!r}; it must be {CAPSULES}, {EFFICIENTNET}, or MODULE:CALLABLE"
        )
    made, version = _imported(encoder, module, attribute)
    return Encoder(encoder, _runnable(made, device), version)


def _imported(encoder: str, module: str, attribute: str) -> tuple[Encode, str]:
    with _current_folder_first():
        try:
            home = import_module(module)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{module}.".startswith(f"{error.name}."):
                raise _not_importable(encoder, module, error) from None
            raise ImportError(
                f"encoder {encoder}: there is no module {error.name!r}, neither in the current "
                "folder nor where Python looks for modules"
            ) from None
        except Exception as error:
            raise _not_importable(encoder, module, error) from None
    made = getattr(home, attribute, None)
    if made is None:
        raise ValueError(f"encoder {encoder}: the module {module} has no {attribute!r}")
    if not callable(made):
        kind = type(made).__name__
        raise TypeError(
            f"encoder {encoder}: {attribute} is {'an' if kind[0] in 'aeiou' else 'a'} {kind}; a "
            "function or a torch network is needed"
        )
    path = getattr(home, "__file__", None)
    if path is None or not os.path.isfile(path):
        return made, ""
    with open(path, "rb") as content:
        return made, hashlib.sha256(content.read()).hexdigest()


def _not_importable(encoder: str, module: str, error: Exception) -> ImportError:
    return ImportError(f"encoder {encoder}: {module} cannot be imported ({named_reason(error)})")


@contextmanager
def _current_folder_first() -> Iterator[None]:
    """Lets modules of the current folder be imported, as ``python -m`` does."""
    here = os.getcwd()
    sys.path.insert(0, here)
    try:
        yield
    finally:
        sys.path.remove(here)


def _runnable(encoder: Encode, device: str) -> Encode:
    """Returns a network of torch as a function of arrays, on its device; all else as it is."""
    torch = sys.modules.get("torch")  # without it, nothing is a network of torch
    if torch is None or not isinstance(encoder, torch.nn.Module):
        return encoder
    from shapcpp.ct.encoders.torch_encoder import TorchEncoder

    return TorchEncoder(encoder, device)
