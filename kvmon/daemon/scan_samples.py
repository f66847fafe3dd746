"""What scans have found, as samples: of targets (workloads) and of nodes (redis_exporter's series)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from kvmon.model.metrics.catalogue import keys as key_rows
from kvmon.model.metrics.catalogue import workloads as rows
from kvmon.model.metrics.sample import Sample
from kvmon.model.targets.target import Target, Workload
from kvmon.options import format_duration
from kvmon.watch.collectors.keys import Keys, parse_key
from kvmon.watch.scans import plan
from kvmon.watch.scans.rules import OVERFLOW, Bucket
from kvmon.watch.scans.shard import Counted, ShardScan
from kvmon.watch.scans.tally import Summary, Tally, summary


def workload_samples(target: Target, shards: Sequence[ShardScan]) -> Iterator[Sample]:
    """What is known of the target's workloads; nothing of keys before every shard was counted."""
    counted = counted_by(shards)
    for workload in target.workloads:
        labels = (target.name, workload.name)
        if workload.expires is not None and workload.keys:
            yield Sample(rows.EXPECTED, workload.expires, labels)
        if workload.keys and counted:
            yield from _found(summary_of(workload, shards), labels)
            growth = [shard.growth(plan.WORKLOAD, workload.name) for shard in shards]
            if all(each is not None for each in growth):
                yield Sample(rows.GROWTH, sum(each or 0.0 for each in growth), labels)


def counted_by(shards: Sequence[ShardScan]) -> Sequence[Counted]:
    """The last whole pass of each; none before every shard had one."""
    counted = [shard.last for shard in shards if shard.last is not None]
    return counted if len(counted) == len(shards) else ()


def summary_of(workload: Workload, shards: Sequence[ShardScan]) -> Summary:
    """What a workload comes to on all shards."""
    return summary([tally for each in counted_by(shards) for bucket, tally in each.tallies.items() if _of(bucket, workload)])


def _of(bucket: Bucket, workload: Workload) -> bool:
    return (bucket.subject, bucket.rule) == (plan.WORKLOAD, workload.name)


def _found(found: Summary, labels: tuple[str, str]) -> Iterator[Sample]:
    yield Sample(rows.KEYS, found.keys, labels)
    if found.memory is not None:
        yield Sample(rows.MEMORY, found.memory.value, labels)
        yield Sample(rows.MEMORY_ERROR, found.memory.error, labels)
    if found.elements is not None:
        yield Sample(rows.ELEMENTS, found.elements.value, labels)
    if found.coverage is not None and found.lasting is not None:
        yield Sample(rows.COVERAGE, found.coverage.value, labels)
        yield Sample(rows.COVERAGE_ERROR, found.coverage.error, labels)
        yield Sample(rows.LASTING, found.lasting.value, labels)
        for limit, count in found.within.items():
            yield Sample(rows.EXPIRING, count, (*labels, format_duration(limit)))
        for kind, count in found.kinds.items():
            yield Sample(rows.TYPES, count, (*labels, kind))


def progress_samples(target: str, shards: Sequence[ShardScan], unreachable: int) -> Iterator[Sample]:
    """How complete and how old the numbers are."""
    counted = [shard.last for shard in shards if shard.last is not None]
    states = {"counted": len(counted), "not_yet": len(shards) - len(counted), "unreachable": unreachable}
    for state, count in states.items():
        yield Sample(rows.SHARDS, count, (target, state))
    if shards:
        progress = [shard.current.progress if shard.current is not None else float(shard.last is not None) for shard in shards]
        yield Sample(rows.PROGRESS, sum(progress) / len(progress), (target,))
    if counted:
        yield Sample(rows.COMPLETED, min(each.ended for each in counted), (target,))
        yield Sample(rows.DURATION, max(each.ended - each.began for each in counted), (target,))


def pattern_samples(keys: Keys, counted: Counted) -> Iterator[Sample]:
    """redis_exporter's counts and groups, of one node."""
    for text in dict.fromkeys(keys.counts):
        db, pattern = parse_key(text)
        tally = counted.tallies.get(Bucket(plan.COUNT, pattern, db, ""))
        yield Sample(key_rows.COUNT, tally.keys if tally is not None else 0, (f"db{db}", pattern))
    if keys.groups or keys.group_regexes:
        by_db: defaultdict[int, dict[str, Tally]] = defaultdict(dict)
        for bucket, tally in counted.tallies.items():
            if bucket.subject == plan.GROUP:
                by_db[bucket.db][bucket.group] = tally
        for db, groups in by_db.items():
            yield from _groups(f"db{db}", groups, keys.most_groups)


def _groups(db: str, tallies: Mapping[str, Tally], most: int) -> Iterator[Sample]:
    found = {group: summary([tally]) for group, tally in tallies.items()}
    weights = {group: each.memory.value if each.memory is not None else 0.0 for group, each in found.items()}
    order = sorted((group for group in found if group != OVERFLOW), key=lambda group: (-weights[group], found[group].keys, group))
    keys: Counter[str] = Counter()
    memory: defaultdict[str, float] = defaultdict(float)
    for place, group in enumerate([*order, *([OVERFLOW] if OVERFLOW in found else [])]):
        title = group if place < most else OVERFLOW
        keys[title] += found[group].keys
        memory[title] += weights[group]
    for title, count in keys.items():
        yield Sample(key_rows.GROUP_COUNT, count, (db, title))
        yield Sample(key_rows.GROUP_MEMORY, memory[title], (db, title))
    yield Sample(key_rows.DISTINCT, len(order), (db,))
