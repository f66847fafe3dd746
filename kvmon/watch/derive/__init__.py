"""What operators ask for, worked out from INFO: ratios, rates, limits, forecasts. Pure; absent rather than wrong."""

from __future__ import annotations

from kvmon.watch.derive.derivation import Configured, State, derive, first_state
from kvmon.watch.derive.own import NOTHING, OwnTraffic

__all__ = ["NOTHING", "Configured", "OwnTraffic", "State", "derive", "first_state"]
