"""Looks for text in all that a command leaves behind, also where it is packed or encoded."""

from __future__ import annotations

import base64
import gzip
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from PIL import Image

__all__ = ["leaks"]

# numpy writes text in 32 bits; headers of files and pictures in any of these.
ENCODINGS = ("utf-8", "latin-1", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
EMBEDDED = re.compile(rb"base64,([A-Za-z0-9+/=\s]+)")


def leaks(words: Iterable[str], folder: Path, *texts: str) -> list[str]:
    """Each word that occurs in a name or in the content of a file, or in a text, with the place.

    Case is ignored.
    """
    places = [("what was printed", text.encode()) for text in texts]
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        places.append((f"the name {name}", name.encode()))
        if path.is_file():
            places += [(f"{name}{inside}", part) for inside, part in _parts(path.read_bytes())]
    return [
        f"{word} in {place}" for place, content in places for word in words if _holds(content, word)
    ]


def _holds(content: bytes, word: str) -> bool:
    content = content.lower()
    return any(word.lower().encode(encoding) in content for encoding in ENCODINGS)


def _parts(content: bytes) -> Iterator[tuple[str, bytes]]:
    """A file, and what is packed into it, each with where in the file that is."""
    yield "", content
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist():
                yield f", member {member.filename}", member.filename.encode() + member.comment
                for inside, part in _parts(archive.read(member)):
                    yield f", member {member.filename}{inside}", part
    if content[:2] == b"\x1f\x8b":
        for inside, part in _parts(gzip.decompress(content)):
            yield f", unpacked{inside}", part
    if content[:4] == b"\x89PNG" or content[:2] == b"\xff\xd8":
        with Image.open(io.BytesIO(content)) as picture:
            yield ", what it says of itself", repr((picture.info, dict(picture.getexif()))).encode()
    for number, match in enumerate(EMBEDDED.finditer(content)):
        for inside, part in _parts(base64.b64decode(match[1])):
            yield f", picture {number}{inside}", part
