"""What can be asked of a node, and in words why something cannot."""

from __future__ import annotations

from typing import Any, Protocol

from kvmon.model.snapshot import Capability
from kvmon.model.targets.providers import Provider
from kvmon.watch.collectors.base import Collector
from kvmon.watch.collectors.refusals import Refusals
from kvmon.watch.collectors.server import Server


class Asked(Protocol):
    """What is known of a collector that was asked: the reason for which it is `off`, and the server's words for it."""

    off: str
    why: str
    memory: Any


def capability(collector: Collector, server: Server, provider: Provider, asked: Asked) -> Capability:
    """What a collector comes to on a server of this provider."""
    name = collector.name
    if name in provider.withholds:
        return Capability(name, "withheld", f"not available on {provider.title}")
    if not collector.needs(server):
        return Capability(name, "unneeded", f"{server.software} {_version(server)} in {server.mode} mode has nothing of the kind")
    if asked.off:
        return Capability(name, "refused", _refused(asked.off, asked.why, provider))
    refusals = getattr(asked.memory, "refusals", None)
    without = tuple(refusals.rests) if isinstance(refusals, Refusals) else ()
    why = f"without {', '.join(without)}: {_place(provider)}" if without else ""
    return Capability(name, "works", why, without)


def _refused(reason: str, words: str, provider: Provider) -> str:
    if reason == "noperm" and not provider.managed:
        return f"the user may not ({words}): `kvmon acl` prints the rights it needs"
    if reason == "unknown_command" or provider.managed:
        return f"{_place(provider)} ({words})"
    return words


def _place(provider: Provider) -> str:
    return f"not available on {provider.title}" if provider.managed else "the server does not have it, or it was renamed"


def _version(server: Server) -> str:
    return ".".join(str(number) for number in server.version)
