"""The door: where HTTP is served, and with which certificate."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog
from aiohttp import web

from kvmon.config import Web
from kvmon.daemon.door_tls import DoorTls, door_tls
from kvmon.errors import ConfigError
from kvmon.tell.server.app import make_app, make_runner
from kvmon.tell.server.view import View

log = structlog.get_logger("kvmon")

GRACE = 1.0
"""Seconds that open requests have to end once we were told to stop."""


class Door:
    """Serves what the view has at `listen` (`HOST:PORT`); its certificate may change while it is open."""

    def __init__(self, view: View, listen: str) -> None:
        self._runner = make_runner(make_app(view))
        self._listen = listen
        self._tls: DoorTls | None = None

    async def open(self, options: Web) -> str:
        """Listen; the `host:port` by which this machine reaches it. Raises ConfigError: a port in use, a wrong certificate."""
        await self._runner.setup()
        host, _, port = self._listen.rpartition(":")
        self._tls = door_tls(options)
        context = self._tls.context if self._tls is not None else None
        try:
            await web.TCPSite(self._runner, host.strip("[]") or None, int(port), ssl_context=context).start()
        except OSError as error:
            why = error.strerror or str(error)
            raise ConfigError(
                f"cannot listen on {self._listen}: {why}",
                hint="another program has the port, or the address is not this machine's: choose another with --listen HOST:PORT",
            ) from None
        (address, *_) = self._runner.addresses
        bound = address if isinstance(address, str) else f"{address[0]}:{address[1]}"
        return bound if not bound.startswith(("0.0.0.0:", ":::")) else f"127.0.0.1:{bound.rpartition(':')[2]}"

    def renew(self, wanted: Web) -> None:
        """Serve with this certificate. Raises ConfigError where it cannot be used: the old one stays then."""
        if (wanted.cert is None) != (self._tls is None):
            log.warning("a changed option needs a restart", option="web.config_file: tls_server_config")
        elif self._tls is not None:
            self._tls.renew(wanted)

    async def close(self) -> None:
        """End, whatever is still asked."""
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                await self._runner.cleanup()
