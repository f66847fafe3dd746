"""The recent history that rules, the page and Prometheus' API read."""

from kvmon.judge.window.frame import Column
from kvmon.judge.window.window import MEMORY, RETENTION, Window

__all__ = ["MEMORY", "RETENTION", "Column", "Window"]
