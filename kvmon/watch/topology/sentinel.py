"""SENTINEL MASTER, REPLICAS and SENTINELS: the nodes of a service as one of its Sentinels sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kvmon.model.conversation import Answer, Conversation, Malformed, Refusal, Reply
from kvmon.model.targets.address import Address
from kvmon.watch.collectors.shapes import array, table

NODES = 1_000
"""More replicas or Sentinels than this are not looked at."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A node as announced; `flags` are the Sentinel's words for it: master, slave, s_down, o_down and others."""

    address: Address
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """What a Sentinel knows of a service. `sentinels` are its peers, without itself; `epoch` counts failovers."""

    primary: Seen
    epoch: int
    replicas: tuple[Seen, ...]
    sentinels: tuple[Seen, ...]

    @property
    def all(self) -> tuple[Seen, ...]:
        """Every node it names."""
        return (self.primary, *self.replicas, *self.sentinels)


def ask(service: str) -> Conversation[Service]:
    """One round trip. Raises Unsupported where the Sentinel refuses or knows no such service, Malformed for strange replies."""
    master, replicas, sentinels = yield [("SENTINEL", word, service) for word in ("MASTER", "SLAVES", "SENTINELS")]
    fields = _fields("SENTINEL MASTER", master)
    primary = _seen("SENTINEL MASTER", fields)
    epoch = fields.get("config-epoch", "")
    found = Service(
        primary,
        int(epoch) if epoch.isascii() and epoch.isdigit() and len(epoch) < 20 else 0,
        _all("SENTINEL SLAVES", replicas),
        # A user may be allowed to ask for the service and not for the others.
        () if isinstance(sentinels, Refusal) else _all("SENTINEL SENTINELS", sentinels),
    )
    return Answer((), found)


def primary_named(facts: Mapping[str, str], service: str) -> str:
    """The address that a Sentinel's INFO gives for the service; empty where it gives none."""
    for number in range(NODES):
        line = facts.get(f"master{number}")
        if line is None:
            return ""
        parts = dict(part.partition("=")[::2] for part in line.split(","))
        if parts.get("name") == service:
            return parts.get("address", "")
    return ""


def _all(command: str, reply: Reply) -> tuple[Seen, ...]:
    return tuple(_seen(command, _fields(command, item)) for item in array(command, reply)[:NODES])


def _fields(command: str, item: Reply) -> dict[str, str]:
    pairs = table(command, item).items()
    return {name: value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for name, value in pairs}


def _seen(command: str, fields: Mapping[str, str]) -> Seen:
    host, port = fields.get("ip", ""), fields.get("port", "")
    if not (port.isascii() and port.isdigit()) or len(port) > 5:
        raise Malformed(f"{command}: a node without a port")
    return Seen(Address(host, int(port)), tuple(filter(None, fields.get("flags", "").split(","))))
