"""The only sockets to backends, and the only code that knows redis-py: connect, ask a pipeline, get replies or a TargetError."""

from __future__ import annotations

from kvmon.watch.wire.connection import Connection
from kvmon.watch.wire.credentials import CredentialSource
from kvmon.watch.wire.simulated import SimulatedConnection

__all__ = ["Connection", "CredentialSource", "SimulatedConnection"]
