"""Who may ask (users) and who may change something (tokens, else the same machine)."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import secrets
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from kvmon.tell.server.keys import VIEW
from kvmon.tell.server.problems import Problem

OPEN = frozenset({"/livez", "/readyz", "/startupz"})
"""Answered without authentication: an orchestrator asks them."""

REMEMBERED = 256
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="kvmon", charset="UTF-8"'}


def users() -> Middleware:
    """Basic authentication. A bcrypt check takes a tenth of a second: it runs beside the loop, and a success is remembered."""
    salt = secrets.token_bytes(32)
    known: set[bytes] = set()

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        hashes = request.app[VIEW].options.users
        if not hashes or request.path in OPEN or _has_token(request):
            return await handler(request)
        name, password = _basic(request.headers.get("Authorization", ""))
        stored = hashes[name].get_secret_value() if name in hashes else _NOBODY
        mark = hmac.digest(salt, f"{name}\0{password}\0{stored}".encode(), hashlib.sha256)
        if mark not in known:
            if not await asyncio.to_thread(_matches, password, stored) or name not in hashes:
                raise Problem(HTTPStatus.UNAUTHORIZED, "A user and a password are needed.", _CHALLENGE)
            if len(known) >= REMEMBERED:
                known.clear()
            known.add(mark)
        return await handler(request)

    return check


_NOBODY = "$2b$10$vtWwVSX97Ap8U6oXGOvAnOGDZ6cNZSkXZVIbrPNyd31k4eZ5p2CWS"  # as slow as a real one, so that names do not show


def _basic(header: str) -> tuple[str, str]:
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, password = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, password


def _matches(password: str, stored: str) -> bool:
    import bcrypt

    try:
        return bcrypt.checkpw(password.encode()[:72], stored.encode())
    except ValueError:
        return False


def _has_token(request: web.Request) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    tokens = request.app[VIEW].options.tokens
    return scheme.lower() == "bearer" and any(
        hmac.compare_digest(given.strip().encode(), token.get_secret_value().encode()) for token in tokens
    )


def must_be_allowed_to_change(request: web.Request) -> None:
    """Raises Problem unless the request comes with a token, or, where there are no tokens, from the same machine.

    A page of another origin is refused in any case, and so is a name that someone let point at this machine.
    """
    origin = request.headers.get("Origin")
    if (origin is not None and urlsplit(origin).netloc != request.host) or (
        request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")
    ):
        raise Problem(HTTPStatus.FORBIDDEN, "A page of another origin may not change anything here.")
    if _has_token(request):
        return
    if request.app[VIEW].options.tokens:
        raise Problem(HTTPStatus.UNAUTHORIZED, "A token is needed: Authorization: Bearer …", {"WWW-Authenticate": "Bearer"})
    if not (_is_loopback(request.remote or "") and _is_loopback(urlsplit(f"//{request.host}").hostname or "")):
        raise Problem(HTTPStatus.FORBIDDEN, "Without web.tokens only the same machine may change something.")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
