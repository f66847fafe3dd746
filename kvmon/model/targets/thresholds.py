"""When the breakers of a target open and close, as its configuration has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Thresholds:
    """`consecutive` probes in a row that fail open; the first success makes half-open, and `trials` in a row close.

    Of the calls that were reported within `window` seconds at least `min_failures`, and `failure_ratio`, have to fail, for
    `reporters` of them. Slow is what takes `slow_factor` times as long as usual and at least `slow_duration` seconds;
    `slow_ratio` of the last ten tries make an op degraded, or, with `slow_opens`, open it. What reopens soon stays open for
    `open_for` seconds, doubling up to `max_open`. `open_on_maintenance`: it is open while the provider maintains the target.
    `unknown` is the advice where nothing is known. `mode`: `shadow` allows everything and only shows what it would do.
    """

    mode: Literal["auto", "shadow"] = "auto"
    consecutive: int = 3
    trials: int = 3
    window: float = 10.0
    min_failures: int = 20
    failure_ratio: float = 0.5
    reporters: int = 2
    slow_factor: float = 10.0
    slow_duration: float = 0.1
    slow_ratio: float = 0.8
    slow_opens: bool = False
    open_for: float = 5.0
    max_open: float = 60.0
    open_on_maintenance: bool = False
    unknown: Literal["allow", "deny"] = "allow"


DEFAULTS = Thresholds()
"""Where the configuration says nothing."""
