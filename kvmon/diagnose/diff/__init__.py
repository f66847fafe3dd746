"""Side by side with a running redis_exporter: names, labels and values."""

from __future__ import annotations

from kvmon.diagnose.diff.compare import Report, compare
from kvmon.diagnose.diff.gather import fetch, series_of

__all__ = ["Report", "compare", "fetch", "series_of"]
