"""Files of NIfTI volumes: naming and opening them."""

from __future__ import annotations

import gzip
import math
import os
import re
import warnings
from pathlib import Path
from typing import Any

from shapcpp.ct.libraries import library
from shapcpp.machine.memory import available_memory, readable

__all__ = ["SUFFIXES", "has_voxels", "open_volume", "stem"]

SUFFIXES = (".nii", ".nii.gz", ".hdr", ".hdr.gz")  # a header lies beside its .img
PAIR = re.compile(r"\.(hdr|img)(\.gz)?$", re.IGNORECASE)
SUFFIX = re.compile(r"\.(nii|hdr|img)(\.gz)?$", re.IGNORECASE)
GZIP = b"\x1f\x8b"
NIFTI2 = (b"\x1c\x02\0\0", b"\0\0\x02\x1c")  # the length of a header, in either order of bytes
MOST_DEFLATED = 1032  # no deflated file expands to more times its own size
# A file that expands to more than LARGE bytes, and to more than UNUSUAL times its size, is noted.
LARGE, UNUSUAL = 1_000_000_000, 100


def stem(path: str | os.PathLike[str]) -> str:
    """Returns the name of a volume without its suffix; folders stay."""
    return SUFFIX.sub("", os.fspath(path))


def has_voxels(path: Path) -> bool:
    """True for a volume in one file, and for a header and its voxels side by side."""
    kind = PAIR.search(path.name)
    if not kind:
        return True
    other = "hdr" if kind[1].lower() == "img" else "img"
    ends = (f".{other}", f".{other.upper()}", f".{other}.gz")
    return any(path.with_name(stem(path.name) + end).is_file() for end in ends)


def open_volume(path: Path) -> Any:
    """Opens a volume; its content, not its name, decides whether it is compressed.

    Raises
    ------
    ValueError
        If it is not a volume, or its header claims more than the file or the memory can hold.
    """
    nibabel = library("nibabel", f"reading {path.name}")
    is_packed = _is_packed(path)
    try:
        if PAIR.search(path.name) or is_packed == path.name.lower().endswith(".gz"):
            image = nibabel.load(path)
            _check_size(image, image.dataobj.offset, Path(image.file_map["image"].filename))
            return image
        with gzip.open(path) if is_packed else open(path, "rb") as content:
            begin = content.read(4)
            kind = nibabel.Nifti2Image if begin in NIFTI2 else nibabel.Nifti1Image
            content.seek(0)
            header = kind.header_class.from_fileobj(content)
            needed = _check_size(header, header.get_data_offset(), path)
            content.seek(0)
            return kind.from_bytes(content.read(needed))
    except (nibabel.filebasedimages.ImageFileError, nibabel.spatialimages.HeaderDataError) as error:
        raise ValueError(f"its header is not that of a NIfTI volume ({error})") from None


def _is_packed(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(len(GZIP)) == GZIP


def _check_size(header: Any, offset: int, file: Path) -> int:
    """Returns the bytes that a header claims, after checking that its file can hold them."""
    kind = header.get_data_dtype()
    shape = tuple(int(n) for n in getattr(header, "shape", None) or header.get_data_shape())
    held, needed = file.stat().st_size, offset + kind.itemsize * math.prod(shape)
    packed = _is_packed(file)
    claim = f"its header claims {shape} of {kind}, {readable(needed)}"
    most = held * (MOST_DEFLATED if packed else 1)
    if needed > most:
        able = "can expand to" if packed else "holds"
        raise ValueError(f"{claim}, and {file.name} {able} {readable(most)}")
    available = available_memory()
    if available is not None and needed > available:
        raise ValueError(f"{claim}, and {readable(available)} of memory are available")
    if packed and needed > max(LARGE, UNUSUAL * held):
        warnings.warn(f"{file}: {readable(held)} expand to {readable(needed)}", stacklevel=2)
    return int(needed)
