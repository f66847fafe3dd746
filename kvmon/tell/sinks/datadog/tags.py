"""Tags: what stands before and after the colon, without what DogStatsD would read as syntax."""

from __future__ import annotations

import re

from kvmon.model.targets.target import Node

LONGEST = 200
"""Characters that Datadog keeps of a tag."""

_SYNTAX = re.compile(r"[^\w\-:/.]")


def tag(name: str, value: str) -> str:
    """`name:value`, harmless."""
    return clean(f"{name}:{value}")


def clean(text: str) -> str:
    """A tag, harmless."""
    return _SYNTAX.sub("_", text)[:LONGEST]


def node_tags(node: Node) -> tuple[str, ...]:
    """What everything about a node carries: the Agent's tags, and kvmon's where its series have labels."""
    address, target = node.address, node.target
    host, port = (address.path, "unix_socket") if address.path else (address.host, str(address.port))
    tags = [tag("redis_host", host), tag("redis_port", port)]
    if not target.bare:
        tags += [tag("target", target.name), tag("provider", target.provider.name)]
    tags += [tag(name, value) for name, value in target.labels.items()]
    return tuple(tags)


def place_tags(instance: str) -> list[str]:
    """The Agent's tags of an instance, given as the label: `host:port` or a path."""
    host, _, port = instance.rpartition(":") if not instance.startswith("/") else (instance, "", "unix_socket")
    return [tag("redis_host", host.strip("[]")), tag("redis_port", port)]
