"""Polling one node: the due collectors in lockstep over one connection, and what came of it as a Snapshot."""

from __future__ import annotations

from kvmon.watch.poller.link import Link
from kvmon.watch.poller.node import NodePoller

__all__ = ["Link", "NodePoller"]
