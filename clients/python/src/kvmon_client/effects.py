"""What a conversation with the daemon asks its driver to do. A conversation is a generator that yields these.

The driver (`threads.py`, `tasks.py`) sends back what came of it, or throws the OSError that did. So one text holds the protocol
for threads and for tasks, and tests drive it without either.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from ssl import SSLContext, create_default_context
from typing import Any

PIECE = 1 << 16
"""Bytes that a driver receives at once, at most."""


@dataclass(frozen=True, slots=True)
class Open:
    """Connect, ending the connection before it if there is one. `within` in seconds, also below."""

    host: str
    port: int
    tls: bool
    within: float


@dataclass(frozen=True, slots=True)
class Send:
    """Send all of it."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Receive:
    """Comes back with bytes, none at the end of the connection; TimeoutError where nothing came."""

    within: float


@dataclass(frozen=True, slots=True)
class Close:
    """End the connection if there is one."""


@dataclass(frozen=True, slots=True)
class Load:
    """Comes back with the bytes of a file."""

    path: Path


@dataclass(frozen=True, slots=True)
class Rest:
    """Do nothing for so many seconds."""

    seconds: float


Effect = Open | Send | Receive | Close | Load | Rest
Conversation = Generator[Effect, Any, Any]


@cache
def trusted() -> SSLContext:
    """The system's authorities, for drivers that were given none; loading them takes a while, so once."""
    return create_default_context()
