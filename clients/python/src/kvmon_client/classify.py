"""What an exception of a Redis or Valkey client says about the server: the classes that kvmon's own probes use."""

from __future__ import annotations

import socket
import ssl

FIRST_WORDS = {
    "OOM": "oom", "READONLY": "readonly", "MISCONF": "misconf", "NOREPLICAS": "noreplicas", "CLUSTERDOWN": "clusterdown",
    "LOADING": "loading", "MASTERDOWN": "masterdown", "BUSY": "busy", "NOAUTH": "auth", "WRONGPASS": "auth",
}  # fmt: skip
"""Of error replies; any other reply is the caller's own mistake and says nothing about the server."""

BY_NAME = {
    "OutOfMemoryError": "oom", "ReadOnlyError": "readonly", "ClusterDownError": "clusterdown", "MasterDownError": "masterdown",
    "BusyLoadingError": "loading", "AuthenticationError": "auth", "AuthenticationWrongNumberOfArgsError": "auth",
    "TimeoutError": "timeout", "ConnectionError": "closed", "ClosingError": "closed",
}  # fmt: skip
"""Exceptions of redis-py, valkey-py and valkey-glide by name: none of them is imported here."""

CLIENTS = ("redis", "valkey", "glide", "coredis")


def outcome_of(error: BaseException) -> str | None:
    """The class of the failure, None where it says nothing about the server (the caller's bugs, cancellation)."""
    try:
        return _outcome(error)
    except Exception:  # noqa: BLE001 - an exception whose text cannot be made must not hide itself
        return None


def _outcome(error: BaseException) -> str | None:
    if isinstance(error, TimeoutError):
        return "timeout"
    if _of_client(error):
        return _client(error)
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, ssl.SSLError):
        return "tls"
    if isinstance(error, socket.gaierror):
        return "dns"
    return "closed" if isinstance(error, (ConnectionError, EOFError)) else None


def _client(error: BaseException) -> str | None:
    names = [kind.__name__ for kind in type(error).__mro__ if _is_of_client(kind)]
    if "MaxConnectionsError" in names:
        return None  # the application's own pool is empty
    if "max number of clients" in str(error):
        return "maxclients"
    word = FIRST_WORDS.get(str(error).partition(" ")[0].rstrip(":"))
    if word is not None:
        return word
    name = next((BY_NAME[name] for name in names if name in BY_NAME), None)
    if name == "closed" and (deeper := _cause(error)) is not None:
        return deeper
    return name


def _cause(error: BaseException) -> str | None:
    """A client that could not connect tells why in the exception below its own."""
    below = error.__cause__ or error.__context__
    return _outcome(below) if isinstance(below, OSError) and not _of_client(below) else None


def _of_client(error: BaseException) -> bool:
    return any(_is_of_client(kind) for kind in type(error).__mro__)


def _is_of_client(kind: type) -> bool:
    return kind.__module__.partition(".")[0] in CLIENTS
