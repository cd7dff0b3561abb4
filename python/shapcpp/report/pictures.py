"""Thumbnails of slices as data URIs, so that the page needs no other file."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shapcpp import files

__all__ = ["Scans", "thumbnail_uris"]

# A folder or manifest of scans, or pictures by id.
Scans = files.PathLike | Mapping[str, NDArray[np.uint8]]

SIZE = 160  # pixels
QUALITY = 85  # of JPEG: 500 thumbnails are some 2 MB


def thumbnail_uris(scans: Scans | None, ids: Sequence[str]) -> dict[str, str]:
    """The pictures of these samples as data URIs; none where there are no scans.

    Raises
    ------
    ValueError
        If a picture is missing or is no grey picture.
    """
    if scans is None or not ids:
        return {}
    pictures: Mapping[str, NDArray[np.uint8]]
    if isinstance(scans, Mapping):
        pictures = scans
    else:
        from shapcpp.ct.thumbnails import thumbnails

        pictures = thumbnails(scans, list(ids), size=SIZE)
    missing = [name for name in ids if name not in pictures]
    if missing:
        raise ValueError(f"scans hold no slice {missing[0]!r} ({len(missing)} of {len(ids)} lack)")
    return {name: _uri(name, pictures[name]) for name in ids}


def _uri(name: str, picture: NDArray[Any]) -> str:
    from PIL import Image

    if picture.ndim != 2 or picture.dtype != np.uint8:
        raise ValueError(
            f"the thumbnail of {name!r} must be a grey picture of 8 bits, got dtype "
            f"{picture.dtype} and shape {picture.shape}"
        )
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "JPEG", quality=QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(content.getvalue()).decode()
