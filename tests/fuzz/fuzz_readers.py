"""Every reader against files that are damaged or lie: a sentence or a correct read, nothing else.

`make fuzz` reads twelve thousand; the tests read a few hundred (test_readers.py).

A case fails if reading crashes, takes longer than SECONDS, executes a pickle, takes memory beyond
what the file honestly holds, raises anything but a ValueError, TypeError or OSError of one line that
names the file, or returns other numbers than the file holds.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

import shapcpp
from fuzz import cases, damage
from shapcpp.storage import files
from shapcpp.storage.features_file import ARCHIVED

SECONDS = 20
ADDRESS_SPACE = 6 << 30
# Peak memory of a read: this much for any file, and a multiple of what it honestly holds.
MEMORY, MULTIPLE = 8 << 20, 16


@dataclass(frozen=True)
class Reader:
    """A reader and the files it is given.

    Attributes
    ----------
    made : strategy
        Cases.
    read : callable
        From the folder of the files; returns the arrays read, by any name.
    truth : callable
        The same arrays as numpy reads them; called where the reader found no fault.
    command : tuple of str
        The command line that reads them.
    """

    made: st.SearchStrategy[cases.Case]
    read: Callable[[Path], dict[str, Any]]
    truth: Callable[[Path], dict[str, Any]]
    command: tuple[str, ...]


def _both_sides(features: shapcpp.Features) -> dict[str, Any]:
    train, test = features.sides()
    read = {"X_train": train.X, "y_train": train.y, "X_test": test.X, "y_test": test.y}
    extra = {"ids": train.ids, "groups": train.groups, "true_label": train.true_labels}
    return read | {name: array for name, array in extra.items() if array is not None}


def _table(folder: Path) -> dict[str, Any]:
    features = shapcpp.read_features(folder / "features.npy")
    features.sides()
    return {"rows": features.rows}


def _archive(folder: Path) -> dict[str, Any]:
    return _both_sides(shapcpp.read_features(folder / "features.npz"))


def _matrix(folder: Path) -> dict[str, Any]:
    read = _both_sides(
        shapcpp.read_features(
            folder / "features.npy",
            labels=folder / "labels.npy",
            test_features=folder / "features-test.npy",
            test_labels=folder / "labels-test.npy",
        )
    )
    return {name: read[name] for name in cases.COMPANIONS}


def _result(folder: Path) -> dict[str, Any]:
    v = shapcpp.load(folder / "run.npz", shapcpp.Valuation)
    assert "Valuation" in repr(v)
    assert v.complete == (v.n_permutations == v.settings["permutations"])
    v.columns()
    assert v.until_met in (None, True, False)
    if v.n_permutations > 0:
        shapcpp.review_queue(v)
        full, empty = v.full_counts.tolist(), v.empty_counts.tolist()
        unit = int(v.settings["gain_unit"])
        change = [v.n_permutations * unit * (f - e) for f, e in zip(full, empty, strict=True)]
        assert [sum(column) for column in v.gains.T.tolist()] == change
        most = 2 * v.n_permutations * ((unit + 2) * int(v.test_counts.max())) ** 2
        assert (np.abs(v.products) <= most).all()
    read = {name: getattr(v, name) for name in ("gains", "products", "ranges", "ids", "labels")}
    optional = {name: getattr(v, name) for name in ("scaling", "trace_counts", "trace_gains")}
    return read | {name: array for name, array in optional.items() if array is not None}


READERS = {
    "table .npy": Reader(
        cases.tables(),
        _table,
        lambda folder: {"rows": np.load(folder / "features.npy")},
        ("value", "features.npy", "--perms", "1"),
    ),
    "arrays .npz": Reader(
        cases.archives(),
        _archive,
        lambda folder: cases.arrays_of(folder / "features.npz", ARCHIVED.values()),
        ("value", "features.npz", "--perms", "1"),
    ),
    "matrix .npy": Reader(
        cases.matrices(),
        _matrix,
        lambda folder: {n: np.load(folder / file) for n, file in cases.COMPANIONS.items()},
        ("value", "features.npy", "--perms", "1", "--labels", "labels.npy", "--test-features",
         "features-test.npy", "--test-labels", "labels-test.npy"),
    ),
    "result .npz": Reader(
        cases.results(),
        _result,
        lambda folder: cases.arrays_of(folder / "run.npz"),
        ("detect", "run.npz"),
    ),
}  # fmt: skip


def check(reader: Reader, case: cases.Case, folder: Path) -> str:
    """Reads a case; what came of it, or AssertionError."""
    for name, content in case.files.items():
        (folder / name).write_bytes(content)
    os.environ.pop(damage.CANARY, None)
    tracemalloc.start()
    outcome = "read"
    try:
        read = reader.read(folder)
    except (ValueError, TypeError, OSError) as error:
        outcome = "sentence"
        sentence = str(error)
        assert sentence.isprintable(), f"not one line of text: {sentence!r}"
        assert str(folder) in sentence, f"does not name the file: {sentence!r}"
    except Exception as error:
        raise AssertionError(f"{type(error).__name__}: {error}"[:200]) from error
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert damage.CANARY not in os.environ, "a pickle was executed"
    held = sum(map(len, case.files.values()))
    if any(b"PK" in content[:2] for content in case.files.values()):
        held = max(held, min(files.SMALL + files.MOST_EXPANSION * held, _declared(case)))
    assert peak <= MEMORY + MULTIPLE * held, f"{peak} bytes for a file that holds {held}"
    if outcome == "read":
        try:
            truth = reader.truth(folder)
        except Exception as error:
            raise AssertionError(f"numpy does not read it: {error}"[:200]) from error
        for name, array in read.items():
            expected = truth.get(name, array)  # ids that are row numbers are not in the file
            if expected.dtype.kind == "S":
                expected = np.char.decode(expected, "utf-8", "replace")
            np.testing.assert_array_equal(array, expected, err_msg=name)
    return outcome


def _declared(case: cases.Case) -> int:
    """The rough size that the members of the archives are said to have."""
    return sum(content.count(b"PK\x01\x02") << 20 if b"bomb" not in case.made.encode() else 1 << 40
               for content in case.files.values())  # fmt: skip


def check_command(reader: Reader, case: cases.Case, folder: Path) -> str:
    """The same through the command line."""
    for name, content in case.files.items():
        (folder / name).write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-m", "shapcpp", *reader.command],
        cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    if done.returncode == 0:
        return "status 0"
    assert done.returncode == 2, (done.returncode, done.stderr[-500:])
    assert done.stdout == "", done.stdout
    assert done.stderr.startswith("Error: "), done.stderr[:500]
    assert done.stderr.count("\n") == 1, done.stderr[:500]
    return "status 2"


def run(name: str, count: int, number: int, folder: Path, *, command: bool = False) -> Counter[str]:
    """Draws and checks cases of a reader; counts what came of them."""
    outcomes: Counter[str] = Counter()
    reader = READERS[name]

    @seed(number)
    @settings(
        max_examples=count, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(reader.made)
    def one(case: cases.Case) -> None:
        signal.alarm(SECONDS)
        try:
            outcome = (check_command if command else check)(reader, case, folder)
        except AssertionError as error:
            outcome = "FAILED"
            shown = f"{case.made}: {' '.join(str(error).split())[:160]}"
            _keep(case, folder / f"failed-{outcomes[outcome]}")
            print(f"  {name}: {shown}", flush=True)
        outcomes[outcome] += 1
        outcomes[f"  {case.made}: {outcome}"] += 1
        signal.alarm(0)

    one()
    return outcomes


def _keep(case: cases.Case, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for name, content in case.files.items():
        (folder / name).write_bytes(content)


def main() -> None:
    """Each reader in a process of its own, which dies if a case hangs or crashes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=10_000, help="of all readers together")
    parser.add_argument("--commands", type=int, default=40, help="through the command line")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--details", action="store_true", help="count each kind of file")
    parser.add_argument("--reader", choices=READERS, help=argparse.SUPPRESS)
    parser.add_argument("--command", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.reader is not None:
        if not given.command:
            resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
        start = time.perf_counter()
        outcomes = run(given.reader, given.cases, given.seed, given.folder, command=given.command)
        seconds = time.perf_counter() - start
        done = sum(n for outcome, n in outcomes.items() if not outcome.startswith(" "))
        parts = [f"{n} {o}" for o, n in sorted(outcomes.items()) if not o.startswith(" ")]
        how = "command" if given.command else "Python"
        print(f"{given.reader} ({how}): {done} cases, {', '.join(parts)}; {done / seconds:.0f}/s")
        if given.details:
            print("\n".join(f"{o}: {n}" for o, n in sorted(outcomes.items()) if o.startswith(" ")))
        sys.exit(outcomes["FAILED"] > 0)
    failed = False
    for name in READERS:
        for count, more in ((given.cases, []), (given.commands, ["--command"])):
            if count == 0:
                continue
            folder = Path(tempfile.mkdtemp(prefix="fuzz-", dir=given.folder))
            more += ["--details"] if given.details else []
            ended = subprocess.run(
                [sys.executable, "-m", "fuzz.fuzz_readers", "--reader", name,
                 "--cases", str(-(-count // len(READERS))), "--seed", str(given.seed), "--folder", str(folder), *more],
                check=False,
            )  # fmt: skip
            if ended.returncode < 0:
                death = signal.Signals(-ended.returncode).name
                print(f"{name}: {'hangs' if death == 'SIGALRM' else f'dies by {death}'}", end="; ")
            if ended.returncode:
                print(f"the files are in {folder}")
                failed = True
    sys.exit(failed)


if __name__ == "__main__":
    main()
