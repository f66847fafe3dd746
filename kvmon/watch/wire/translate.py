"""What operating system, TLS and server say, as kvmon's errors; anything else is a bug and stays what it is."""

from __future__ import annotations

import socket
import ssl

from kvmon.errors import ConnectionLost, Denied, TargetError, Timeout, TlsFailed, Unreachable
from kvmon.model.conversation import Refusal
from kvmon.model.targets.target import Node

_Row = tuple[type[Exception], type[TargetError], str, str]

_CONNECTING: tuple[_Row, ...] = (
    (socket.gaierror, Unreachable, "dns", "the name {host} cannot be resolved ({why}): check it and the resolver"),
    # How the codec for names refuses a label that is empty or too long.
    (UnicodeError, Unreachable, "dns", "{host} is no host name"),
    (ssl.SSLError, TlsFailed, "tls", "TLS failed: {why}: check tls.ca, tls.server_name and that this port speaks TLS"),
    (TimeoutError, Unreachable, "timeout", "no connection within {timeout:g} s: check firewall and address"),
    (ConnectionRefusedError, Unreachable, "refused", "nothing listens there: check address and that the server runs"),
    (FileNotFoundError, Unreachable, "refused", "there is no such socket: check path and that the server runs"),
    (OSError, Unreachable, "unreachable", "cannot connect: {why}: check address and network"),
)
_ASKING: tuple[_Row, ...] = (
    (TimeoutError, Timeout, "timeout", "no whole answer within {timeout:g} s: the server or the network hangs"),
    (OSError, ConnectionLost, "closed", "the connection broke: {why}"),
)
_SHAKING: tuple[_Row, ...] = (
    (ConnectionResetError, TlsFailed, "tls", "closed during the TLS handshake: check that this port speaks TLS"),
    (TimeoutError, Unreachable, "timeout", "no connection within {timeout:g} s: check firewall and that this port speaks TLS"),
)
"""For targets with TLS, before the others."""


def connecting(node: Node, error: Exception, seconds: float) -> TargetError | None:
    """The error of a connection that did not come about within `seconds`; None for a bug."""
    return _translated(node, error, seconds, _SHAKING + _CONNECTING if node.target.tls else _CONNECTING)


def asking(node: Node, error: Exception, seconds: float) -> TargetError | None:
    """The error of a connection in use; None for a bug."""
    return _translated(node, error, seconds, _ASKING)


def refused(refusal: Refusal) -> Denied | None:
    """The error of a first answer that denies the connection as a whole; None where the server goes on talking."""
    lowered = refusal.text.lower()
    if "max number of clients" in lowered:
        return Denied("maxclients", "the server has as many clients as maxclients allows: raise it or close some")
    if "protected mode" in lowered:
        return Denied("protected", "the server is in protected mode: give it a password, or configure bind and protected-mode")
    if refusal.code == "NOAUTH":
        return Denied("auth", "the server wants a password: set password or password_file")
    return None


def _translated(node: Node, error: Exception, seconds: float, rows: tuple[_Row, ...]) -> TargetError | None:
    if isinstance(error, TargetError):
        return type(error)(error.reason, f"{node}: {error}")
    for kind, made, reason, text in rows:
        if isinstance(error, kind):
            message = text.format(host=node.address.host, timeout=seconds, why=_why(error))
            return made(reason, f"{node}: {message}")
    return None


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError):
        return error.reason or "unknown"
    return getattr(error, "strerror", None) or type(error).__name__
