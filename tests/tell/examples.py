"""Nodes, rows and snapshots that tests of the doors share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kvmon.model.metrics.sample import Sample
from kvmon.model.metrics.spec import Kind, Spec
from kvmon.model.snapshot import Failure, Snapshot
from kvmon.model.targets.address import Address
from kvmon.model.targets.target import Node, Target

UP = Spec("redis_up", "Whether the server answered.")
COMMANDS = Spec("redis_commands_processed_total", "Commands since the start.", Kind.COUNTER)
MONOTONIC = Spec("redis_commands_total", "Calls by command.", Kind.COUNTER, labels=("cmd",))
BARE_COUNTER = Spec("redis_cpu_sys_seconds", 'Seconds, "sys"\\user.\nBoth.', Kind.COUNTER)
KEYS = Spec("redis_db_keys", "Keys by database.", labels=("db",))
LATENCY = Spec("redis_commands_latencies_usec", "Latencies.", Kind.HISTOGRAM, labels=("cmd",))
PERCENTILES = Spec("redis_latency_percentiles_usec", "Percentiles.", Kind.SUMMARY, labels=("cmd",))
QUANTILES = Spec("kvmon_proper_seconds", "Quantiles.", Kind.SUMMARY)
UNTYPED = Spec("redis_something", "Something.", Kind.UNTYPED)
OWN = Spec("kvmon_polls_total", "Polls.", Kind.COUNTER, labels=("target",))

FACTS = {
    "role": "master", "used_memory": "1048576", "used_memory_peak": "2097152", "maxmemory": "4194304",
    "connected_clients": "7", "maxclients": "10000", "instantaneous_ops_per_sec": "42", "keyspace_hits": "90",
    "keyspace_misses": "10", "redis_version": "7.2.4", "uptime_in_seconds": "90061",
}  # fmt: skip


def node(name: str = "sessions", place: str = "cache.example.net", **options: object) -> Node:
    address = Address(place)
    return Node(Target(name, (address,), **options), address)  # type: ignore[arg-type]


def samples() -> list[Sample]:
    return [
        Sample(UP, 1),
        Sample(COMMANDS, 12345),
        Sample(MONOTONIC, 7, ("get",)),
        Sample(MONOTONIC, 8, ("set",)),
        Sample(BARE_COUNTER, 1.25),
        Sample(KEYS, 3.0, ("db0",)),
        *(Sample(LATENCY, value, ("get", le), "_bucket") for le, value in (("1", 1), ("2.5", 3), ("+Inf", 4))),
        Sample(LATENCY, 7.5, ("get",), "_sum"),
        Sample(LATENCY, 4, ("get",), "_count"),
        *(Sample(PERCENTILES, value, ("get", q)) for q, value in (("50", 1.003), ("99.9", 9.0))),
        Sample(PERCENTILES, 7, ("get",), "_sum"),
        Sample(PERCENTILES, 5, ("get",), "_count"),
        Sample(QUANTILES, 0.1, ("0.5",)),
        Sample(QUANTILES, 0.3, (), "_sum"),
        Sample(QUANTILES, 3, (), "_count"),
        Sample(UNTYPED, 1e21),
    ]


def snapshot(
    of: Node | None = None,
    given: Sequence[Sample] | None = None,
    *,
    up: bool = True,
    failures: Sequence[Failure] = (),
    facts: Mapping[str, str] | None = None,
    at: float = 1_700_000_000.0,
) -> Snapshot:
    return Snapshot(
        node=of or node(),
        at=at,
        duration=0.002,
        lateness=0.0,
        up=up,
        samples=samples() if given is None else given,
        failures=failures,
        facts=(FACTS if up else {}) if facts is None else facts,
        since=at - 3600,
    )


DOWN = Failure("poll", "refused", "connection refused")
