"""Asking URLs that name targets: http_sd, and the API of Kubernetes."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import aiohttp

from kvmon.config.discovery.documents import parse
from kvmon.config.discovery.sources import HttpSource, shown_url
from kvmon.config.files import beside, read_text
from kvmon.config.trust import TlsOptions, tls_of
from kvmon.daemon.documents import Shelf
from kvmon.errors import TlsFailed
from kvmon.watch.wire.tls import context_of

LARGEST = 16 * 1024 * 1024
"""Bytes of an answer at most."""


async def ask_http(source: HttpSource, base: str, shelf: Shelf) -> NoReturn:
    """Ask the URL for ever."""
    name = shown_url(source.url)
    while True:
        try:
            shelf.put(name, parse(await _get(source, base)))
        except ValueError as error:
            shelf.fail(name, str(error))
        await asyncio.sleep(source.refresh_interval)


async def _get(source: HttpSource, base: str) -> str:
    """The body; raises ValueError with a sentence that holds no secret."""
    headers = {"Accept": "application/json", "X-Prometheus-Refresh-Interval-Seconds": f"{source.refresh_interval:g}"}
    who = _authorization(source, base)
    if who:
        headers["Authorization"] = who
    trust, name = trusted(source.tls, base)
    timeout = aiohttp.ClientTimeout(total=source.timeout)
    with complaints(source.timeout):
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
            # Not elsewhere: the password is for this host.
            session.get(source.url, ssl=trust, server_hostname=name, allow_redirects=False) as answer,
        ):
            if answer.status != 200:
                raise ValueError(f"the answer has status {answer.status}")
            return (await body_of(answer)).decode()


def _authorization(source: HttpSource, base: str) -> str:
    def secret(kind: str) -> str:
        given, file = getattr(source, kind), getattr(source, f"{kind}_file")
        if file is not None:
            return read_text(beside(file, base)).strip()
        return str(given.get_secret_value()) if given is not None else ""

    if source.username is not None:
        return "Basic " + b64encode(f"{source.username}:{secret('password')}".encode()).decode()
    token = secret("token")
    return f"Bearer {token}" if token else ""


def trusted(tls: TlsOptions | None, base: str) -> tuple[ssl.SSLContext | bool, str | None]:
    """How the server is trusted, and under which name where that is not the URL's; raises ValueError."""
    if tls is None:
        return True, None
    try:
        return context_of(tls_of(tls, base)), tls.server_name
    except TlsFailed as error:
        raise ValueError(str(error)) from None


async def body_of(answer: aiohttp.ClientResponse) -> bytes:
    """The body, within bounds; raises ValueError."""
    body = bytearray()
    async for piece in answer.content.iter_chunked(1 << 16):
        body += piece
        if len(body) > LARGEST:
            raise ValueError("the answer is larger than 16 MiB")
    return bytes(body)


@contextmanager
def complaints(timeout: float) -> Iterator[None]:
    """What goes wrong on the way becomes a ValueError with a sentence that holds no secret. `timeout` in seconds."""
    try:
        yield
    except TimeoutError:
        raise ValueError(f"no answer within {timeout:g} s") from None
    except UnicodeDecodeError:
        raise ValueError("the answer is not UTF-8 text") from None
    except aiohttp.ClientConnectorError as error:  # says host, port and why, not the URL
        raise ValueError(f"it cannot be asked: {error}") from None
    except (aiohttp.ClientError, OSError) as error:
        raise ValueError(f"it cannot be asked: {type(error).__name__}") from None
