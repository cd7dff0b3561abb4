"""Stages of a long computation: each is done once, and again only if its inputs change."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from shapcpp.progress import Progress, Unseen, silent
from shapcpp.storage import files, writing
from shapcpp.storage.names import STAGES

__all__ = ["Facts", "Progress", "Stages", "fingerprint", "fingerprint_by_time"]

Facts: TypeAlias = dict[str, Any]  # of types that JSON can hold
Bar: TypeAlias = Callable[[str], AbstractContextManager[Progress]]

FORMAT = 1
BLOCK = 1 << 22  # bytes hashed at a time; Ctrl-C takes effect between blocks


@contextmanager
def no_bar(_: str) -> Iterator[Progress]:
    """Shows nothing."""
    yield Unseen()


class Stages:
    """The stages done in a folder, kept in its file ``stages.json``.

    A stage is done if it is recorded with the same inputs, and its outputs are the recorded
    ones, byte for byte. A stage is recorded once all of its outputs are written: however the work
    ends, the same calls continue it.

    Parameters
    ----------
    folder : path-like
        The folder of outputs, created if absent.
    say : callable, optional
        Called with a line for each stage.
    bar : callable, optional
        ``bar(name)`` is a context that yields the `Progress` of a stage.

    Raises
    ------
    OSError
        If the folder cannot be made or written to.
    ValueError
        If the record is damaged.
    """

    def __init__(
        self,
        folder: files.PathLike,
        say: Callable[[str], object] = silent,
        bar: Bar = no_bar,
    ) -> None:
        self.folder = Path(folder)
        self.say = say
        self._bar = bar
        self.folder.mkdir(parents=True, exist_ok=True)
        self._record_file = self.folder / STAGES
        writing.check_writable(self._record_file)
        self._records = self._read()
        self._asked: set[str] = set()  # of this object

    def path(self, output: str) -> Path:
        """Returns the path of an output."""
        return self.folder / output

    def do(
        self,
        name: str,
        inputs: Mapping[str, Any],
        outputs: Iterable[str],
        work: Callable[[Progress], Facts],
    ) -> Facts:
        """Does a stage that is not done yet.

        Parameters
        ----------
        name : str
            The name of the stage in the record and in lines.
        inputs : mapping of str
            Everything that its outputs depend on, in types that JSON can hold.
        outputs : iterable of str
            Files or folders that `work` writes.
        work : callable
            Writes the outputs; called with a `Progress`; returns facts worth keeping.

        Returns
        -------
        dict of str
            The facts, from this call or from the recorded one.
        """
        self._asked.add(name)
        wanted = json.loads(json.dumps(dict(inputs)))
        record = self._records.get(name)
        outputs = list(outputs)
        if record is not None and record["inputs"] == wanted and self._are(record["outputs"]):
            self.say(f"{name:<18} up to date")
            return dict(record["facts"])
        began = time.monotonic()
        with self._bar(f"{name:<18}") as progress:
            facts = work(progress)
        self._records[name] = {
            "inputs": wanted,
            "outputs": {output: fingerprint(self.path(output)) for output in outputs},
            "facts": facts,
        }
        self._write()
        self._tidy(name)
        self.say(f"{name:<18} {time.monotonic() - began:7.1f} s  {in_words(facts)}".rstrip())
        return facts

    def of(self, *names: str) -> dict[str, str]:
        """Returns the fingerprints of the outputs of stages, as inputs for later stages."""
        return {
            output: mark
            for name in names
            for output, mark in self._records[name]["outputs"].items()
        }

    def others(self) -> list[str]:
        """Lists outputs of recorded stages that this object was not asked for."""
        return [
            output
            for name, record in self._records.items()
            if name not in self._asked
            for output in record["outputs"]
            if self.path(output).exists()
        ]

    def partial(self, name: str, inputs: Mapping[str, Any]) -> Path:
        """Returns the path for a half-done stage, which is removed when the stage is done.

        The name depends on the inputs, so that no stage continues one with other inputs.
        """
        digest = hashlib.sha256(json.dumps(dict(inputs), sort_keys=True).encode()).hexdigest()
        return self.folder / f".{name}.{digest[:12]}.partial"

    def _tidy(self, name: str) -> None:
        for path in self.folder.glob(f".{name}.????????????.partial"):
            path.unlink(missing_ok=True)

    def _are(self, outputs: Mapping[str, str]) -> bool:
        return all(
            self.path(output).exists() and fingerprint(self.path(output)) == mark
            for output, mark in outputs.items()
        )

    def _read(self) -> dict[str, Any]:
        if not self._record_file.exists():
            return {}
        with files.told(
            f"{self._record_file} is no record of stages (without it, all stages are done anew)"
        ):
            content = json.loads(self._record_file.read_bytes())
            if not isinstance(content, dict) or content.get("format") != FORMAT:
                raise ValueError(f"its format is not {FORMAT}")
            stages = content["stages"]
            for record in stages.values():
                if not all(isinstance(record[part], dict) for part in RECORD):
                    raise ValueError("a stage lacks its parts")
            return dict(stages)

    def _write(self) -> None:
        content = json.dumps({"format": FORMAT, "stages": self._records}, indent=1) + "\n"
        writing.write_atomically(self._record_file, lambda file: file.write(content.encode()))


RECORD = ("inputs", "outputs", "facts")


def fingerprint(path: files.PathLike) -> str:
    """Computes the SHA-256 of a file, or of all files of a folder with their names."""
    path = Path(path)
    digest = hashlib.sha256()
    if path.is_dir():
        for file in sorted(file for file in path.rglob("*") if file.is_file()):
            digest.update(f"{file.relative_to(path).as_posix()}\0{fingerprint(file)}\n".encode())
        return digest.hexdigest()
    with open(path, "rb") as content:
        while block := content.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def fingerprint_by_time(paths: Iterable[files.PathLike], folder: files.PathLike) -> str:
    """Hashes names, sizes and modification times, for inputs too large to be read each time.

    Names are relative to `folder`, so that the folder can be moved. An absent file is hashed as
    absent; the stage that reads it reports it.
    """
    digest = hashlib.sha256()
    for name, path in sorted({os.path.relpath(path, folder): path for path in paths}.items()):
        state = "absent"
        if os.path.exists(path):
            status = os.stat(path)
            state = f"{status.st_size}\0{status.st_mtime_ns}"
        digest.update(f"{name}\0{state}\n".encode())
    return digest.hexdigest()


def in_words(facts: Mapping[str, Any]) -> str:
    """Writes facts on one line: "epochs 12, test AUC 0.912"."""
    return ", ".join(
        f"{name.replace('_', ' ').replace('auc', 'AUC')} "
        + (f"{fact:.3f}" if isinstance(fact, float) else f"{fact:,}")
        for name, fact in facts.items()
        if isinstance(fact, int | float)
    )
