"""What one poll of a node comes to under the Agent's names and under kvmon's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import isfinite

from kvmon.model.metrics.catalogue.keys import LENGTH_OF_KEY
from kvmon.model.metrics.catalogue.probes import EXPIRY
from kvmon.model.metrics.sample import Sample
from kvmon.model.snapshot import Snapshot
from kvmon.tell.sinks.datadog.more import CALLS, SHORTEST, Tags, grown, more, number
from kvmon.tell.sinks.datadog.names import CLUSTER, GAUGES, PREFIX, RATES
from kvmon.tell.sinks.datadog.point import Point
from kvmon.tell.sinks.datadog.tags import node_tags, place_tags, tag

OWN = "kvmon_"
EXPIRES = "kvmon.tls_certificate_expires_in_seconds"
REPLICAS = 128
"""Replicas of one primary that get points of their own."""

_TIME = "commands_duration_seconds_total"


def points(snapshot: Snapshot, before: Snapshot | None) -> list[Point]:
    """Everything of a node; `before` is the snapshot pushed last, for rates."""
    tags = tags_of(snapshot)
    return [*_info(snapshot, before, tags), *of_samples(snapshot.samples, tags), *more(snapshot, before, tags)]


def tags_of(snapshot: Snapshot) -> Tags:
    """The node's tags, and its role where that is known."""
    role = snapshot.facts.get("role")
    return (*node_tags(snapshot.node), tag("redis_role", role)) if role else node_tags(snapshot.node)


def _info(snapshot: Snapshot, before: Snapshot | None, tags: Tags) -> Iterator[Point]:
    facts = snapshot.facts
    if not snapshot.up or not facts:
        return
    for field, text in facts.items():
        name = GAUGES.get(field)
        if name is not None and (value := number(text)) is not None:
            yield Point(PREFIX + name, value, tags)
    if before is not None and before.up:
        yield from _rates(facts, before.facts, snapshot.at - before.at, tags)
    yield Point(f"{PREFIX}info.latency_ms", round(snapshot.duration * 1000, 2), tags)
    if (most := number(facts.get("maxclients"))) is not None:
        yield Point(f"{PREFIX}net.maxclients", most, tags)
    yield from _databases(facts, tags)
    yield from _replication(facts, tags)


def _rates(facts: Mapping[str, str], before: Mapping[str, str], seconds: float, tags: Tags) -> Iterator[Point]:
    if seconds < SHORTEST:
        return
    for field, name in RATES.items():
        if (by := grown(facts, before, field)) is not None:
            yield Point(PREFIX + name, by / seconds, tags)


def _databases(facts: Mapping[str, str], tags: Tags) -> Iterator[Point]:
    for field, line in facts.items():
        if not (field.startswith("db") and field[2:].isdigit()):
            continue
        said = _pairs(line)
        keys, expires = number(said.get("keys")), number(said.get("expires"))
        if keys is None or expires is None:
            continue
        here = (*tags, tag("redis_db", field))
        yield Point(f"{PREFIX}keys", keys, here)
        yield Point(f"{PREFIX}expires", expires, here)
        yield Point(f"{PREFIX}persist", keys - expires, here)
        if keys:
            yield Point(f"{PREFIX}persist.percent", 100 * (keys - expires) / keys, here)
            yield Point(f"{PREFIX}expires.percent", 100 * expires / keys, here)


def _replication(facts: Mapping[str, str], tags: Tags) -> Iterator[Point]:
    if facts.get("role") == "slave":
        down = 0.0 if facts.get("master_link_status") == "up" else number(facts.get("master_link_down_since_seconds"))
        if down is not None:
            yield Point(f"{PREFIX}replication.master_link_down_since_seconds", down, tags)
    offset = number(facts.get("master_repl_offset"))
    if offset is None:
        return
    for place in range(int(min(number(facts.get("connected_slaves")) or 0, REPLICAS))):
        said = _pairs(facts.get(f"slave{place}", ""))
        reached = number(said.get("offset"))
        if reached is not None and offset >= reached:
            whose = (tag("slave_ip", said.get("ip", "")), tag("slave_port", said.get("port", "")), tag("slave_id", str(place)))
            yield Point(f"{PREFIX}replication.delay", offset - reached, (*tags, *whose))


def of_samples(samples: Iterable[Sample], tags: Tags, *, now: float | None = None) -> Iterator[Point]:
    """Values that are no plain field of INFO: those of commands and of the cluster, and all that is kvmon's own.

    With `now` (wall seconds) also how long it is until certificates end: a monitor cannot subtract the time.
    """
    calls: dict[str, float] = {}
    for sample in samples:
        spec = sample.spec
        if spec.name.startswith(OWN):
            if not sample.suffix and len(spec.labels) == len(sample.labels) and isfinite(sample.value):
                yield from _own(sample, tags, now)
            continue
        name = spec.name.partition("_")[2]  # the prefix is an option
        if name in CLUSTER:
            yield Point(f"{PREFIX}{CLUSTER[name]}", sample.value, tags)
        elif name == CALLS:
            calls[sample.labels[0]] = sample.value
            yield Point(f"{PREFIX}command.calls", sample.value, (*tags, tag("command", sample.labels[0])))
        elif name == _TIME and (called := calls.get(sample.labels[0])):
            mean = round(sample.value * 1e6 / called, 2)
            yield Point(f"{PREFIX}command.usec_per_call", mean, (*tags, tag("command", sample.labels[0])))


def _own(sample: Sample, tags: Tags, now: float | None) -> Iterator[Point]:
    spec = sample.spec
    # An empty value says that the label does not apply.
    more = [tag(label, value) for label, value in zip(spec.labels, sample.labels, strict=True) if value]
    if "instance" in spec.labels:
        more += place_tags(sample.labels[spec.labels.index("instance")])
    # A sample may hold a truth value, which is no number where it becomes text.
    yield Point(f"kvmon.{spec.name.removeprefix(OWN)}", float(sample.value), (*tags, *more))
    if spec is EXPIRY and now is not None:
        yield Point(EXPIRES, sample.value - now, (*tags, *more))
    if spec.name == "kvmon_clients_by_name":
        yield Point(f"{PREFIX}net.connections", sample.value, (*tags, tag("source", sample.labels[0] or "unknown")))
    elif spec is LENGTH_OF_KEY:
        whose = (tag(name, text) for name, text in zip(("redis_db", "key", "key_type"), sample.labels, strict=True) if text)
        yield Point(f"{PREFIX}key.length", sample.value, (*tags, *whose))


def _pairs(line: str) -> dict[str, str]:
    return {name: value for name, _, value in (part.partition("=") for part in line.split(","))}
