"""Probes: active checks that use a server as an application would."""

from __future__ import annotations

from kvmon.watch.probes.canary import new_token
from kvmon.watch.probes.cold import ColdProbe
from kvmon.watch.probes.hot import HotProbe
from kvmon.watch.probes.ledger import Ledger

__all__ = ["ColdProbe", "HotProbe", "Ledger", "new_token"]
