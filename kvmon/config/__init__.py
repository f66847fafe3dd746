"""The configuration: a file and the environment, read once, checked whole, frozen."""

from __future__ import annotations

from kvmon.config.config import Config, Web
from kvmon.config.load import load
from kvmon.config.mistakes import Mistakes

__all__ = ["Config", "Mistakes", "Web", "load"]
