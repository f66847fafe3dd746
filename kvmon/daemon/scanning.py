"""The scan loop: which shard's keys are counted where, what is remembered of it, and what it says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, NoReturn

from kvmon.clock import Clock
from kvmon.daemon.scan_document import scan_document
from kvmon.daemon.scan_journal import ScanJournal
from kvmon.daemon.scan_places import Latest, Place, scan_places
from kvmon.daemon.scan_samples import pattern_samples, progress_samples, workload_samples
from kvmon.daemon.scan_tasks import Account, NodeScans, Scanned
from kvmon.journal.store import Journal
from kvmon.model.metrics.catalogue import workloads as rows
from kvmon.model.metrics.sample import Sample
from kvmon.model.snapshot import Snapshot
from kvmon.model.targets.target import Node, Target
from kvmon.tell.server.view import Topology
from kvmon.watch.collectors.keys import Keys
from kvmon.watch.scans import plan
from kvmon.watch.scans.channels import Heard, together
from kvmon.watch.scans.shard import ShardScan
from kvmon.watch.scans.walking import Spent

LOOK, SAVE = 1.0, 15.0
"""Seconds between looks at who can be asked, and between writes of the journal."""

Work = Coroutine[Any, Any, NoReturn]


class Wanted(NamedTuple):
    """A target whose keys are gone through, and its nodes as they are now."""

    target: Target
    keys: Keys
    nodes: Callable[[], Sequence[Node]]
    topology: Callable[[], Topology]


class _Known:
    """What the loop has of one target."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.signature = plan.signature(wanted.target, wanted.keys)
        self.rules = plan.rules_of(wanted.target, wanted.keys)
        self.shards: dict[str, Scanned] = {}
        self.places: dict[str, Place] = {}
        self.heard: dict[str, Heard] = {}
        self.account = Account()
        self.tasks: dict[tuple[str, str], tuple[object, asyncio.Task[NoReturn]]] = {}


class ScanLoop:
    """Goes through the key spaces of targets that have workloads or options of the collector `keys`."""

    def __init__(self, *, journal: Journal, clock: Clock, latest: Latest) -> None:
        self._shelf = ScanJournal(journal)
        self._clock = clock
        self._latest = latest
        self._targets: dict[str, _Known] = {}
        self._spent: dict[tuple[str, str], Spent] = {}
        self._group: asyncio.TaskGroup | None = None

    def apply(self, wanted: Iterable[Wanted]) -> None:
        """Go through these from now on; what is the same as before goes on."""
        found = {each.target.name: each for each in wanted}
        for name in [name for name in self._targets if name not in found]:
            self._stop(self._targets.pop(name))
        for name, each in found.items():
            known = self._targets.get(name)
            if known is not None and (known.wanted.target, known.wanted.keys) == (each.target, each.keys):
                known.wanted = each
                continue
            new = self._targets[name] = _Known(each)
            if known is not None:
                self._stop(known)
                new.account = known.account
                if known.signature == new.signature:
                    new.shards = known.shards

    def reads(self, key: tuple[str, str]) -> tuple[int, int]:
        """The hits and misses that scans of the node caused so far."""
        spent = self._spent.get(key)
        return (spent.hits, spent.misses) if spent is not None else (0, 0)

    def with_found(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot of a node with what scans have found there."""
        known = self._targets.get(snapshot.node.target.name)
        if known is None or not snapshot.up:
            return snapshot
        found: list[Sample] = []
        for shard, scanned in known.shards.items():
            place = known.places.get(shard)
            if place is not None and place.node is not None and place.node.key == snapshot.node.key:
                last = scanned.scan.last
                found += [*(pattern_samples(known.wanted.keys, last) if last is not None else ()), *scanned.samples]
        return replace(snapshot, samples=[*snapshot.samples, *found]) if found else snapshot

    def document(self, target: Target) -> dict[str, Any]:
        """What is known of the target's workloads; `at` is wall seconds, `biggest` names keys."""
        known = self._targets.get(target.name)
        return scan_document(target, [scanned.scan for scanned in known.shards.values()] if known is not None else [])

    def own_samples(self) -> list[Sample]:
        """What is known of workloads, and of the scans themselves."""
        found: list[Sample] = []
        for name, known in self._targets.items():
            shards = [scanned.scan for scanned in known.shards.values()]
            found += workload_samples(known.wanted.target, shards)
            for workload in known.wanted.target.workloads:
                if workload.channels and known.heard:
                    channels, subscribers = together(list(known.heard.values()), workload.name)
                    found.append(Sample(rows.CHANNELS, channels, (name, workload.name)))
                    found.append(Sample(rows.SUBSCRIBERS, subscribers, (name, workload.name)))
            if known.rules:
                found += progress_samples(name, shards, sum(place.node is None for place in known.places.values()))
                reasons = [reason for scanned in known.shards.values() if (reason := scanned.holding())]
                found += [Sample(rows.HELD, reasons.count(reason), (name, reason)) for reason in sorted(set(reasons))]
            spent = [each for key, each in self._spent.items() if key[0] == name]
            found.append(Sample(rows.COMMANDS, sum(each.commands for each in spent), (name,)))
            found.append(Sample(rows.SERVER_TIME, sum(each.seconds for each in spent), (name,)))
            found += [Sample(rows.FAILURES, count, (name, reason)) for reason, count in known.account.failures.items()]
        return found

    async def run(self) -> NoReturn:
        """Until cancelled; what was counted is then written down."""
        await self._shelf.load()
        saved = self._clock.monotonic()
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                while True:
                    for known in self._targets.values():
                        self._look(known)
                    await asyncio.sleep(LOOK)
                    if self._clock.monotonic() - saved >= SAVE:
                        saved = self._clock.monotonic()
                        await self._save()
        finally:
            self._group = None
            await self._save()

    def _look(self, known: _Known) -> None:
        """See who can be asked now, and have that done there."""
        target, keys, nodes, topology = known.wanted
        there = nodes()
        before = {shard: place.node.instance for shard, place in known.places.items() if place.node is not None}
        places = {place.shard: place for place in scan_places(target, there, topology(), self._latest, before)}
        if known.shards and not any(place.node for place in places.values()):
            # Nobody answers: what the shards are called is not known anew.
            places = {shard: Place(shard, None) for shard in known.shards}
        known.places = places
        known.shards = {place: known.shards.get(place) or self._begin(known, place) for place in places}
        work: dict[tuple[str, str], tuple[object, Callable[[], Work]]] = {}
        for shard, place in places.items():
            if place.node is not None:
                scans, scanned = self._scans(place.node, known, readonly=place.readonly), known.shards[shard]
                if known.rules:
                    work["count", shard] = place, partial(scans.count, scanned)
                if keys.looked_up:
                    work["look", shard] = place, partial(scans.look, scanned)
        patterns = [(each.name, each.channels) for each in target.workloads if each.channels]
        for node in there if patterns else ():
            snapshot = self._latest(node.key)
            if snapshot is not None and snapshot.up and snapshot.facts.get("role") != "sentinel":
                take = partial(known.heard.__setitem__, node.instance)
                work["hear", node.instance] = node, partial(self._scans(node, known).hear, patterns, take)
        for instance in [instance for instance in known.heard if ("hear", instance) not in work]:
            del known.heard[instance]
        self._work(known, work)

    def _work(self, known: _Known, work: Mapping[tuple[str, str], tuple[object, Callable[[], Work]]]) -> None:
        for key, (who, task) in list(known.tasks.items()):
            if key not in work or work[key][0] != who:
                task.cancel()
                del known.tasks[key]
        for key, (who, begin) in work.items():
            if key not in known.tasks and self._group is not None:
                known.tasks[key] = who, self._group.create_task(begin())

    def _begin(self, known: _Known, shard: str) -> Scanned:
        text = self._shelf.text(known.wanted.target.name, shard, known.signature)
        return Scanned(ShardScan.read(known.rules, text) if text else ShardScan(known.rules))

    def _scans(self, node: Node, known: _Known, *, readonly: bool = False) -> NodeScans:
        spent = self._spent.setdefault(node.key, Spent())
        latest = partial(self._latest, node.key)
        keys = known.wanted.keys
        return NodeScans(node, keys, clock=self._clock, latest=latest, account=known.account, spent=spent, readonly=readonly)

    def _stop(self, known: _Known) -> None:
        for _, task in known.tasks.values():
            task.cancel()
        known.tasks.clear()

    async def _save(self) -> None:
        await self._shelf.save(
            (name, shard, known.signature, scanned.scan.document())
            for name, known in self._targets.items()
            for shard, scanned in known.shards.items()
        )
