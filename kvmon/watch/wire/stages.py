"""Connecting step by step, to see which step fails: a TCP connection, a TLS handshake, and what the certificate says."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, replace

from kvmon.errors import TlsFailed
from kvmon.model.targets.target import Tls
from kvmon.watch.wire.tls import context_of

_NO_CHECK_TIME = 0x20_0000
_PARTIAL_CHAIN = 0x8_0000
"""OpenSSL's X509_V_FLAG_*, which the module ssl does not name before Python 3.13."""

_EXPIRED, _EARLY, _NAMES = (10,), (9,), (62, 64)
_CHAIN = (2, 18, 19, 20, 21, 27)
"""OpenSSL's X509_V_ERR_*."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a server showed. `names` it is for, `issuer` in words, `until` wall seconds; `version` and `cipher` of the session."""

    names: tuple[str, ...] = ()
    issuer: str = ""
    until: float = 0.0
    version: str = ""
    cipher: str = ""


@dataclass(frozen=True, slots=True)
class Shake:
    """How a handshake went. `problem`: empty, expired, early, name, chain, plain (no TLS), closed, other; `why` in words."""

    certificate: Certificate | None
    problem: str = ""
    why: str = ""


async def reach(host: str, port: int, timeout: float) -> None:  # noqa: ASYNC109 - a bound of the whole
    """Open a TCP connection and close it. Raises OSError."""
    async with asyncio.timeout(timeout):
        _, writer = await asyncio.open_connection(host, port)
    writer.transport.abort()


async def shake(host: str, port: int, tls: Tls, server_name: str, timeout: float) -> Shake:  # noqa: ASYNC109 - as above
    """Make a TLS handshake as a poll does; where it is refused, find out with whom it was.

    Raises TlsFailed where a file of the configuration cannot be used, OSError where no connection comes about.
    """
    context = context_of(tls)
    try:
        async with asyncio.timeout(timeout):
            return Shake(await _look(host, port, context, server_name))
    except ssl.SSLCertVerificationError as error:
        async with asyncio.timeout(timeout):
            shown = await _shown(host, port, tls, server_name)
        return Shake(shown, _problem(error.verify_code), error.verify_message)
    except ssl.SSLError as error:
        reason = (error.reason or "").replace("_", " ").lower()
        plain = error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG")
        return Shake(None, "plain" if plain else "other", reason or str(error))
    except ConnectionResetError:
        return Shake(None, "closed", "the connection was closed during the handshake")


async def speaks_tls(host: str, port: int, timeout: float) -> bool:  # noqa: ASYNC109 - as above
    """Whether a TLS handshake comes about there, whoever it is with."""
    try:
        return not (await shake(host, port, Tls(verify="none"), host, timeout)).problem
    except (OSError, TlsFailed):
        return False


async def speaks_plainly(host: str, port: int, timeout: float) -> bool:  # noqa: ASYNC109 - as above
    """Whether a PING without TLS is answered there."""
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(b"PING\r\n")
                return (await reader.read(1)) in (b"+", b"-")
            finally:
                writer.transport.abort()
    except OSError:
        return False


async def _shown(host: str, port: int, tls: Tls, server_name: str) -> Certificate | None:
    """What is in a certificate that was not accepted. Python tells it only of one that verifies: it is taken at its own word."""
    raw = await _raw(host, port, context_of(replace(tls, verify="none")), server_name)
    if raw is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME | _PARTIAL_CHAIN)
    context.load_verify_locations(cadata=raw)
    if tls.cert:
        context.load_cert_chain(tls.cert, tls.key)
    try:
        return await _look(host, port, context, server_name)
    except ssl.SSLError:
        return None


async def _look(host: str, port: int, context: ssl.SSLContext, server_name: str) -> Certificate:
    _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=server_name)
    try:
        told = writer.get_extra_info("peercert") or {}
        cipher = writer.get_extra_info("cipher") or ("", "", 0)
        version = writer.get_extra_info("ssl_object").version() or ""
    finally:
        writer.transport.abort()
    names = tuple(str(value) for _, value in told.get("subjectAltName", ()))
    issuer = {key: value for part in told.get("issuer", ()) for key, value in part}
    until = ssl.cert_time_to_seconds(str(told["notAfter"])) if "notAfter" in told else 0.0
    return Certificate(names, str(issuer.get("commonName") or issuer.get("organizationName") or ""), until, version, cipher[0])


async def _raw(host: str, port: int, context: ssl.SSLContext, server_name: str) -> bytes | None:
    _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=server_name)
    try:
        raw: bytes | None = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    finally:
        writer.transport.abort()
    return raw


def _problem(code: int) -> str:
    table = ((_EXPIRED, "expired"), (_EARLY, "early"), (_NAMES, "name"), (_CHAIN, "chain"))
    return next((problem for codes, problem in table if code in codes), "other")
