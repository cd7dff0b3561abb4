"""Parts that commands share: exit statuses, notes on stderr, checks of outputs, saving."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import click

from shapcpp.errors import reason
from shapcpp.storage import writing

__all__ = [
    "EXIT_BAD_INPUT",
    "EXIT_FAILED",
    "EXIT_INTERRUPTED",
    "PATH",
    "RAW_CSV",
    "STOPS",
    "check_outputs",
    "counted",
    "note",
    "note_left_out",
    "parse_counts",
    "save",
    "translated",
    "with_options",
]

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EXIT_FAILED, EXIT_BAD_INPUT, EXIT_INTERRUPTED = 1, 2, 130

VERBS = ("must", "is", "are", "names", "holds", "has", "flips")  # of sentences about a bad argument
# Where two runs differ, after an argument's name.
DIFFERENCE = r"(?:of another run: its|of different problems:|in its rule:) (\w+)(?= is )"
WORDS = {"None": "none", "True": "yes", "False": "no"}
PATH = click.Path(path_type=str)
RAW_CSV = click.option(
    "--raw-csv", is_flag=True,
    help="Write text to CSV as it is, also what a spreadsheet would run as a formula.",
)  # fmt: skip


def note(sentence: object) -> None:
    """Prints one line on stderr."""
    click.echo(f"Note: {sentence}.", err=True)


def counted(count: int, noun: str) -> str:
    """A number and its noun, as in "1 row" and "2 rows"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def note_left_out(count: int, which: str, noun: str = "row") -> None:
    """Prints on stderr how many rows are left out, if any are; `which` says what is wrong."""
    if count:
        verb = "is" if count == 1 else "are"
        note(" ".join(filter(None, [counted(count, noun), which, verb, "left out"])))


def check_outputs(outputs: Iterable[str | None], inputs: list[str]) -> None:
    """Checks, before any long work, that outputs can be written and overwrite no input."""
    taken = {os.path.realpath(path) for path in inputs}
    for path in outputs:
        if path is None:
            continue
        if not path:
            raise ValueError("an output has an empty name: name a file")
        writing.check_writable(path)
        place = os.path.realpath(path)
        if place in taken:
            raise ValueError(f"{path} is named twice and would be overwritten: choose another name")
        if os.path.isfile(path) or not os.path.exists(path):
            taken.add(place)


def save(path: str, write: Callable[[str], object]) -> str:
    """Writes an output, elsewhere if `path` is refused; the command then ends as failed.

    Returns the place where it was written. Hours of work must not be lost at the last step.
    """
    with _undisturbed():
        place, error = writing.save_anyhow(path, write)
    if error is not None:
        note(f"{path}: {reason(error)}; it is saved in {place} instead")
        click.get_current_context().find_root().call_on_close(_end_as_failed)
    return place


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ignores the signals that end a command while an output is written."""
    before = {stop: signal.signal(stop, signal.SIG_IGN) for stop in STOPS}
    try:
        yield
    finally:
        for stop, handler in before.items():
            signal.signal(stop, handler)


def _end_as_failed() -> NoReturn:
    raise click.exceptions.Exit(EXIT_BAD_INPUT)


def parse_counts(text: str) -> dict[str, tuple[int, int] | dict[str, int]]:
    """Reads slices by split, from "train=100/400,val=50/200" or "train=a:7/b:3/c:5"."""
    counts: dict[str, tuple[int, int] | dict[str, int]] = {}
    for entry in text.split(","):
        split, _, numbers = entry.strip().partition("=")
        parts = numbers.split("/")
        pairs = [part.rpartition(":") for part in parts]
        by_class = {name.strip(): int(n) for name, _, n in pairs if re.fullmatch(r"\d+", n)}
        if split not in ("train", "val", "test"):
            parts = []
        if split in counts:
            raise ValueError(f"counts names {split} twice, in {text!r}")
        if len(parts) == 2 and all(re.fullmatch(r"\d+", part) for part in parts):
            counts[split] = int(parts[0]), int(parts[1])
        elif parts and all(re.fullmatch(r".*\S.*:\d+", part) for part in parts):
            if len(by_class) < len(parts):
                raise ValueError(f"counts names a class of {split} twice, in {entry.strip()!r}")
            counts[split] = by_class
        else:
            raise ValueError(
                "counts must be SPLIT=POSITIVE/NEGATIVE,... or "
                f"SPLIT=CLASS:NUMBER/CLASS:NUMBER/...,..., got {entry!r}"
            )
    return counts


def with_options(sentence: str, commands: click.Group, ran: click.Command | None = None) -> str:
    """Returns a sentence with the names of Python arguments replaced by command-line options.

    A name of one word, such as C or seed, may stand for something else in the middle of a
    sentence. It is replaced where an option of the command that `ran` is the sentence's subject.
    """
    options: dict[str, str] = {}
    for command in commands.commands.values():
        options |= _options_of(command)
    subject = re.match(rf"(?:in fold \d+, )?(\w+)(?= ({'|'.join(VERBS)}) )", sentence)
    if ran is not None and subject is not None:
        option = _options_of(ran).get(subject[1], subject[1])
        sentence = sentence[: subject.start(1)] + option + sentence[subject.end(1) :]
    sentence = _with_difference(sentence, options)
    # sampler='halving' is --sampler halving, and permutations=500 is --perms 500.
    options["permutations"] = options["perms"]
    given = rf"(?<![\w./'-])({'|'.join(options)})=(?:'([\w-]+)'|(\d+|P\b))"
    sentence = re.sub(given, lambda found: f"{options[found[1]]} {found[2] or found[3]}", sentence)
    # "name them with positive=" is "with --positive".
    unset = rf"(?<![\w./'-])({'|'.join(options)})=(?=[\s,;:]|$)"
    sentence = re.sub(unset, lambda found: options[found[1]], sentence)
    if ran is not None:  # what the user gave and is told to leave out
        known = _options_of(ran)
        head, end, names = sentence.rpartition("leave out ")
        if end:
            options_named = (known.get(one, one) for one in names.split(" and "))
            sentence = head + end + " and ".join(options_named)
    options = {name: option for name, option in options.items() if "_" in name}
    # Words that the user typed stay, such as the file test_labels.npy or a quoted column.
    alone = rf"(?<![\w./'-])({'|'.join(options)})(?![\w./'-])"
    return re.sub(alone, lambda name: options[name[0]], sentence)


def translated(sentence: object) -> str:
    """A sentence of the library in words of the shell, with options of the command under way."""
    context = click.get_current_context()
    commands = context.find_root().command
    assert isinstance(commands, click.Group)
    return with_options(str(sentence), commands, context.command)


def _with_difference(sentence: str, options: dict[str, str]) -> str:
    """The sentence with the option in which two runs differ, and its values as words."""
    found = re.search(DIFFERENCE, sentence)
    if found is None:
        return sentence
    option = options.get(found[1], found[1])
    values = re.sub(r"\b(None|True|False)\b", lambda w: WORDS[w[0]], sentence[found.end(1) :])
    return sentence[: found.start(1)] + option + values


def _options_of(command: click.Command) -> dict[str, str]:
    """The option that stands for each Python argument."""
    options = (p for p in command.params if isinstance(p, click.Option))
    return {str(option.name): option.opts[0] for option in options}
