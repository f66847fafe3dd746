"""What addresses mean that a target does not listen at: this machine, its network segment, what a cloud tells its machines."""

from __future__ import annotations

import re
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_METADATA = frozenset(map(ip_address, ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254")))
"""Where clouds hand out credentials, and that is not link-local: Alibaba, Azure, Oracle, AWS."""

_NAT64 = IPv6Network("64:ff9b::/96")
_OLD_FORM = re.compile(r"[0-9][0-9a-fA-FxX.]*")


def is_loopback(host: str) -> bool:
    """Whether the address, or `localhost`, is this machine."""
    if host.lower().rstrip(".") == "localhost":
        return True
    address = _read(host)
    return address is not None and address.is_loopback


def is_off_limits(host: str) -> bool:
    """Whether nothing of ours can be there: link-local (metadata services), multicast, or no address at all."""
    address = _read(host)
    if address is None:
        return False
    return address.is_link_local or address.is_multicast or address.is_unspecified or address in _METADATA


def _read(host: str) -> IPv4Address | IPv6Address | None:
    """The address that is meant in the end; None for a name."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        if not _OLD_FORM.fullmatch(host):
            return None
        try:
            address = IPv4Address(socket.inet_aton(host))  # 127.1 and 0x7f000001 are understood by resolvers
        except OSError:
            return None
    if isinstance(address, IPv6Address):
        inside = IPv4Address(int(address) & 0xFFFF_FFFF) if address in _NAT64 else None
        return address.ipv4_mapped or address.sixtofour or inside or address
    return address
