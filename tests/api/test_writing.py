"""Results are written at the end of a run, whatever the file system refuses."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shapcpp.storage import writing

OLD, NEW = b"old", b"new content"


def refuse(number: int) -> Callable[..., Any]:
    def refused(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return refused


def write(path: Path) -> None:
    writing.write_atomically(path, lambda file: file.write(NEW))


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize(
    ("call", "number"),
    [
        ("os.chmod", errno.EPERM),
        ("os.chmod", errno.EOPNOTSUPP),
        ("os.fsync", errno.EINVAL),
        ("os.fsync", errno.ENOSYS),
        ("os.replace", errno.EBUSY),  # a file that a container mounts
        ("os.replace", errno.EPERM),
        ("fcntl.flock", errno.ENOLCK),
        ("fcntl.flock", errno.EOPNOTSUPP),
        ("os.unlink", errno.EPERM),
    ],
)
def test_what_a_share_does_not_know_is_not_fatal(
    call: str, number: int, there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.npz"
    if there:
        path.write_bytes(OLD)
    monkeypatch.setattr(call, refuse(number))
    writing.check_writable(path)
    write(path)
    assert path.read_bytes() == NEW


def test_a_file_of_a_folder_that_takes_no_new_ones_is_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.npz"
    path.write_bytes(OLD)
    opened = os.open

    def open_(name: Any, flags: int, mode: int = 0o777, **more: Any) -> int:
        if flags & os.O_CREAT and Path(name).parent == tmp_path and not os.path.exists(name):
            raise PermissionError(errno.EACCES, "permission denied", name)
        return opened(name, flags, mode, **more)

    monkeypatch.setattr(os, "open", open_)
    writing.check_writable(path)
    write(path)
    assert path.read_bytes() == NEW
    with pytest.raises(PermissionError) as told:
        writing.check_writable(tmp_path / "other.npz")
    assert told.value.filename == str(tmp_path / "other.npz")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_contents_that_are_lost_are_an_error_and_leave_the_old_file(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.npz"
    path.write_bytes(OLD)
    monkeypatch.setattr(os, "fsync", refuse(number))
    with pytest.raises(OSError) as told:  # noqa: PT011  the number says which
        write(path)
    assert (told.value.errno, told.value.filename) == (number, str(path))
    assert path.read_bytes() == OLD
    assert [*tmp_path.iterdir()] == [path]


def test_as_a_last_resort_a_result_goes_beside_or_to_a_temporary_folder(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "share", tmp_path / "tmp"
    folder.mkdir()
    elsewhere.mkdir()
    path = folder / "run.npz"
    path.mkdir()  # nobody expects it

    def save(place: str) -> None:
        write(Path(place))

    place, error = writing.save_anyhow(path, save)
    assert Path(place).parent == folder
    assert Path(place).suffix == ".npz"
    assert error is not None
    assert Path(place).read_bytes() == NEW

    def save_not_there(place: str) -> None:
        if Path(place).parent == folder:
            raise OSError(errno.ENOSPC, "no space left on device", place)
        write(Path(place))

    place, error = writing.save_anyhow(path, save_not_there)
    assert Path(place).parent != folder
    assert Path(place).read_bytes() == NEW
    Path(place).unlink()
    with pytest.raises(OSError, match="nowhere"):
        writing.save_anyhow(path, _nowhere)


def _nowhere(place: str) -> None:
    raise OSError(errno.EIO, "nowhere", place)


def test_names_that_cannot_be_are_told_before_the_start(tmp_path: Path) -> None:
    for path in (tmp_path / ("x" * 300 + ".npz"), tmp_path / "absent" / "run.npz", tmp_path):
        with pytest.raises(OSError) as told:  # noqa: PT011  of several classes
            writing.check_writable(path)
        assert told.value.filename == str(path)


def test_modes_are_those_of_the_file_before_or_of_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    before = os.umask(0o027)
    try:
        write(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o604)
        write(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o604
    finally:
        os.umask(before)


KILLED = """
import os, sys
from shapcpp.storage import writing
def write(file):
    file.write(b"x" * 100_000)
    file.flush()
    print("writing", flush=True)
    sys.stdin.read()
writing.write_atomically(sys.argv[1], write)
"""


def writer(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, path],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    return process


def test_files_of_killed_writers_are_removed_by_the_next_and_those_of_living_ones_not(
    tmp_path: Path,
) -> None:
    killed, living = writer(tmp_path / "a.npz"), writer(tmp_path / "b.npz")
    killed.kill()
    killed.communicate()
    assert len([*tmp_path.iterdir()]) == 2
    write(tmp_path / "c.npz")
    assert len([*tmp_path.iterdir()]) == 2
    living.communicate("")
    assert living.returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.npz", "c.npz"]
    assert len((tmp_path / "b.npz").read_bytes()) == 100_000


def test_only_what_is_surely_a_leftover_of_ours_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = writing._machine()
    names = [f".shapcpp-{machine}-aa.tmp", ".shapcpp-00000000-bb.tmp", ".shapcpp-notes", "x.tmp"]
    for name in names:
        (tmp_path / name).write_bytes(b"")
    (tmp_path / f".shapcpp-{machine}-link.tmp").symlink_to(tmp_path / "x.tmp")
    write(tmp_path / "c.npz")  # another machine's writer may live, whatever locks say here
    kept = {*names[1:], f".shapcpp-{machine}-link.tmp", "c.npz"}
    assert {path.name for path in tmp_path.iterdir()} == kept
    long_ago = time.time() - 2 * writing.LONG_AGO
    os.utime(tmp_path / names[1], (long_ago, long_ago))
    monkeypatch.setattr(fcntl, "flock", refuse(errno.ENOLCK))
    write(tmp_path / "c.npz")
    assert {path.name for path in tmp_path.iterdir()} == kept - {names[1]}


@pytest.mark.parametrize("size", [10, 1_000, 2_000, 100_000])
def test_arrays_go_to_what_is_no_file(size: int, tmp_path: Path) -> None:
    numbers = np.arange(size)
    writing.write_npz("/dev/null", {"numbers": numbers, "more": numbers})
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    writing.write_npz(pipe, {"numbers": numbers, "more": numbers})
    reader.join()
    with np.load(io.BytesIO(read[0])) as archive:
        np.testing.assert_array_equal(archive["more"], numbers)
