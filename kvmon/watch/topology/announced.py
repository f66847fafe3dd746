"""From the address that a server announces to the one that it is asked at."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address

from kvmon.model.targets.address import Address, parse_address


def reachable(announced: Address, asked: Address, address_map: Mapping[str, str]) -> Address | None:
    """Where to ask a node that the node at `asked` announced; None where nobody should be asked.

    `address_map` leads from `host:port`, or from a host alone (the port stays), to the address that counts from here. An address
    that means this machine, or only this network segment, is believed only to a node that is asked on this machine itself:
    otherwise a server elsewhere could have the target's password sent to whatever listens here.
    """
    mapped = address_map.get(str(announced))
    if mapped is not None:
        return parse_address(mapped)
    host = address_map.get(announced.host)
    if host is not None:
        return Address(host, announced.port)
    if not announced.host or not 0 < announced.port < 65_536:
        return None
    if any(letter.isspace() or letter in "/@#\"'<>\\?," or not letter.isprintable() for letter in announced.host):
        return None
    return announced if not _special(announced.host) or (_local(asked) and _loopback(announced.host)) else None


def _local(address: Address) -> bool:
    return bool(address.path) or _loopback(address.host)


def _loopback(host: str) -> bool:
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _special(host: str) -> bool:
    """Loopback, link-local (metadata services live there), multicast, or no address at all."""
    if _loopback(host):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_link_local or address.is_multicast or address.is_unspecified
