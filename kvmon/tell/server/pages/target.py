"""`/targets/NAME`: everything about one target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from kvmon.model.metrics.sample import Sample
from kvmon.model.targets.target import Target
from kvmon.tell.server.keys import VIEW, named_target
from kvmon.tell.server.pages import findings
from kvmon.tell.server.pages.alarms import alarms
from kvmon.tell.server.pages.charts import SPANS, charts
from kvmon.tell.server.pages.fleet import count
from kvmon.tell.server.pages.patient import examined
from kvmon.tell.server.pages.rendering import page
from kvmon.tell.server.pages.sizing import sizing
from kvmon.tell.server.pages.workloads import Found
from kvmon.tell.server.state import NodeState
from kvmon.tell.server.view import Member, Topology, View

STORY = 40
"""Events, and incidents, of the time line."""

DRAWN = 64
"""Shards that are drawn."""


@dataclass(frozen=True, slots=True)
class Shard:
    """A primary (or what stands for one) with its replicas; `name` is empty where nothing is sharded."""

    name: str
    slots: Sequence[tuple[int, int]]
    primaries: Sequence[NodeState]
    replicas: Sequence[NodeState]

    @property
    def count(self) -> int:
        """How many slots it has."""
        return sum(last - first + 1 for first, last in self.slots)


async def target(request: web.Request) -> web.Response:
    """One target."""
    view = request.app[VIEW]
    found = named_target(request, request.match_info["target"])
    ringing = alarms(view)
    mine = [alarm for alarm in ringing if alarm.target == found.name]
    verdicts = sorted(
        (verdict for verdict in view.verdicts().all if verdict.target == found.name),
        key=lambda one: (one.advice == "allow", one.slots, one.shard, one.op),
    )
    patient = examined(view, found, verdicts, mine)
    span = request.query.get("range", "")
    if span not in SPANS:  # an hour, once there is more than the first minutes of one
        span = "1h" if view.past.span > SPANS["5m"] else "5m"
    given = findings.families(state.snapshot for state in patient.speaking if state.snapshot is not None)
    shards, others = shards_of(patient.states, view.topology(found))
    own = view.own_samples()
    scanned = Found(own, found.name)
    return await page(
        request, "target.html", patient=patient, target=found, alarms=mine, ringing=count(ringing), span=span, spans=tuple(SPANS),
        charts=charts(patient, findings.one(given, "kvmon_memory_exhaustion_seconds"), SPANS[span]),
        topology=view.topology(found), shards=shards[:DRAWN], hidden=max(0, len(shards) - DRAWN),
        others=others, commands=findings.commands(given),
        slow=findings.slow_patterns(view.slow_commands(found)), large=findings.large_patterns(view.large_commands(found)),
        clients=_bars(given, CLIENTS), databases=findings.databases(given), groups=_bars(given, GROUPS),
        workloads=scanned.workloads(), scan=scanned.scan(), sizing=sizing(given),
        migrations=[each for each in view.migrations() if found.name in (each["source"], each["destination"])],
        expiries=expiries(own, found), lacking=lacking(view, patient.states),
        notifies=view.notifier() is not None, story=await story(view, found), tilt=view.verdicts().tilt,
    )  # fmt: skip


CLIENTS = (
    ("By name", "kvmon_clients_by_name", "number"),
    ("By library", "kvmon_clients_by_library", "number"),
    ("By user", "kvmon_clients_by_user", "number"),
    ("By state", "kvmon_clients_by_state", "number"),
    ("Memory by name", "kvmon_clients_memory_bytes", "bytes"),
)
"""What is told of clients: a title, the family, the unit."""

GROUPS = (
    ("Key groups", "key_group_count", "number"),
    ("Memory of key groups, estimated", "key_group_memory_usage_bytes", "bytes"),
    ("Keys by pattern", "keys_count", "number"),
    ("Queues", "kvmon_queue_length", "number"),
    ("Streams", "stream_length", "number"),
)
"""The same of what the collector `keys` was told to look at."""


def _bars(given: findings.Families, rows: Sequence[tuple[str, str, str]]) -> list[tuple[str, Sequence[findings.Bar], str]]:
    return [(title, bars, unit) for title, name, unit in rows if (bars := findings.bars(given, name))]


def shards_of(states: Sequence[NodeState], topology: Topology) -> tuple[list[Shard], list[NodeState]]:
    """The shards in the order of their slots, and the nodes that belong to none (Sentinels)."""
    members: Mapping[tuple[str, str], Member] = {member.node.key: member for member in topology.members}
    groups: dict[str, list[NodeState]] = {}
    others: list[NodeState] = []
    for state in states:
        if state.role == "sentinel":
            others.append(state)
            continue
        member = members.get(state.node.key)
        groups.setdefault(member.shard if member is not None else "", []).append(state)
    found = []
    for name, nodes in groups.items():
        slots = [ends for state in nodes if (member := members.get(state.node.key)) is not None for ends in member.slots]
        primaries = [state for state in nodes if state.role == "primary"]
        if not primaries and len(nodes) == 1:
            primaries = nodes  # who is alone and down has no role to tell, and is nobody's replica
        replicas = [state for state in nodes if state not in primaries]
        found.append(Shard(name, sorted(slots), primaries, replicas))
    return sorted(found, key=lambda shard: (not shard.slots, shard.slots, shard.name)), others


def expiries(own: Iterable[Sample], target: Target) -> list[tuple[str, float]]:
    """What ends and when (wall seconds), the soonest first."""
    found: dict[str, float] = {}
    for sample in own:
        if not sample.labels or sample.labels[0] != target.name:
            continue
        if sample.spec.name == "kvmon_tls_certificate_expiry_timestamp_seconds":
            found[f"Certificate of {sample.labels[1]}"] = sample.value
        elif sample.spec.name == "kvmon_credential_expiry_timestamp_seconds":
            found["Token that it is signed in with"] = sample.value
    return sorted(found.items(), key=lambda pair: pair[1])


def lacking(view: View, states: Sequence[NodeState]) -> list[tuple[str, str, str]]:
    """What cannot be asked: the collector, its status, why; once for all nodes that say the same."""
    found = {
        (capability.collector, capability.status, capability.why)
        for state in states
        for capability in view.capabilities(state.node)
        if capability.why and capability.status not in ("unneeded", "off")
    }
    failing = {
        (failure.collector, failure.reason, failure.message)
        for state in states
        if state.snapshot is not None
        for failure in state.snapshot.failures
        if failure.collector != "poll" and not any(failure.collector == each[0] for each in found)
    }
    return sorted(found | failing)


async def story(view: View, target: Target) -> list[dict[str, Any]]:
    """What happened, and what was true when breakers opened, on one time line, the newest first."""
    happened = [{**each, "incident": None} for each in await view.events(target.name, STORY)]
    taken = [
        {"at": each["at"], "kind": "incident", "text": f"{each['op']} failed: {each['reason']}", "incident": each}
        for each in await view.incidents(target.name, 10)
    ]
    return sorted([*happened, *taken], key=lambda each: -float(each["at"]))[:STORY]
