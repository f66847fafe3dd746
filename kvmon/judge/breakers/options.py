"""Options of the breakers of a target."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from kvmon.model.targets.thresholds import DEFAULTS, Thresholds
from kvmon.options import Options, Seconds

Ratio = Annotated[float, Field(gt=0.0, le=1.0)]


class BreakerOptions(Options):
    """When the breakers of a target open and close."""

    mode: Literal["auto", "shadow"] = DEFAULTS.mode
    """`shadow`: everything is allowed, and documents say what a breaker would do."""
    consecutive: Annotated[int, Field(ge=1, le=100)] = DEFAULTS.consecutive
    """So many probes in a row that fail open it; of what the server says itself two are enough."""
    trials: Annotated[int, Field(ge=1, le=100)] = DEFAULTS.trials
    """So many probes in a row that succeed close it."""
    window: Annotated[Seconds, Field(ge=1.0, le=300.0)] = DEFAULTS.window
    """Reports of applications count for so long."""
    min_failures: Annotated[int, Field(ge=1)] = DEFAULTS.min_failures
    """So many calls at least have to fail, by reports within the window."""
    failure_ratio: Ratio = DEFAULTS.failure_ratio
    """So much of the calls has to fail, by reports."""
    reporters: Annotated[int, Field(ge=1, le=1000)] = DEFAULTS.reporters
    """So many reporters have to see it; fewer where there are fewer."""
    slow_factor: Annotated[float, Field(ge=1.0)] = DEFAULTS.slow_factor
    """Slow is what takes so many times as long as usual, and …"""
    slow_duration: Seconds = DEFAULTS.slow_duration
    """… at least so long."""
    slow_ratio: Ratio = DEFAULTS.slow_ratio
    """So much of the last ten tries has to be slow."""
    slow_opens: bool = DEFAULTS.slow_opens
    """Open what has become slow; otherwise half of the calls may go."""
    open_for: Seconds = DEFAULTS.open_for
    """A breaker that reopens within a minute stays open for so long at least, then for twice as long …"""
    max_open: Seconds = DEFAULTS.max_open
    """… up to this."""
    open_on_maintenance: bool = DEFAULTS.open_on_maintenance
    """Open while the provider maintains the target, as far as it announces that."""
    unknown: Literal["allow", "deny"] = DEFAULTS.unknown
    """The advice while nothing is known."""

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.max_open < self.open_for:
            raise ValueError("max_open is less than open_for")
        return self

    def thresholds(self) -> Thresholds:
        """The same as a value."""
        return Thresholds(**{name: getattr(self, name) for name in type(self).model_fields})
