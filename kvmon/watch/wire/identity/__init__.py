"""Passwords that are tokens: fetched from an identity provider, and fetched again before they end."""

from __future__ import annotations

from kvmon.watch.wire.identity.sources import source_of
from kvmon.watch.wire.identity.token import Token, TokenSource

__all__ = ["Token", "TokenSource", "source_of"]
