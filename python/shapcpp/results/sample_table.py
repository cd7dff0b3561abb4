"""The result sample by sample: as columns, data frame and CSV, in notebooks, and in a file."""

from __future__ import annotations

import html
import math
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shapcpp.extras import installs
from shapcpp.results.estimates import Estimates, Metrics
from shapcpp.storage import files
from shapcpp.storage.csv_files import write_csv

if TYPE_CHECKING:
    import pandas

__all__ = ["SampleTable"]

ROWS_SHOWN = 10


class SampleTable(Estimates):
    """Estimates as tables with one row per sample, and the file that keeps them."""

    ids: NDArray[Any]
    groups: NDArray[Any] | None
    true_labels: NDArray[Any] | None

    def columns(
        self, metrics: Metrics = None, *, by_group: bool = False
    ) -> dict[str, NDArray[Any]]:
        """The result sample by sample, or group by group, as named columns.

        Parameters
        ----------
        metrics : sequence of str or Metric, optional
            Default: every named metric that the test set defines.
        by_group : bool, default False
            One entry per group, for a run whose groups share one value.

        Returns
        -------
        dict of str to ndarray of shape (n,)
            id, label, then group and true_label where known, then for each metric its
            value, standard error, 95% interval and whether the error can be believed:
            ``acc, acc_stderr, acc_low, acc_high, acc_trusted``. By group: group and samples, their
            number, in place of what comes before the metrics.

        Raises
        ------
        ValueError
            If no permutation was completed; with `by_group`, if samples have values of their own.
        """
        self.check_begun()
        table: dict[str, NDArray[Any]] = {"id": self.ids, "label": self.labels}
        if self.groups is not None:
            table["group"] = self.groups
        if self.true_labels is not None:
            table["true_label"] = self.true_labels
        rows = np.arange(len(self.labels))
        if by_group:
            rows, table = self._groups()
        for metric in self.chosen(metrics):
            low, high = self.interval(metric)
            table[metric.name] = self[metric][rows]
            table[f"{metric.name}_stderr"] = self.stderr(metric)[rows]
            table[f"{metric.name}_low"] = low[rows]
            table[f"{metric.name}_high"] = high[rows]
            table[f"{metric.name}_trusted"] = self.trusted(metric)[rows]
        return table

    def _groups(self) -> tuple[NDArray[np.int64], dict[str, NDArray[Any]]]:
        """A sample of each group, and the groups with their numbers of samples."""
        if self.groups is None or not self.settings.get("by_group"):
            raise ValueError("by_group needs a run whose groups share one value: this has none")
        _, rows, sizes = np.unique(self.players, return_index=True, return_counts=True)
        return rows, {"group": self.groups[rows], "samples": sizes}

    def to_frame(self, metrics: Metrics = None, *, by_group: bool = False) -> pandas.DataFrame:
        """The columns of `columns` as a pandas DataFrame, one row per sample or group.

        Parameters
        ----------
        metrics, by_group
            As for `columns`.

        Raises
        ------
        ImportError
            If pandas is not installed (``pip install '.[frame]'`` in a checkout).
        ValueError
            As for `columns`.
        """
        try:
            import pandas
        except ImportError:
            raise ImportError(
                f"to_frame needs pandas: {installs('frame')}; columns() and to_csv() do not"
            ) from None
        frame: pandas.DataFrame = pandas.DataFrame(self.columns(metrics, by_group=by_group))
        return frame

    def to_csv(
        self,
        path: files.PathLike,
        metrics: Metrics = None,
        *,
        raw: bool = False,
        by_group: bool = False,
    ) -> None:
        """Writes the columns of `columns` as CSV, whole or not at all.

        Text that a spreadsheet would run as a formula (it begins with ``= + - @``) gets an
        apostrophe.

        Parameters
        ----------
        path : path-like
            The file to write.
        metrics, by_group
            As for `columns`.
        raw : bool, default False
            Writes ids and groups as they are.

        Raises
        ------
        OSError
            If the file cannot be written.
        ValueError
            As for `columns`.
        """
        table = self.columns(metrics, by_group=by_group)
        rows = zip(*(column.tolist() for column in table.values()), strict=True)
        write_csv(path, table, rows, raw)

    def save(self, path: files.PathLike) -> None:
        """Writes the result to a ``.npz`` file without pickles, whole or not at all.

        Parameters
        ----------
        path : path-like
            The file to write, under exactly this name.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        self._write(path)

    @abstractmethod
    def _write(self, path: files.PathLike) -> None:
        """Writes the file."""

    def _repr_html_(self) -> str:
        try:
            self.check_begun()
        except ValueError:
            return f"<p>{html.escape(repr(self)[1:-1])}</p>"
        metrics = self.metrics
        table = self.columns(by_group=bool(self.settings.get("by_group")))
        order = np.argsort(table[metrics[0]], kind="stable")[:ROWS_SHOWN]
        names = ("id", "label", "group", "true_label", "samples")
        shown = [name for name in names if name in table]
        heads = [*shown, *(f"{m} ± stderr" for m in metrics)]
        rows = []
        for i in order:
            cells = [str(table[name][i]) for name in shown]
            for m in metrics:
                error, trusted = table[f"{m}_stderr"][i], table[f"{m}_trusted"][i]
                known = trusted or math.isnan(error)
                cells.append(f"{table[m][i]:+.3g} ± {f'{error:.1g}' if known else '?'}")
            rows.append("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in cells) + "</tr>")
        caption = html.escape(f"{repr(self)[1:-1]}; the lowest by {metrics[0]}:")
        head = "".join(f"<th>{html.escape(name)}</th>" for name in heads)
        return (
            f"<table><caption style='text-align:left'>{caption}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        )
