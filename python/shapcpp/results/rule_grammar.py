"""What is wrong with a text that states no stopping rule."""

from __future__ import annotations

import re
from collections.abc import Sequence

from shapcpp.metrics import LONG_NAMES, NAMED

__all__ = ["NUMBER", "fault"]

NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?"
TOKEN = re.compile(rf"<=|{NUMBER}(?![\w.])|%|[^\s%<]+|\S", re.ASCII)
COUNT = r"\d+"
WANTED = {NUMBER: "a number", COUNT: "a count of samples", "but": "the end or 'but for 20'"}
LEVEL = ("decided", "at", NUMBER, "%")
FORMS = {  # what follows the metric, and a rule that is right
    "stderr": (("<=", NUMBER), "stderr <= 1e-4"),
    "lowest": ((NUMBER, "%", *LEVEL), "lowest 10% decided at 95%"),
    "below": ((NUMBER, *LEVEL), "below 0 decided at 95%"),
}
TAIL = ("but", "for", COUNT)


def fault(text: str) -> str:
    """Where the text leaves the grammar, and a rule to compare it with."""
    words = TOKEN.findall(text.lower())
    at = 1 if words and words[0] in {*NAMED, *LONG_NAMES} else 0
    metric = f"{words[0]} " if at else ""
    known = [*FORMS] if at else [*FORMS, f"a metric ({', '.join(NAMED)})"]
    if at == len(words) or words[at] not in FORMS:
        wanted, example = f"{', '.join(known[:-1])} or {known[-1]}", FORMS["stderr"][1]
    else:
        form, example = FORMS[words[at]]
        at, wanted = _follow(words, at + 1, form)
        if not wanted:
            at, wanted = _follow(words, at, TAIL)
            wanted = wanted or "the end"
    found = f"{words[at]!r} stands where" if at < len(words) else "it ends where"
    return f"{found} {wanted} should; a rule reads like '{metric}{example}'"


def _follow(words: Sequence[str], at: int, form: Sequence[str]) -> tuple[int, str]:
    """Where the words leave a form that begins at one of them, and what it wants there."""
    for part in form:
        pattern = part if part in WANTED else re.escape(part)
        if at == len(words) or re.fullmatch(pattern, words[at], re.ASCII) is None:
            return at, WANTED.get(part, f"'{part}'")
        at += 1
    return at, ""
