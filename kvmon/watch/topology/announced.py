"""From the address that a server announces to the one that it is asked at."""

from __future__ import annotations

from collections.abc import Mapping

from kvmon.model.targets.address import Address, parse_address
from kvmon.model.targets.ranges import is_loopback, is_off_limits


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
    if is_loopback(announced.host):
        return announced if is_local(asked) else None
    return None if is_off_limits(announced.host) else announced


def is_local(address: Address) -> bool:
    """Whether it is on this machine."""
    return bool(address.path) or is_loopback(address.host)
