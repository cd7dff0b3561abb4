"""Earlier decisions of reviewers: shown, and not asked again."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from shapcpp.report.subject import Subject
from shapcpp.report.words import odds

__all__ = ["Before", "reviewed_before"]


class Before(NamedTuple):
    """One earlier decision."""

    id: str
    label: str
    decision: str
    doubt: str  # probability that the label is nevertheless wrong; "" if unknown


def reviewed_before(subject: Subject) -> list[Before]:
    """The earlier decisions, those whose labels are nevertheless most doubtful first."""
    rows = np.flatnonzero(subject.decided)
    if not len(rows):
        return []
    d, reviewed = subject.doubts, subject.reviewed
    assert d is not None
    assert reviewed is not None
    rows = rows[np.argsort(d.score[rows], kind="stable")]
    return [
        Before(
            str(subject.ids[i]),
            str(subject.labels[i]),
            str(reviewed[i]),
            odds(float(d.probability[i])),
        )
        for i in rows
    ]
