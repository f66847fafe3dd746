"""One target as the pages show it: how it is, its numbers, its lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from kvmon.model.evidence import OPS, Verdict
from kvmon.model.metrics.catalogue import derived
from kvmon.model.targets.target import Target
from kvmon.tell.server.pages.alarms import Alarm
from kvmon.tell.server.pages.ease import at_ease
from kvmon.tell.server.pages.past import Key, Past
from kvmon.tell.server.pages.spark import Chart, spark
from kvmon.tell.server.pages.trouble import Trouble, troubles
from kvmon.tell.server.state import NodeState, states
from kvmon.tell.server.view import View

STATES = ("open", "half_open", "unknown", "closed")
"""Of breakers, the worst first."""

POINTS = 60
"""Moments of a line."""


@dataclass(frozen=True)
class Patient:
    """A target with what is known of it now. Numbers are those of its primaries together, None where one is not known."""

    target: Target
    states: Sequence[NodeState]
    verdicts: Sequence[Verdict]
    alarms: Sequence[Alarm]
    troubles: Sequence[Trouble]
    past: Past

    @property
    def name(self) -> str:
        """The target's."""
        return self.target.name

    @property
    def word(self) -> str:
        """How it is: one of trouble.WORDS."""
        return self.troubles[0].word if self.troubles else "well"

    @property
    def worst(self) -> Trouble | None:
        """What to look at first."""
        return self.troubles[0] if self.troubles else None

    @property
    def order(self) -> tuple[object, ...]:
        """Sorts by trouble: the worst first, what is critical before what is not, the newest before the oldest."""
        worst = self.worst
        if worst is None:
            return (9, False, 0.0, self.name)
        return (worst.rank, not self.target.critical, -(worst.since or 0.0), self.name)

    @cached_property
    def speaking(self) -> Sequence[NodeState]:
        """The nodes whose numbers count: primaries, else whatever is up."""
        up = [state for state in self.states if state.status == "up"]
        return [state for state in up if state.role == "primary"] or up

    @property
    def keys(self) -> Sequence[Key]:
        """Theirs; of all nodes while none is up, as their past is still to be seen."""
        return [state.node.key for state in self.speaking or self.states]

    @property
    def memory(self) -> float | None:
        """Bytes used."""
        return _sum([state.number("used_memory") for state in self.speaking])

    @property
    def memory_limit(self) -> float | None:
        """Bytes there may be; None where one has no limit."""
        return _sum([state.memory_limit() for state in self.speaking])

    @property
    def memory_ratio(self) -> float | None:
        """Used memory by the limit."""
        used, limit = self.memory, self.memory_limit
        return None if used is None or not limit else used / limit

    @property
    def clients(self) -> float | None:
        """Connected ones."""
        return _sum([state.number("connected_clients") for state in self.speaking])

    @property
    def commands(self) -> float | None:
        """Commands in a second, without our own where there have been two polls."""
        recent = self.past.line(self.keys, "commands", span=60.0, points=1).last if self.speaking else None
        return recent if recent is not None else _sum([state.number("instantaneous_ops_per_sec") for state in self.speaking])

    @property
    def hit_ratio(self) -> float | None:
        """Of the last five minutes, else since the start; without our own reads."""
        known = [ratio for state in self.speaking if (ratio := _hit_ratio(state)) is not None]
        return sum(known) / len(known) if known else None

    @property
    def role_counts(self) -> str:
        """`1 primary, 2 replicas`."""
        counts = {role: sum(state.role == role for state in self.states) for role in ("primary", "replica", "sentinel")}
        parts = [f"{count} {role if count == 1 else _plural(role)}" for role, count in counts.items() if count]
        return ", ".join(parts) or f"{len(self.states)} {'node' if len(self.states) == 1 else 'nodes'}"

    @property
    def software(self) -> str:
        """`Valkey 9.1.0`; empty where none is up."""
        for state in self.speaking:
            facts = state.facts
            if "valkey_version" in facts:
                return f"Valkey {facts['valkey_version']}"
            if "redis_version" in facts:
                return f"Redis {facts['redis_version']}"
        return ""

    @property
    def chips(self) -> list[tuple[str, str]]:
        """Of each op the state of its breakers in words, with the worst state first: `read 1 open, 2 closed`."""
        found = []
        for op in OPS:
            mine = [verdict for verdict in self.verdicts if verdict.op == op]
            counts = {state: sum(verdict.state == state for verdict in mine) for state in STATES}
            there = [(state, count) for state, count in counts.items() if count]
            if there:
                words = [f"{count} {state}" if len(mine) > 1 else state for state, count in there]
                forced = sorted({verdict.mode for verdict in mine if verdict.mode != "auto"})
                found.append((there[0][0], f"{op} {', '.join([*words, *forced])}".replace("_", " ")))
        return found

    def sparks(self) -> list[Chart]:
        """Hit ratio and memory, of the last hour or as long as there is a past."""
        span = self.past.span
        ratio = self.past.line(self.keys, "hit_ratio", span=span, points=POINTS)
        memory = self.past.line(self.keys, "memory", span=span, points=POINTS)
        return [
            spark("Hit ratio", ratio, unit="ratio", most=1.0),
            spark("Memory", memory, unit="bytes", most=self.memory_limit),
        ]


async def patients(view: View, alarms: Sequence[Alarm]) -> list[Patient]:
    """All targets, the worst first."""
    verdicts: dict[str, list[Verdict]] = {}
    for verdict in view.verdicts().all:
        verdicts.setdefault(verdict.target, []).append(verdict)
    rings: dict[str, list[Alarm]] = {}
    for alarm in alarms:
        rings.setdefault(alarm.target, []).append(alarm)
    found = [
        examined(view, target, verdicts.get(target.name, ()), rings.get(target.name, ()))
        async for target in at_ease(view.targets(), view.clock)
    ]
    return sorted(found, key=lambda patient: patient.order)


def examined(view: View, target: Target, verdicts: Sequence[Verdict], alarms: Sequence[Alarm]) -> Patient:
    """One target."""
    nodes = states(view, target)
    return Patient(target, nodes, verdicts, alarms, troubles(target, nodes, verdicts, alarms), view.past)


def _hit_ratio(state: NodeState) -> float | None:
    shot = state.snapshot
    found = {s.labels: s.value for s in shot.samples if s.spec is derived.HIT_RATIO} if shot is not None else {}
    return found.get(("5m",), found.get(("lifetime",)))


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None


def _plural(role: str) -> str:
    return {"primary": "primaries", "replica": "replicas", "sentinel": "Sentinels"}[role]
