"""Bytes of .npy and .npz files that are damaged or lie, drawn by hypothesis."""

from __future__ import annotations

import functools
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

CANARY = "SHAPCPP_CANARY"  # set in the environment by any pickle that is executed
Array = NDArray[Any]
Draw = Callable[[st.SearchStrategy[Any]], Any]

LENGTHS = (0, 1, 2, 3, 7, 255, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**62, 2**63 - 1,
           2**63, 2**64, 10**30, -1, -2, -(2**63))  # fmt: skip
DESCRS: tuple[Any, ...] = (
    "<f8", ">f8", "<f4", "<f2", "<f16", "<c16", "|b1", "|i1", "<u8", ">i8", "<M8[ns]", "<m8[D]",
    "<U0", "<U3", ">U3", "|S0", "|S3", "|V0", "|V8", "<U999999999", "|O", "O", "T", "i4,f8", "3f8",
    "(2,3)f8", "(99999999999,)f8", "", "x", "a5", "bfloat16", ("<f8", (3,)), ("<f8", (2**40,)),
    ("<f8", (0,)), ("<f8", -1), [], [("features", "<f8", (2,))], [("features", "<f8", (0,))],
    [("features", "<f8", (2,)), ("label", "<i8"), ("split", "<U5")],
    [("features", "<f8", (2,)), ("label", "<i8"), ("split", "<U5", (2,))],
    [("features", "<f8", (2,)), ("label", "<i8", (2,)), ("split", "<U5")],
    [("features", [("a", "<f8", (2,))]), ("label", "<i8"), ("split", "<U0")],
    [("features", "<f8", (2**40,)), ("label", "<i8"), ("split", "<U5")],
    [("features", "|O"), ("label", "<i8"), ("split", "<U5")], [("a", "<f8"), ("a", "<f8")],
    [(("title", "a"), "<f8")], [("", "|V8")], [("a\nb", "<f8")], [("\ud800", "<f8")],
    [("名", "<f8")], [("a",)], [("a", "<f8", (1,), 2)], [(1, "<f8")], [("a", None)], None, 5, 1.5,
    {"a": "<f8"}, True, b"<f8", [None], [[]], ((((("<f8", 1), 1), 1), 1), 1),
)  # fmt: skip
HEADERS = (
    b"", b"\n", b"{}", b"{" * 9000, b"(" * 9000, b"[" * 150 + b"]" * 150, b"-" * 9000 + b"1",
    b"{1:" * 90 + b"1" + b"}" * 90, b"[],".join([b""] * 3000), b"9" * 9000, b"'" + b"a" * 9000,
    b"'''" * 3, b"\\", b"\x00" * 64, b"1+" * 4000 + b"1j", b"{[]: 1}", b"f'{1}'", b"__import__('os')",
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (3L,), }",
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (3,), 'more': 1}",
    b"{'descr': '<f8', 'fortran_order': 0, 'shape': (3,)}",
    b"{'descr': '<f8', 'fortran_order': False, 'shape': 3}",
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (3.0,)}",
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (True,)}",
    b"{'descr': '\\d', 'fortran_order': False, 'shape': (3,)}",
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (\xff,)}",
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (" + b"9" * 5000 + b",)}",
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (" + b"1," * 3000 + b")}",
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (" + b"0," * 70 + b")}",
)  # fmt: skip


class Canary:
    """Tells on whoever unpickles it."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return exec, (f"import os; os.environ[{CANARY!r}] = '1'",)


def npy(array: Any, version: tuple[int, int] | None = None) -> bytes:
    """A ``.npy`` file, with pickles where the array needs them."""
    content = io.BytesIO()
    np.lib.format.write_array(content, np.asanyarray(array), version=version, allow_pickle=True)
    return content.getvalue()


def with_header(header: bytes, data: bytes, version: tuple[int, int], length: int) -> bytes:
    width = "<H" if version == (1, 0) else "<I"
    length = min(length, 2 ** (8 * struct.calcsize(width)) - 1)
    return b"\x93NUMPY" + bytes(version) + struct.pack(width, length) + header + data


def scrambled(draw: Draw, content: bytes) -> bytes:
    """Bytes changed, lost, repeated or added."""
    place = st.integers(0, max(len(content) - 1, 0))
    data = bytearray(content)
    how = draw(
        st.sampled_from(("flip", "flip", "set", "cut", "drop", "repeat", "insert", "append"))
    )
    first, second = sorted((draw(place), draw(place)))
    if how in ("flip", "set") and data:
        for _ in range(draw(st.integers(1, 8))):
            at = draw(place)
            data[at] = draw(st.sampled_from((0, 1, 255))) if how == "set" else (
                data[at] ^ 1 << draw(st.integers(0, 7)))  # fmt: skip
    elif how == "cut":
        del data[first:]
    elif how == "drop":
        del data[first:second]
    elif how == "repeat":
        data[second:second] = data[first:second] * draw(st.integers(1, 3))
    else:
        at = len(data) if how == "append" else first
        data[at:at] = draw(st.binary(min_size=1, max_size=40))
    return bytes(data)


def strange_header(draw: Draw, array: Array) -> bytes:
    """The data of an array under a header that may say anything."""
    data = array.tobytes()[: draw(st.sampled_from((2**20, 2**20, 8, 0)))]
    version = draw(st.sampled_from(((1, 0), (2, 0), (3, 0), (3, 0), (4, 0), (0, 1), (255, 255))))
    if draw(st.booleans()):
        length = st.one_of(st.just(-1), st.sampled_from(LENGTHS), st.integers(0, array.ndim))
        shape = tuple(
            size if new < 0 and draw(st.booleans()) else new
            for size, new in [(size, draw(length)) for size in array.shape]
        )
        shape = draw(
            st.sampled_from((array.shape, array.shape, shape, shape[:-1], (*shape, draw(length))))
        )
        own = np.lib.format.dtype_to_descr(array.dtype)
        header = repr({
            "descr": draw(st.one_of(st.just(own), st.sampled_from(DESCRS))),
            "fortran_order": draw(st.booleans()),
            "shape": shape,
        }).encode("utf-8" if version == (3, 0) else "latin-1", "backslashreplace")  # fmt: skip
    else:
        header = draw(st.one_of(st.sampled_from(HEADERS), st.binary(max_size=60)))
    length = draw(st.one_of(st.just(len(header)), st.sampled_from([n for n in LENGTHS if n >= 0])))
    return with_header(header, data, version, length)


def strange_array(draw: Draw, array: Array) -> Array:
    """The same numbers in another form, as if somebody had meant well."""
    how = draw(
        st.sampled_from(("kind", "kind", "order", "shape", "swap", "pickle", "field", "nan"))
    )
    if how == "pickle":
        strange = np.empty(array.shape, dtype=object)
        strange.fill(Canary())
        return strange
    if how == "order":
        return np.asfortranarray(array)
    if how == "shape":
        forms = (array[None], array.reshape(-1), array[:0], array[:1], array.T, array[..., None],
                 array.reshape(-1)[0])  # fmt: skip
        return np.asarray(draw(st.sampled_from(forms)))
    if how == "swap":
        return np.asarray(array.astype(array.dtype.newbyteorder()))
    if array.dtype.names is not None:
        fields = [list(f) for f in np.lib.format.dtype_to_descr(array.dtype)]
        which = draw(st.integers(0, len(fields) - 1))
        if how == "nan":
            strange = np.array(array)
            strange["features"].flat[0] = draw(st.sampled_from((np.nan, np.inf, 1e200)))
            return strange
        if how == "field":
            del fields[which]
            return np.asarray(array[[str(f[0]) for f in fields]])
        kinds = ["<f8", "<i8", "<u1", "|b1", "<U3", "|S9", "<M8[s]"]
        if len(fields[which]) == 2:
            kinds.append("<U0")
        fields[which][1] = draw(st.sampled_from(kinds))
        return np.zeros(array.shape, [tuple(f) for f in fields])
    kind = draw(st.sampled_from(("f2", "f4", ">f8", "f16", "c8", "i1", "u8", "b1", "U4", "S4",
                                 "M8[D]", "m8[s]", "V3", "U0")))  # fmt: skip
    try:
        return array.astype(kind)
    except (TypeError, ValueError):
        return np.zeros(array.shape, kind)


def damaged_npy(draw: Draw, array: Array) -> tuple[bytes, str]:
    how = draw(st.sampled_from(("whole", "header", "header", "header", "array", "array", "bytes")))
    if how == "header":
        return strange_header(draw, array), how
    if how == "array":
        array = strange_array(draw, array)
    whole = npy(array, draw(st.sampled_from((None, (2, 0), (3, 0)))))
    return (scrambled(draw, whole) if how == "bytes" else whole), how


@dataclass(frozen=True)
class Member:
    name: bytes
    packed: bytes
    method: int
    crc: int
    size: int  # as declared
    packed_size: int
    flags: int = 0
    offset: int | None = None  # of the local header, where not the truth

    @classmethod
    def of(cls, name: str, content: bytes, method: int) -> Member:
        if method == zipfile.ZIP_DEFLATED:
            packer = zlib.compressobj(9, zlib.DEFLATED, -15)
            packed = packer.compress(content) + packer.flush()
        elif method == zipfile.ZIP_STORED:
            packed = content
        else:
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w", method) as archive:
                archive.writestr("a", content)
                info = archive.infolist()[0]
            packed = buffer.getvalue()[31 : 31 + info.compress_size]
        return cls(name.encode(), packed, method, zlib.crc32(content), len(content), len(packed))


@functools.cache
def large_member(method: int) -> Member:
    """Forty megabytes in a few."""
    return Member.of("", npy(np.zeros(5_000_000)), method)


def archive(members: Sequence[Member]) -> bytes:
    """A zip file as its members say."""
    body, directory = b"", b""
    for m in members:
        at = len(body) if m.offset is None else m.offset
        large = max(m.size, m.packed_size, at) >= 2**32 - 1
        sizes = (2**32 - 1,) * 2 if large else (m.packed_size, m.size)
        extra = struct.pack("<HHQQQ", 1, 24, m.size, m.packed_size, at) if large else b""
        common = struct.pack("<HHHHIIIHH", m.flags, m.method, 0, 33, m.crc, *sizes, len(m.name),
                             len(extra))  # fmt: skip
        place = 2**32 - 1 if large else at
        body += b"PK\x03\x04" + struct.pack("<H", 45) + common + m.name + extra + m.packed
        directory += (b"PK\x01\x02" + struct.pack("<HH", 45, 45) + common
                      + struct.pack("<HHHII", 0, 0, 0, 0, place) + m.name + extra)  # fmt: skip
    count = len(members)
    return body + directory + b"PK\x05\x06" + struct.pack(
        "<HHHHIIH", 0, 0, count, count, len(directory), len(body), 0)  # fmt: skip


@functools.cache
def zeros_packed() -> tuple[bytes, int]:
    """A deflated megabyte of zeros that can be repeated, and its size."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    size = 1 << 20
    return packer.compress(bytes(size)) + packer.flush(zlib.Z_FULL_FLUSH), size


def bomb(name: str, megabytes: int, *, honest: bool, in_header: bool) -> Member:
    """A member that expands a thousandfold: in its data, or in its header."""
    block, block_size = zeros_packed()
    total = megabytes * block_size
    if in_header:
        head = b"\x93NUMPY\x02\x00" + struct.pack("<I", min(total, 2**32 - 1))
    else:
        text = repr({"descr": "<f8", "fortran_order": False, "shape": (total // 8,)}).encode()
        head = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH) + block * megabytes
    packed += b"\x03\x00"
    size = len(head) + total if honest else len(head) + 80
    return Member(f"{name}.npy".encode(), packed, zipfile.ZIP_DEFLATED, 0, size, len(packed))


def damaged_npz(draw: Draw, arrays: dict[str, Array]) -> tuple[bytes, str]:
    names = list(arrays)
    which = draw(st.sampled_from(names))
    contents = {name: npy(array) for name, array in arrays.items()}
    how = draw(st.sampled_from(("whole", "member", "member", "member", "bytes", "lie", "lie",
                                "method", "twice", "drop", "extra", "bomb", "overlap")))  # fmt: skip
    if how == "member":
        contents[which], inner = damaged_npy(draw, arrays[which])
        how = f"member {inner}"
    method = draw(st.sampled_from((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))
    members = [Member.of(f"{name}.npy", content, method) for name, content in contents.items()]
    at = names.index(which)
    m = members[at]
    if how == "lie":
        field = draw(st.sampled_from(("size", "packed_size", "crc", "flags", "method", "offset")))
        least = {"flags": 2**16, "method": 2**16, "crc": 2**32}.get(field, 2**64)
        value = draw(st.sampled_from([n for n in LENGTHS if 0 <= n < least]) | st.integers(0, 999))
        members[at] = replace(m, **{field: value})
    elif how == "method":
        other = draw(st.sampled_from((zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)))
        large = draw(st.booleans())
        m = large_member(other) if large else Member.of("", contents[which], other)
        members[at] = replace(m, name=f"{which}.npy".encode())
        if draw(st.booleans()):
            members[at] = replace(members[at], size=len(contents[which]))
    elif how == "twice":
        name = draw(st.sampled_from((which, f"{which}.npy", f"{which}.npy.npy", f"a/{which}.npy")))
        members.append(replace(m, name=name.encode()))
    elif how == "drop":
        del members[at]
    elif how == "extra":
        name = draw(st.binary(max_size=12))
        content = draw(st.sampled_from((npy(np.arange(3)), npy([Canary()]), b"", b"text")))
        members.append(replace(Member.of("", content, method), name=name))
    elif how == "bomb":
        megabytes = draw(st.sampled_from((1, 1, 15, 15, 20, 20, 50, 50, 200, 10_000)))
        honest, in_header = draw(st.booleans()), draw(st.booleans())
        name = draw(st.sampled_from((which, "extra")))
        members = [m for m in members if m.name != f"{name}.npy".encode()]
        members.append(bomb(name, megabytes, honest=honest, in_header=in_header))
        how = f"bomb {megabytes} MB"
    elif how == "overlap":
        big = Member.of("big.npy", npy(np.zeros(20_000)), zipfile.ZIP_STORED)
        members.insert(0, big)
        for i in range(draw(st.sampled_from((3, 500)))):
            members.append(replace(big, name=f"big{i}.npy".encode()[:7], packed=b"", offset=0))
    content = archive(members)
    if how == "bytes":
        content = scrambled(draw, content)
    return content, how
