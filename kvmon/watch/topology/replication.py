"""What INFO says about the other nodes of a primary with replicas."""

from __future__ import annotations

from collections.abc import Mapping

from kvmon.model.targets.address import Address

REPLICAS = 1_000
"""More replicas than this are not looked for."""


def neighbours(facts: Mapping[str, str]) -> tuple[Address, ...]:
    """The node's replicas, and the primary that it follows, as it announces them."""
    found = []
    if facts.get("role") == "slave":
        found.append(_address(facts.get("master_host", ""), facts.get("master_port", "")))
    for number in range(min(_number(facts.get("connected_slaves", "")), REPLICAS)):
        line = facts.get(f"slave{number}")
        if line is not None:
            parts = dict(part.partition("=")[::2] for part in line.split(","))
            found.append(_address(parts.get("ip", ""), parts.get("port", "")))
    return tuple(address for address in found if address is not None)


def _address(host: str, port: str) -> Address | None:
    number = _number(port)
    return Address(host, number) if host and 0 < number < 65_536 else None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
