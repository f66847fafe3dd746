"""Who may ask (users, tokens) and who may change something (tokens, else the same machine)."""

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

from kvmon.tell.server.attempts import Attempts
from kvmon.tell.server.keys import VIEW
from kvmon.tell.server.options import Scope, TokenOptions
from kvmon.tell.server.problems import Problem

OPEN = frozenset({"/livez", "/readyz", "/startupz"})
"""Answered without authentication: an orchestrator asks them."""

REMEMBERED = 256
AT_ONCE = 2
"""Passwords that are checked at the same time: a check takes a tenth of a second of a core."""

_BASIC = {"WWW-Authenticate": 'Basic realm="kvmon", charset="UTF-8"'}
_BEARER = {"WWW-Authenticate": "Bearer"}


def users() -> Middleware:
    """Who a request comes from. A password is checked beside the loop, and a success is remembered; failures slow down."""
    salt = secrets.token_bytes(32)
    known: set[bytes] = set()
    turn = asyncio.Semaphore(AT_ONCE)
    attempts: Attempts | None = None

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        nonlocal attempts
        options = request.app[VIEW].options
        if request.path in OPEN or not (options.users or options.tokens):
            return await handler(request)
        attempts = attempts or Attempts(request.app[VIEW].clock.monotonic)
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        scheme, given = scheme.lower(), given.strip()
        if scheme == "bearer":
            _check_token(request, attempts)
            return await handler(request)
        if not options.users:
            return await handler(request)
        if scheme != "basic":
            raise Problem(HTTPStatus.UNAUTHORIZED, "A user and a password are needed.", _BASIC)
        address, (name, password) = request.remote or "", _basic(given)
        stored = options.users[name].get_secret_value() if name in options.users else _NOBODY
        mark = hmac.digest(salt, f"{name}\0{password}\0{stored}".encode(), hashlib.sha256)
        if mark not in known:
            async with turn:
                attempts.check(address)
                right = await asyncio.to_thread(_matches, password, stored) and name in options.users
                if not right:
                    attempts.failed(address)
                    raise Problem(HTTPStatus.UNAUTHORIZED, "A user and a password are needed.", _BASIC)
            if len(known) >= REMEMBERED:
                known.clear()
            known.add(mark)
        return await handler(request)

    return check


_NOBODY = "$2b$10$vtWwVSX97Ap8U6oXGOvAnOGDZ6cNZSkXZVIbrPNyd31k4eZ5p2CWS"  # as slow as a real one, so that names do not show


def _basic(given: str) -> tuple[str, str]:
    try:
        name, _, password = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, password


def _matches(password: str, stored: str) -> bool:
    import bcrypt

    try:
        return bcrypt.checkpw(password.encode()[:72], stored.encode())
    except ValueError:
        return False


def _token(request: web.Request) -> TokenOptions | None:
    """The configured token that the request comes with; all are compared, so that time does not tell which."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    found = [
        token
        for token in request.app[VIEW].options.tokens
        if hmac.compare_digest(given.strip().encode(), token.token.get_secret_value().encode())
    ]
    return found[0] if found else None


def _needed(request: web.Request) -> Scope:
    # Prometheus' API takes long queries by POST.
    if request.method in ("GET", "HEAD") or request.path.startswith("/api/v1/"):
        return "read"
    return "reports" if request.path == "/v1/reports" else "write"


def _check_token(request: web.Request, attempts: Attempts) -> None:
    """Raises Problem where this token is tried too often, or does not stand for a user where one is needed."""
    options, needed = request.app[VIEW].options, _needed(request)
    if _token(request) is not None:
        if options.users and needed == "read":
            _must_have(request, "read")
        return
    if options.users or needed != "read":  # elsewhere nobody asks for it, so nothing is learned by trying
        attempts.check(request.remote or "")
        attempts.failed(request.remote or "")
    if options.users:
        raise Problem(HTTPStatus.UNAUTHORIZED, "This token is not known here.", _BEARER)


def _must_have(request: web.Request, scope: Scope) -> None:
    token = _token(request)
    if token is not None and scope not in token.scopes:
        raise Problem(HTTPStatus.FORBIDDEN, f"This token is not good for that: it lacks the scope {scope}.")


def must_be_allowed_to_change(request: web.Request) -> None:
    """Raises Problem unless the request comes with a token of the scope, or, where there are no tokens, from the same machine.

    A page of another origin is refused in any case, and so is a name that someone let point at this machine.
    """
    origin = request.headers.get("Origin")
    if (origin is not None and urlsplit(origin).netloc != request.host) or (
        request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")
    ):
        raise Problem(HTTPStatus.FORBIDDEN, "A page of another origin may not change anything here.")
    _must_have(request, _needed(request))
    if _token(request) is not None:
        return
    if request.app[VIEW].options.tokens:
        raise Problem(HTTPStatus.UNAUTHORIZED, "A token is needed: Authorization: Bearer …", _BEARER)
    if not (_is_loopback(request.remote or "") and _is_loopback(urlsplit(f"//{request.host}").hostname or "")):
        raise Problem(HTTPStatus.FORBIDDEN, "Without web.tokens only the same machine may change something.")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
