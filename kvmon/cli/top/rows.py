"""What the daemon says of its targets as rows, and their order. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kvmon.cli.terminal import clean

STATUSES = ("down", "degraded", "warning", "unknown", "well")
"""The worst first."""


@dataclass(frozen=True, slots=True)
class Row:
    """One target. Numbers are None where they are not known; `since` is wall seconds; `line` commands a second, oldest first."""

    name: str
    status: str
    critical: bool
    since: float | None
    what: str
    todo: str
    commands: float | None
    hit_ratio: float | None
    memory: float | None
    limit: float | None
    clients: float | None
    nodes: str
    breakers: str
    alerts: int
    line: Sequence[float | None]

    @property
    def memory_ratio(self) -> float | None:
        """Of the limit; None without one."""
        return self.memory / self.limit if self.memory is not None and self.limit else None


def row_of(target: Mapping[str, Any], breakers: Sequence[Mapping[str, Any]]) -> Row:
    """From a document of `/v1/targets` and those of its breakers."""
    worst = next(iter(target["troubles"]), None)
    return Row(
        name=target["name"],
        status=target["status"],
        critical=target["critical"],
        since=seconds(worst["since"]) if worst else None,
        what=clean(worst["what"]) if worst else "",
        todo=clean(worst["todo"]) if worst else "",
        commands=target["commands_per_second"],
        hit_ratio=target["hit_ratio"],
        memory=target["memory_used_bytes"],
        limit=target["memory_limit_bytes"],
        clients=target["clients"],
        nodes=_nodes(target["nodes"]),
        breakers=_breakers(breakers),
        alerts=sum(alert["state"] == "firing" and not alert["silenced"] for alert in target["alerts"]),
        line=target.get("lines", {}).get("commands", ()),
    )


def seconds(timestamp: str | None) -> float | None:
    """Wall seconds of a moment as JSON has it."""
    return datetime.fromisoformat(timestamp).timestamp() if timestamp else None


def _nodes(nodes: Sequence[Mapping[str, Any]]) -> str:
    """`1p 2r`: primaries, replicas, Sentinels, and those of which it is not known; with `!` behind them how many are not up."""
    roles = {"primary": "p", "replica": "r", "sentinel": "s", "unknown": "?"}
    parts = [f"{count}{letter}" for role, letter in roles.items() if (count := sum(node["role"] == role for node in nodes))]
    ill = sum(node["status"] != "up" for node in nodes)
    return " ".join([*parts, f"{ill}!"] if ill else parts)


def _breakers(breakers: Sequence[Mapping[str, Any]]) -> str:
    """What may be done: `r ok  w deny`; the worst shard counts."""
    advices = ("deny", "limit", "allow")
    parts = []
    for op, letter in (("read", "r"), ("write", "w")):
        said = [breaker["advice"] for breaker in breakers if breaker["op"] == op]
        worst = min(said, key=advices.index, default=None)
        if worst:
            parts.append(f"{letter} {'ok' if worst == 'allow' else worst}")
    return " ".join(parts)


def _trouble(row: Row) -> tuple[Any, ...]:
    return (STATUSES.index(row.status) if row.status in STATUSES else 0, not row.critical, -(row.since or 0.0), row.name)


def _falling(value: Callable[[Row], float | None]) -> Callable[[Row], tuple[Any, ...]]:
    return lambda row: (value(row) is None, -(value(row) or 0.0), row.name)


ORDERS: Mapping[str, Callable[[Row], tuple[Any, ...]]] = {
    "trouble": _trouble,
    "name": lambda row: (row.name,),
    "commands": _falling(lambda row: row.commands),
    "memory": _falling(lambda row: row.memory),
    "full": _falling(lambda row: row.memory_ratio),
    "hits": lambda row: (row.hit_ratio is None, row.hit_ratio, row.name),
    "clients": _falling(lambda row: row.clients),
    "alerts": _falling(lambda row: float(row.alerts)),
}
"""By what rows can be sorted. What is not known stands last."""


def ordered(rows: Sequence[Row], order: str, *, backwards: bool = False, query: str = "") -> list[Row]:
    """Those whose name, status or trouble has all words of the query, in this order."""
    words = query.lower().split()
    found = [row for row in rows if all(word in f"{row.name} {row.status} {row.what}".lower() for word in words)]
    return sorted(found, key=ORDERS[order], reverse=backwards)
