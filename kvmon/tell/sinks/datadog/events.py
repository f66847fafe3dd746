"""Events of nodes: what is another than at the push before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kvmon.model.snapshot import Snapshot
from kvmon.model.targets.target import Node
from kvmon.tell.sinks.datadog.more import number
from kvmon.tell.sinks.datadog.point import Event
from kvmon.tell.sinks.datadog.tags import node_tags, tag

ROLES = {"master": "primary", "slave": "replica"}
SHOWN = 20
"""Settings that one event names."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a node was. A provider may hide the `run_id`; `settings` are those that the collector `config` asks for."""

    run_id: str = ""
    uptime: float = 0.0
    role: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)


def known_of(snapshot: Snapshot, before: Known) -> Known:
    """What is known after this poll, of a node that is up; what it does not say stays as it was."""
    facts = snapshot.facts
    return Known(
        facts.get("run_id") or before.run_id,
        number(facts.get("uptime_in_seconds")) or 0.0,
        facts.get("role") or before.role,
        _settings(snapshot) or before.settings,
    )


def events(node: Node, before: Known, now: Known) -> list[Event]:
    """Restart, failover or change of role, change of the configuration."""
    tags = node_tags(node)
    found = []
    other = now.run_id != before.run_id if now.run_id and before.run_id else now.uptime < before.uptime
    if other:
        text = f"Another server process answers at {node.instance} than before: it has been up for {now.uptime:.0f} s."
        found.append(Event(f"{node} restarted", text, f"kvmon:restart:{node}", (*tags, "event:restart"), "warning"))
    if before.role and now.role != before.role:
        found.append(_role(node, before.role, now.role, tags))
    changed = {
        name: (before.settings[name], value)
        for name, value in now.settings.items()
        if name in before.settings and before.settings[name] != value
    }
    if changed:
        lines = [f"{name}: {old} -> {new}" for name, (old, new) in sorted(changed.items())[:SHOWN]]
        lines += [f"and {len(changed) - SHOWN} more"] if len(changed) > SHOWN else []
        key = f"kvmon:config:{node}"
        found.append(Event(f"The configuration of {node} changed", "\n".join(lines), key, (*tags, "event:config_change")))
    return found


def _role(node: Node, before: str, now: str, tags: tuple[str, ...]) -> Event:
    """A replica that became a primary is a failover; what changes beside it is shown with it, by the key of the target."""
    was, has_become = ROLES.get(before, before), ROLES.get(now, now)
    failover = now == "master"
    name = node.target.name
    title = f"Failover of {name}: {node.instance} is the primary now" if failover else f"{node} is a {has_become} now"
    kind = "failover" if failover else "role_change"
    more = (tag("redis_role", now), f"event:{kind}")
    return Event(title, f"It was a {was}.", f"kvmon:failover:{name}", (*tags, *more), "warning")


def _settings(snapshot: Snapshot) -> dict[str, str]:
    """Settings by name, as far as they were asked for."""
    found: dict[str, str] = {}
    for sample in snapshot.samples:
        if sample.spec.source != "CONFIG GET":
            continue
        name = sample.spec.name.partition("_config_")[2]
        if name == "key_value":
            found[sample.labels[0]] = sample.labels[1]
        elif name:
            found[sample.labels[0] if name == "value" else " ".join((name, *sample.labels))] = f"{sample.value:g}"
    return found
