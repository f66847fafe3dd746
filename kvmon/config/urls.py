"""URLs of backends as a configuration gives them."""

from __future__ import annotations

import re

from kvmon.model.targets.address import SCHEMES, Address, BackendUrl, parse_url
from kvmon.model.targets.sentinel_url import SCHEMES as SENTINEL_SCHEMES
from kvmon.model.targets.sentinel_url import parse_sentinel_url

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,20}")


def read_url(value: object) -> BackendUrl:
    """The parsed URL; raises ValueError with a sentence that never holds a part of the credentials."""
    if isinstance(value, BackendUrl):
        return value
    if not isinstance(value, str):
        raise ValueError("it has to be text, such as redis://host:6379")  # noqa: TRY004 - pydantic collects ValueErrors
    text = value.strip()
    if not text:
        raise ValueError("it is empty: write scheme://host:port, such as redis://host:6379")
    scheme, found, _ = text.partition("://")
    if found and not _SCHEME.fullmatch(scheme):
        # What stands before `://` may be a password; it is not repeated.
        raise ValueError(f"it does not begin with one of {', '.join(f'{name}://' for name in SCHEMES)}")
    url = parse_sentinel_url(text) if scheme.lower() in SENTINEL_SCHEMES else parse_url(text)
    if not (url.address.host or url.address.path):
        raise ValueError("it names no host")
    return url


def shown(url: BackendUrl) -> str:
    """The URL without user and password."""
    return url.plain


def read_listen(value: object) -> str:
    """`HOST:PORT`, with `:PORT` for every interface, as `host:port`; raises ValueError."""
    if not isinstance(value, str):
        raise ValueError("it has to be HOST:PORT, such as 127.0.0.1:9121")  # noqa: TRY004 - pydantic collects ValueErrors
    host, colon, port = value.strip().rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()) or not 0 <= int(port) < 65_536:
        raise ValueError(f"{value!r} is not HOST:PORT, such as 127.0.0.1:9121")
    bare = host.removeprefix("[").removesuffix("]")
    if (":" in bare) != host.startswith("[") or any(letter.isspace() or letter in "/@" for letter in bare):
        raise ValueError(f"{value!r} is not HOST:PORT (an IPv6 address stands in brackets: [::1]:9121)")
    return str(Address(bare or "0.0.0.0", int(port)))  # noqa: S104 - `:9121` is how redis_exporter says every interface
