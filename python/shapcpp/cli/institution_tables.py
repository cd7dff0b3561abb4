"""Tables of institutions: what each is worth, and to whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shapcpp.cli.tables import make_console, make_table

__all__ = ["show_institutions"]

Row = Mapping[str, Any]


def show_institutions(rows: Sequence[Row]) -> None:
    """Shows the institutions of each experiment, by each metric."""
    console = make_console()
    for noise in dict.fromkeys(row["noise"] for row in rows):
        of_noise = [row for row in rows if row["noise"] == noise]
        console.print(
            f"\nNoise {100 * noise:g}%: institutions that join one another whole", style="bold"
        )
        shown = make_table(
            ["institution", "samples", "flipped", "metric", "value", "left out",
             "sum of its samples", "best for", "worst for"],
            left=["institution", "metric", "best for", "worst for"],
        )  # fmt: skip
        for row in (row for row in of_noise if not row["judge"]):
            same = [
                other for other in of_noise
                if other["judge"] and (other["institution"], other["metric"])
                == (row["institution"], row["metric"])
            ]  # fmt: skip
            shown.add_row(
                row["institution"],
                str(row["samples"]),
                str(row["flipped"]),
                row["metric"],
                f"{row['value']:+.4f} ± {row['stderr']:.4f}",
                _known(row["left_out"]),
                _known(row["samples_sum"]) + _error(row["samples_sum_stderr"]),
                _judged(max(same, key=_value, default=None)),
                _judged(min(same, key=_value, default=None)),
            )
        console.print(shown)


def _value(row: Row) -> float:
    return float(row["value"])


def _known(number: float | None) -> str:
    return "" if number is None else f"{number:+.4f}"


def _error(number: float | None) -> str:
    return "" if number is None else f" ± {number:.4f}"


def _judged(row: Row | None) -> str:
    return "" if row is None else f"{row['judge']} {row['value']:+.4f}"
