"""Which classes the labels of a table name: negative and positive, or more of any names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shapcpp.ct.slices import TWO
from shapcpp.storage import cells

__all__ = ["Classes", "classes_of"]

FEWEST = 2  # rows of a class: a label that only one row has may be a mistake
SHOWN = 5  # classes in a sentence
NAME_THEM = "name the positive ones with positive="
WORDS = "labels must be 0 or 1 (or yes and no, true and false)"


@dataclass(frozen=True)
class Classes:
    """The classes of a table, and the words for them.

    Attributes
    ----------
    labels : tuple of int or of str
        The sorted labels; 0 and 1 of two classes.
    positive : tuple of str
        Labels that are positive; without any, the usual words for yes.
    words : mapping of str to int
        Of more than two classes, the number of each in `labels`.
    """

    labels: tuple[Any, ...]
    positive: tuple[str, ...]
    words: Mapping[str, int]

    @property
    def several(self) -> bool:
        """True if there are more than two."""
        return bool(self.words)

    def number(self, entry: str) -> int | None:
        """The number of the class of an entry; None if it names none."""
        if self.several:
            return self.words.get(cells.same(entry))
        return cells.label_of(entry, self.positive)

    def written(self, number: int | None) -> str:
        """The label of a class as text; "" for None."""
        return "" if number is None else str(self.labels[number])

    @property
    def expected(self) -> str:
        """A clause on what labels must be."""
        if not self.several:
            return f"{WORDS}; to make two classes of other labels, {NAME_THEM}"
        return f"it must be one of {', '.join(map(str, self.labels[:SHOWN]))}"

    def read(self, entry: str, column: str, where: str) -> int | None:
        """The number of the class of an entry, None for a gap; ValueError if it names none."""
        if cells.is_missing(entry):
            return None
        number = self.number(entry)
        if number is None:
            raise ValueError(f"{where}: {column} is {entry!r}; {self.expected}")
        return number

    def truth(self, entry: str, where: str) -> str:
        """A true label as text; where it is not known, -1, or "" beside words."""
        unknown = "" if isinstance(self.labels[0], str) else "-1"
        if cells.is_missing(entry) or cells.whole_number(entry) == -1:
            return unknown
        number = self.number(entry)
        if number is None:
            raise ValueError(
                f"{where}: true_label is {entry!r}; it must be "
                f"{'0, 1' if not self.several else 'a label'}, or -1 or empty where it is not known"
            )
        return self.written(number)


def classes_of(
    entries: Iterable[tuple[str, str]],
    column: str,
    positive: Sequence[str],
    note: Callable[[str], None],
) -> Classes:
    """Finds the classes of labels, given with the places of their rows.

    Labels are of two classes if they are 0 and 1 or words for them, if `positive` names some, or
    if they are fewer than three; else every label is a class, and `note` is told.

    Raises
    ------
    ValueError
        If one of more than two labels has one row only.
    """
    found = [(one, where) for one, where in entries if not cells.is_missing(one)]
    first: dict[str, tuple[str, str]] = {}
    for one, where in found:
        first.setdefault(cells.same(one), (one.strip(), where))
    two = Classes(TWO, tuple(positive), {})
    if positive or len(first) < 3 or all(two.number(one) is not None for one, _ in found):
        return two
    counts = Counter(cells.same(one) for one, _ in found)
    for word, (one, where) in first.items():
        if counts[word] < FEWEST:
            raise ValueError(
                f"{where}: {column} is {one!r}, as in no other row; {two.expected}; of more "
                f"classes each must have {FEWEST} rows"
            )
    whole = {word: cells.whole_number(word) for word in first}
    labels: dict[str, Any]
    if all(number is not None for number in whole.values()):
        labels = dict(whole)
    else:
        labels = {word: one for word, (one, _) in first.items()}
    words = sorted(labels, key=lambda word: labels[word])
    told = ", ".join(f"{labels[word]} ({counts[word]})" for word in words[:SHOWN])
    more = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
    note(
        f"{column} has {len(words)} classes: {told}{more}; to make two classes of them, {NAME_THEM}"
    )
    return Classes(
        tuple(labels[word] for word in words), (), {word: k for k, word in enumerate(words)}
    )
