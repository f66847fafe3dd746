"""How to trust a server and be trusted: an ssl context of a target's Tls, built again when a file of it changes."""

from __future__ import annotations

import os
import ssl
from functools import lru_cache

from kvmon.errors import TlsFailed
from kvmon.model.targets.target import Tls

_Stamps = tuple[tuple[int, int, int], ...]


def context_of(tls: Tls) -> ssl.SSLContext:
    """The context; raises TlsFailed where a file cannot be read or is no certificate or key."""
    try:
        return _build(tls, _stamps(tls))
    except ssl.SSLError as error:
        files = ", ".join(path for path in (tls.ca, tls.cert, tls.key) if path)
        raise TlsFailed("tls", f"cannot use {files}: {error.reason or error}: check that they are matching PEM files") from error
    except OSError as error:
        name = error.filename or tls.ca or tls.cert
        raise TlsFailed("tls", f"cannot read {name}: {error.strerror}: check path and permissions") from error


def _stamps(tls: Tls) -> _Stamps:
    found = [os.stat(path) for path in (tls.ca, tls.cert, tls.key) if path]  # noqa: PTH116 - through links
    return tuple((stat.st_mtime_ns, stat.st_ino, stat.st_size) for stat in found)


@lru_cache(maxsize=256)
def _build(tls: Tls, _: _Stamps) -> ssl.SSLContext:
    # Cached: the system's authorities alone take several milliseconds to load.
    context = ssl.create_default_context(cafile=tls.ca)
    if tls.verify != "full":
        context.check_hostname = False
    if tls.verify == "none":
        context.verify_mode = ssl.CERT_NONE
    if tls.cert:
        context.load_cert_chain(tls.cert, tls.key)
    return context
