"""Where a node listens, and URLs parsed tolerantly: the last `@` ends the credentials."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

SCHEMES = {
    "redis": False, "rediss": True, "valkey": False, "valkeys": True, "unix": False,
}  # fmt: skip
"""Schemes and whether they mean TLS."""

DEFAULT_PORT = 6379


@dataclass(frozen=True, slots=True)
class Address:
    """`host` and `port` of a node, or the `path` of its unix socket."""

    host: str = ""
    port: int = DEFAULT_PORT
    path: str = ""

    def __str__(self) -> str:
        """`host:port`, `[v6]:port` or the socket's path: the value of the label `instance`."""
        if self.path:
            return self.path
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class BackendUrl:
    """What a URL says. `password` is None where it says none; an empty user is None too. `db` is told, never selected.

    `port_given`: whether the port stands there, or is the usual one.
    With a `service` the addresses, `address` and `others`, are Sentinels that know its nodes, and the credentials are for these.
    """

    scheme: str
    address: Address
    tls: bool
    username: str | None = None
    password: str | None = None
    db: int = 0
    port_given: bool = True
    others: tuple[Address, ...] = ()
    service: str = ""

    @property
    def plain(self) -> str:
        """The URL without user and password."""
        places = ",".join(map(str, (self.address, *self.others)))
        return f"{self.scheme}://{places}" + (f"/{self.service}" if self.service else "")

    def __repr__(self) -> str:
        return f"BackendUrl({self.plain})"  # never the credentials


def parse_url(text: str) -> BackendUrl:
    """Read `redis[s]://`, `valkey[s]://` and `unix://` URLs; raises ValueError with a sentence that holds no secret.

    The last `@` ends the credentials, so that access keys with `/`, `+`, `=`, `#` and `@` may stand unescaped; a `%XX` in a
    password is decoded only where the whole password reads as percent-encoded (`%` always followed by two hex digits).
    A text without `://` is `host[:port]`.
    """
    scheme, found, rest = text.strip().partition("://")
    if not found:
        scheme, rest = "redis", scheme
    scheme = scheme.lower()
    if scheme not in SCHEMES:
        raise ValueError(f"unknown scheme {scheme!r}: use one of {', '.join(f'{name}://' for name in SCHEMES)}")
    username, password, place = split_credentials(rest)
    if scheme == "unix":
        return _unix(place, username, password)
    place, _, query = place.partition("?")
    place, _, path = place.partition("/")
    given = place.rpartition("]")[2].count(":") == 1
    return BackendUrl(scheme, _address(place), SCHEMES[scheme], username, password, _db(path, query), given)


def split_credentials(text: str) -> tuple[str | None, str | None, str]:
    """User, password, and what follows the last `@` of what stands behind a URL's scheme."""
    credentials, at, place = text.rpartition("@")
    return (*(_credentials(credentials) if at else (None, None)), place)


def _credentials(text: str) -> tuple[str | None, str | None]:
    username, colon, password = text.partition(":")
    return _decoded(username) or None, _decoded(password) if colon else None


def _decoded(text: str) -> str:
    escapes = text.split("%")[1:]
    if escapes and all(len(part) >= 2 and _is_hex(part[:2]) for part in escapes):
        return unquote(text)
    return text


def _is_hex(text: str) -> bool:
    return all(letter in "0123456789abcdefABCDEF" for letter in text)


def _unix(place: str, username: str | None, password: str | None) -> BackendUrl:
    path, _, query = place.partition("?")
    if not path.startswith("/"):
        raise ValueError("a unix URL needs an absolute path: unix:///run/valkey.sock")
    return BackendUrl("unix", Address(path=path), tls=False, username=username, password=password, db=_db("", query))


def parse_address(text: str) -> Address:
    """`host`, `host:port` or `[v6]:port`; raises ValueError."""
    return _address(text)


def _address(place: str) -> Address:
    if place.startswith("["):
        host, bracket, port = place[1:].partition("]")
        if not bracket or (port and not port.startswith(":")):
            raise ValueError("an IPv6 address stands in brackets: [::1]:6379")
        return Address(host, _port(port[1:]) if port else DEFAULT_PORT)
    host, colon, port = place.partition(":")
    if ":" in port:
        raise ValueError("an IPv6 address stands in brackets: [::1]:6379")
    if not host:
        raise ValueError("it names no host")
    if any(letter.isspace() or letter in "/@#\"'<>\\" for letter in host):
        raise ValueError("its host has a character that no host name has")
    return Address(host, _port(port) if colon else DEFAULT_PORT)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not 0 < int(text) < 65_536:
        raise ValueError("its port is no number from 1 to 65535")
    return int(text)


def _db(path: str, query: str) -> int:
    text = path or parse_qs(query).get("db", ["0"])[0]
    if not (text.isascii() and text.isdigit()):
        raise ValueError("what follows the port is no database number")
    return int(text)
