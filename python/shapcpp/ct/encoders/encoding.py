"""encode(): features of slices by any encoder, in batches, kept as they are made."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp import checks
from shapcpp.ct.encoders.finding import Encode, Encoder, found
from shapcpp.ct.encoders.kept_rows import KeptRows
from shapcpp.ct.encoders.windows import Windows, chosen, pictures
from shapcpp.ct.slices import Slices
from shapcpp.errors import named_reason
from shapcpp.progress import nothing, silent
from shapcpp.storage import writing
from shapcpp.storage.files import PathLike

__all__ = ["DEFAULT_BATCH", "DEFAULT_SIZE", "EncoderError", "encode"]

DEFAULT_BATCH = 16
DEFAULT_SIZE = 224  # pixels, at which networks for pictures are mostly trained


class EncoderError(ValueError):
    """An encoder failed, or returned no features."""


def encode(
    slices: Slices,
    encoder: str | Encode | Encoder,
    *,
    windows: str | Sequence[Sequence[float]] | None = None,
    batch: int = DEFAULT_BATCH,
    device: str = "cpu",
    checkpoint: PathLike | None = None,
    progress: Callable[[int, int], None] = nothing,
    note: Callable[[str], None] = silent,
) -> NDArray[np.float32]:
    """Computes features of slices by a pretrained network or a model of one's own.

    Parameters
    ----------
    slices : Slices
        The slices, best read with ``raw=True``: then those of DICOM and NIfTI are seen through
        `windows`. Standardised slices become grey pictures.
    encoder : str or callable
        "efficientnet-lite0" (trained on ImageNet; extra ``encoders``), "MODULE:CALLABLE" with a
        module of the current folder or an installed one, a network of torch, or any callable. It
        is called with float32 pictures from 0 to 1 of shape (batch, 3, size, size) and returns
        features of shape (batch, d), as an array or a tensor.
    windows : str or sequence of 3 pairs, optional
        The windows of the three channels, as centre and width in Hounsfield units: "head" (40/80,
        80/200, 400/1800), "chest" (-600/1500, 40/400, 400/1800), or three of one's own. Default:
        head or chest, as the slices look. Pictures without units are the same in all channels.
    batch : int, default 16
        Slices per call.
    device : str, default "cpu"
        The device of networks of torch.
    checkpoint : path-like, optional
        A file to which features are added as they are made. The same call continues from it after
        an interruption or a kill; with other slices, encoder or windows it begins anew, and
        `note` is told. It stays when all is done.
    progress : callable, optional
        Called with ``(done, total)`` slices.
    note : callable, optional
        Called with a sentence on the windows chosen by default, and on a checkpoint taken up.

    Returns
    -------
    ndarray of float32, shape (n, d)

    Raises
    ------
    ImportError
        If a module or a package cannot be imported.
    OSError
        If the checkpoint cannot be written.
    TypeError, ValueError
        If an argument is none of the above, or (EncoderError) the encoder fails or returns
        something other than finite features of that shape.

    Notes
    -----
    The pretrained network is that of Tan and Le, *EfficientNet* (ICML 2019), without squeeze and
    excitation; a slice's 1,280 features are the means of its last feature maps.
    """
    batch = checks.positive("batch", batch)
    if not len(slices):
        raise ValueError("slices are none: there is nothing to encode")
    model = found(encoder, device)
    seen_through = chosen(windows, slices, note)
    parts: list[NDArray[np.float32]] = []
    keeping: AbstractContextManager[KeptRows | None] = nullcontext()
    if checkpoint is not None:
        keeping = _kept(checkpoint, slices, model, seen_through, batch)
    with keeping as kept:
        if kept is not None:
            parts = kept.rows
            if kept.was_other:
                note(f"checkpoint {checkpoint} is of another encoding: it begins anew")
            if parts:
                note(f"continues after slice {sum(map(len, parts))} of {len(slices)}")
        for start in range(sum(map(len, parts)), len(slices), batch):
            progress(start, len(slices))
            rows = slice(start, min(start + batch, len(slices)))
            try:
                width = parts[0].shape[1] if parts else None
                made = _made(model, slices, rows, seen_through, width)
            except KeyboardInterrupt:
                if kept is not None:
                    note(f"stopped after slice {start} of {len(slices)}; the same call continues")
                raise
            if kept is not None:
                kept.append(made)
            parts.append(made)
    progress(len(slices), len(slices))
    return np.concatenate(parts)


def _kept(
    path: PathLike, slices: Slices, encoder: Encoder, windows: Windows, batch: int
) -> KeptRows:
    writing.check_writable(path)
    digest = hashlib.sha256(" ".join(slices.id.tolist()).encode())
    for image in slices.images:
        digest.update(np.ascontiguousarray(image).tobytes())
    if slices.hounsfield is not None:
        digest.update(slices.hounsfield.tobytes())
    identity = {
        "encoder": encoder.name,
        "version": encoder.version,
        "windows": windows,
        "batch": batch,
        "slices": digest.hexdigest(),
    }
    return KeptRows(path, identity, batch, len(slices))


def _made(
    encoder: Encoder, slices: Slices, rows: slice, windows: Windows, width: int | None
) -> NDArray[np.float32]:
    """Encodes some rows, and checks what came back."""
    count = rows.stop - rows.start
    of = f"slices {rows.start} to {rows.stop - 1}" if count > 1 else f"slice {rows.start}"
    try:
        made = _array(encoder.encode(pictures(slices, rows, windows)))
    except Exception as error:
        raise EncoderError(
            f"encoder {encoder.name} failed on {of}: {named_reason(error)}"
        ) from error
    if made.dtype.kind not in "fiub":
        raise EncoderError(f"encoder {encoder.name} returned {made.dtype} for {of}, not numbers")
    if made.ndim != 2 or len(made) != count or not made.shape[1]:
        raise EncoderError(
            f"encoder {encoder.name} returned shape {made.shape} for {of}; ({count}, d) is needed, "
            "a row of features for each slice"
        )
    if width is not None and made.shape[1] != width:
        raise EncoderError(
            f"encoder {encoder.name} returned {made.shape[1]} features for {of}, and {width} for "
            "slices before"
        )
    with np.errstate(over="ignore"):
        features = made.astype(np.float32)
    strange = ~np.isfinite(features)
    if strange.any():
        row, column = (int(at) for at in np.argwhere(strange)[0])
        raise EncoderError(
            f"encoder {encoder.name} returned {made[row, column]} for slice {rows.start + row} "
            f"({slices.id[rows.start + row]}), feature {column}; features must be finite"
        )
    return features


def _array(made: Any) -> NDArray[Any]:
    """Features as an array: tensors may be on a device, or know their gradients."""
    if hasattr(made, "detach"):
        made = made.detach().cpu().float().numpy()
    return np.asarray(made)
