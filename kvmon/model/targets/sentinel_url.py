"""URLs that name Sentinels and the service they know: `redis+sentinel://host,host:port/service`."""

from __future__ import annotations

from urllib.parse import unquote

from kvmon.model.targets.address import Address, BackendUrl, parse_address, split_credentials

SCHEMES = {"redis+sentinel": False, "rediss+sentinel": True, "valkey+sentinel": False, "valkeys+sentinel": True}
"""Schemes and whether they mean TLS."""

DEFAULT_PORT = 26379


def parse_sentinel_url(text: str) -> BackendUrl:
    """Read it; raises ValueError with a sentence that holds no secret. User and password are those of the service's nodes."""
    scheme, _, rest = text.strip().partition("://")
    scheme = scheme.lower()
    username, password, place = split_credentials(rest)
    places, _, service = place.partition("?")[0].partition("/")
    service = unquote(service)
    if not service:
        raise ValueError(f"it names no service: write {scheme}://host:26379/SERVICE, as sentinel.conf calls it")
    if "/" in service or any(not letter.isprintable() or letter.isspace() for letter in service):
        raise ValueError("what follows its hosts is no name of a service")
    addresses = [_address(one) for one in places.split(",")]
    if len(set(addresses)) < len(addresses):
        raise ValueError("one of its hosts stands there twice")
    return BackendUrl(scheme, addresses[0], SCHEMES[scheme], username, password, others=tuple(addresses[1:]), service=service)


def _address(place: str) -> Address:
    found = parse_address(place)
    if place.endswith("]") or ":" not in place:
        return Address(found.host, DEFAULT_PORT)
    return found
