"""The source of each identity: shared by all connections that use it."""

from __future__ import annotations

from functools import lru_cache

from kvmon.clock import SystemClock
from kvmon.model.targets.target import Auth
from kvmon.watch.wire.identity.token import Fetch, TokenSource


@lru_cache(maxsize=4096)
def source_of(auth: Auth) -> TokenSource:
    """The one source of this identity. The library it needs is imported at the first fetch."""
    return TokenSource(_fetch(auth), clock=SystemClock())


def _fetch(auth: Auth) -> Fetch:
    if auth.kind == "entra":
        from kvmon.watch.wire.identity.entra import Entra

        return Entra(auth).fetch
    from kvmon.watch.wire.identity.aws import Aws

    return Aws(auth).fetch
