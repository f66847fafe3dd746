"""Rows of the server itself: identity, uptime, its event loop."""

from __future__ import annotations

from kvmon.model.metrics.spec import Spec

ROWS: tuple[Spec, ...] = ()
