"""Files written whole or not at all, even on file systems that lack some of the means."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import shutil
import stat
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from shapcpp.storage.files import PathLike

__all__ = ["check_writable", "save_anyhow", "write_atomically", "write_npz"]

Write = Callable[[IO[bytes]], object]

# The name of a temporary file contains its machine; a lock is held for as long as its writer lives.
PREFIX, SUFFIX = ".shapcpp-", ".tmp"
LONG_AGO = 86_400.0  # seconds after which a file of another machine counts as abandoned
# Errors of fsync that mean lost contents; any other means that the file system has no fsync.
LOST = (errno.EIO, errno.ENOSPC, errno.EDQUOT)
ATTEMPTS = 10  # at a temporary file: another writer may remove it as a leftover


def write_atomically(path: PathLike, write: Write) -> None:
    """Calls `write` on a temporary file and renames it to `path` once it is on the disk.

    Modes, fsync and locks are optional: file systems without them work too. If renaming over
    `path` is refused (as for a single file that a container mounts), its content is replaced
    instead. Leftovers of killed writers are removed from the folder.

    Raises
    ------
    OSError
        Always naming `path`, even if another file failed.
    """
    try:
        if os.path.exists(path) and not os.path.isfile(path):  # a pipe, a terminal, /dev/null
            with open(path, "wb") as file:
                write(file)
        else:
            _write_beside(Path(os.path.realpath(path)), write)
    except OSError as error:
        error.filename, error.filename2 = os.fspath(path), None
        raise


def save_anyhow(path: PathLike, save: Callable[[str], object]) -> tuple[str, OSError | None]:
    """Calls ``save(path)``; if that is refused, saves beside it or in a temporary folder.

    Returns
    -------
    place : str
        Path of the saved file.
    error : OSError or None
        The reason if it is not at `path`.

    Raises
    ------
    OSError
        The error of `path`, if every other place refuses too.
    """
    try:
        save(os.fspath(path))
    except BrokenPipeError:  # a reader that has seen enough
        raise
    except OSError as error:
        for place in _other_places(Path(path)):
            with suppress(OSError):
                save(str(place))
                return str(place), error
        raise
    return os.fspath(path), None


def check_writable(path: PathLike) -> None:
    """Raises OSError now if `path` could not be written later."""
    if os.path.isdir(path):
        raise IsADirectoryError(errno.EISDIR, "it is a directory", os.fspath(path))
    if os.path.exists(path) and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, "permission denied", os.fspath(path))
    if os.path.exists(path) and not os.path.isfile(path):
        return
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "its folder does not exist", os.fspath(path))
    try:
        if os.path.lexists(target):
            with open(target, "r+b"):  # a file system that is read-only says so here
                pass
        else:
            with suppress(FileNotFoundError):
                os.lstat(target)  # says that a name is too long
        _try_beside(target)
    except OSError as error:
        error.filename, error.filename2 = os.fspath(path), None
        raise


def write_npz(path: PathLike, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Writes arrays to a ``.npz`` file, whole or not at all."""

    def write(file: IO[bytes]) -> None:
        is_file = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
        target: Any = file if is_file else _Stream(file)
        with zipfile.ZipFile(target, "w") as archive:
            for name, array in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    npy.write_array(member, np.asanyarray(array), allow_pickle=False)

    write_atomically(path, write)


class _Stream:
    """Something to write to that does not say where it is: what /dev/null says is wrong."""

    def __init__(self, file: IO[bytes]) -> None:
        self.write, self.flush = file.write, file.flush


def _try_beside(target: Path) -> None:
    """Writes a byte as `write_atomically` would, so that a full disk is reported now."""
    try:
        with _Temporary(target) as temporary:
            temporary.file.write(b"\0")
            temporary.file.flush()
    except OSError as error:
        if not (target.exists() and _refuses_files(error)):
            raise


def _write_beside(target: Path, write: Write) -> None:
    _remove_leftovers(target.parent)
    try:
        temporary = _Temporary(target)
    except OSError as error:
        if not (target.exists() and _refuses_files(error)):
            raise
        _write_over(target, write)
        return
    with temporary:
        write(temporary.file)
        temporary.file.flush()
        _sync(temporary.file)
        if target.exists():
            with suppress(OSError):
                os.chmod(temporary.path, target.stat().st_mode)
        try:
            os.replace(temporary.path, target)
        except OSError:
            _pour(temporary.file, target)


def _refuses_files(error: OSError) -> bool:
    """True if a folder takes no new files, although existing ones may be writable."""
    return error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)


def _write_over(target: Path, write: Write) -> None:
    """Replaces the content of a file once the new content is complete."""
    with tempfile.TemporaryFile(prefix="shapcpp-") as whole:
        write(whole)
        _pour(whole, target)


def _pour(whole: IO[bytes], target: Path) -> None:
    whole.seek(0)
    with open(target, "wb") as file:
        shutil.copyfileobj(whole, file, 1 << 20)
        file.flush()
        _sync(file)


def _sync(file: IO[bytes]) -> None:
    try:
        os.fsync(file.fileno())
    except OSError as error:
        if error.errno in LOST:
            raise


class _Temporary:
    """A locked temporary file beside a target; removed at the end, unless it was renamed.

    Attributes
    ----------
    path : Path
        Its path.
    file : file
        The file, open for reading and writing.
    """

    def __init__(self, target: Path) -> None:
        # Never readable by more users than the file that it replaces.
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666
        for _ in range(ATTEMPTS):
            name = f"{PREFIX}{_machine()}-{secrets.token_hex(6)}{SUFFIX}"
            self.path = target.parent / name
            descriptor = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, mode | 0o600)
            self.file: IO[bytes] = open(descriptor, "w+b")  # noqa: SIM115  closed by __exit__
            if _lock(descriptor) is not False and _is_there(self.path, descriptor):
                return
            self.file.close()
        raise OSError(errno.EBUSY, "its temporary files vanish", str(target))

    def __enter__(self) -> _Temporary:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
        self.file.close()


def _remove_leftovers(folder: Path) -> None:
    """Removes temporary files of killed writers; living writers hold locks on theirs."""
    own, now = f"{PREFIX}{_machine()}-", time.time()
    with suppress(OSError):
        for path in folder.glob(f"{PREFIX}*{SUFFIX}"):
            with suppress(OSError):
                descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
                try:
                    locked = _lock(descriptor)
                    old = now - os.fstat(descriptor).st_mtime > LONG_AGO
                    # Locks may work only within one machine, or not at all.
                    of_this = bool(locked) and path.name.startswith(own)
                    if of_this or (old and locked is not False):
                        path.unlink()
                finally:
                    os.close(descriptor)


def _lock(descriptor: int) -> bool | None:
    """Takes a lock and returns whether it is ours; None if the file system has no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _is_there(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _machine() -> str:
    return f"{zlib.crc32(os.uname().nodename.encode()):08x}"


def _other_places(path: Path) -> Iterator[Path]:
    """Yields free names: beside `path`, then in temporary folders, then at home."""
    folders = [path.parent]
    with suppress(OSError):
        folders.append(Path(tempfile.gettempdir()))
    folders += [Path("/var/tmp"), Path(os.path.expanduser("~"))]
    for folder in folders:
        yield folder / f"{path.stem[:100]}-{secrets.token_hex(4)}{path.suffix[:20]}"
