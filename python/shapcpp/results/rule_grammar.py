"""Sentences about texts that state no stopping rule."""

from __future__ import annotations

import re
from collections.abc import Sequence

from shapcpp.metrics import LONG_NAMES, NAMED, RECALL_OF

__all__ = ["METRIC", "NUMBER", "fault", "from_a_rule", "in_a_rule"]

NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?"
QUOTED = r'"(?:[^"]|"")+"'
# A name, or the recall of a label; a label with spaces, commas or quotes stands in quotes, where a
# quote of its own is doubled.
METRIC = rf"""(?:{RECALL_OF}{QUOTED}|{RECALL_OF}[^\s,"]+|{"|".join([*LONG_NAMES, *NAMED])})"""
TOKEN = re.compile(rf"""{RECALL_OF}{QUOTED}|<=|>=|{NUMBER}(?![\w.])|%|,|[^\s%<>,]+|\S""", re.ASCII)
COUNT = r"\d+"
WANTED = {NUMBER: "a number", COUNT: "a count of samples", "but": "the end or 'but for 20'"}
LEVEL = ("decided", "at", NUMBER, "%")
FORMS = {  # the words after the metrics, and a correct rule as an example
    "reliability": ((">=", NUMBER), "reliability >= 0.95"),
    "stderr": (("<=", NUMBER), "stderr <= 1e-4"),
    "lowest": ((NUMBER, "%", *LEVEL), "lowest 10% decided at 95%"),
    "below": ((NUMBER, *LEVEL), "below 0 decided at 95%"),
}
TAIL = ("but", "for", COUNT)


def fault(text: str) -> str:
    """A sentence that says where the text leaves the grammar and shows a correct rule."""
    words = TOKEN.findall(text.lower())
    at = _after_metrics(words)
    metrics = f"{' '.join(words[:at])} ".replace(" ,", ",") if at else ""
    a_metric = f"a metric ({', '.join(NAMED)})"
    after_comma = at > 0 and words[at - 1] == ","
    known = [a_metric] if after_comma else [*FORMS] if at else [*FORMS, a_metric]
    if after_comma or at == len(words) or words[at] not in FORMS:
        wanted, example = _one_of(known), FORMS["stderr"][1]
        metrics = metrics.rstrip(", ") + " " if metrics else ""
    else:
        kind = words[at]
        form, example = FORMS[kind]
        at, wanted = _follow(words, at + 1, form)
        if not wanted and kind == "reliability" and words[at : at + 1] == ["but"]:
            return (
                "'but for' spares samples, and reliability is one number for all of them; "
                f"a rule reads like '{metrics}{example}'"
            )
        if not wanted and kind != "reliability":
            at, wanted = _follow(words, at, TAIL)
        wanted = wanted or "the end"
    found = f"{words[at]!r} stands where" if at < len(words) else "it ends where"
    quotes = ""
    if any(word.startswith(RECALL_OF) and '"' not in word for word in words[:at]):
        quotes = f'; a label with spaces or commas stands in quotes, as in {RECALL_OF}"a b"'
    return f"{found} {wanted} should; a rule reads like '{metrics}{example}'{quotes}"


def in_a_rule(metric: str) -> str:
    """A metric's name in the form that a rule takes."""
    label = metric.removeprefix(RECALL_OF)
    if label == metric or not re.search(r'[\s,"]', label):
        return metric
    doubled = label.replace('"', '""')
    return f'{RECALL_OF}"{doubled}"'


def from_a_rule(metric: str) -> str:
    """The name of a metric that stands in a rule; a label keeps its case and loses its quotes."""
    start, colon, label = metric.partition(":")
    if not colon:
        return start.lower()
    if label.startswith('"'):
        label = label[1:-1].replace('""', '"')
    return RECALL_OF + label


def _after_metrics(words: Sequence[str]) -> int:
    """The position after the metrics with which a rule may begin, as "acc, rec"."""
    at = 0
    while at < len(words) and re.fullmatch(METRIC, words[at]):
        at += 1
        if words[at : at + 1] != [","]:
            break
        at += 1
    return at


def _one_of(known: Sequence[str]) -> str:
    return f"{', '.join(known[:-1])} or {known[-1]}" if len(known) > 1 else known[0]


def _follow(words: Sequence[str], at: int, form: Sequence[str]) -> tuple[int, str]:
    """The position at which the words leave a form, and the word that the form wants there."""
    for part in form:
        pattern = part if part in WANTED else re.escape(part)
        if at == len(words) or re.fullmatch(pattern, words[at], re.ASCII) is None:
            return at, WANTED.get(part, f"'{part}'")
        at += 1
    return at, ""
