"""The report: one offline page, its figures, and the paper's table beside yours."""

from shapcpp.report.experiments import Experiment, paper_table
from shapcpp.report.figures import figure2, figure3
from shapcpp.report.page import report

__all__ = ["Experiment", "figure2", "figure3", "paper_table", "report"]
