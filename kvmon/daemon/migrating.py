"""A migration watched: samples of keys compared, sizes, memory and lag, and the verdict they come to."""

from __future__ import annotations

import asyncio
import json
import secrets
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, NoReturn

import structlog

from kvmon.clock import Clock
from kvmon.daemon.migration_sides import side_of
from kvmon.daemon.scan_places import Latest
from kvmon.diagnose.migration.drawing import draw, holdings, together
from kvmon.diagnose.migration.lag import PREFIX, measured
from kvmon.diagnose.migration.looking import Looker
from kvmon.diagnose.migration.options import MigrationOptions
from kvmon.diagnose.migration.readiness import REASONS, Extent, Sampled, Samples, State, reasons
from kvmon.diagnose.migration.sides import Side
from kvmon.diagnose.migration.verdicts import KINDS, Tally
from kvmon.errors import TargetError, Unreachable
from kvmon.journal.store import Journal
from kvmon.model.conversation import Malformed, Unsupported
from kvmon.model.metrics.catalogue import migration as rows
from kvmon.model.metrics.sample import Sample
from kvmon.model.targets.target import Node, Target
from kvmon.tell.server.view import Topology
from kvmon.watch.scans.pacing import Budget

log = structlog.get_logger("kvmon")

SOON = 1.0
"""Seconds until the next try while a side cannot be asked at first."""

Whole = Callable[[str], tuple[Target, Sequence[Node], Topology] | None]
"""A target by name, with its nodes and how they belong together."""


class MigrationLoop:
    """Compares two targets as the options say. `whole` tells what there is of a target, `latest` what a node said last."""

    def __init__(self, options: MigrationOptions, *, journal: Journal, clock: Clock, whole: Whole, latest: Latest) -> None:
        self.options = options
        self._journal = journal
        self._clock = clock
        self._whole = whole
        self._latest = latest
        self._on = True
        self._sides: list[Side] = []
        self._changed = asyncio.Event()
        self._begin()

    def _begin(self) -> None:
        self._samples = Samples()
        self._state = State()
        self._why: dict[str, str] = reasons(self.options, self._state)
        self._examples: dict[str, list[str]] = {}
        self._at: float | None = None
        self._told: bool | None = None

    def take(self, options: MigrationOptions | None) -> None:
        """Compare as these say from now on, anew where they are others; None: not any more."""
        if options != (self.options if self._on else None):
            self._on = options is not None
            self.options = options or self.options
            self._begin()
            self._changed.set()

    async def run(self) -> NoReturn:
        """Compare until cancelled."""
        try:
            while True:
                self._changed.clear()
                if self._on:
                    await self._round()
                    await self._tell()
                else:
                    await self._close()
                    await self._changed.wait()
                with suppress(TimeoutError):
                    async with asyncio.timeout(SOON if self._at is None else self.options.every):
                        await self._changed.wait()
        finally:
            await self._close()

    def own_samples(self) -> list[Sample]:
        """What is known of it."""
        if not self._on:
            return []
        options, state = self.options, self._state
        name = options.name
        found = [
            Sample(rows.INFO, 1, (name, options.source, options.destination, options.mode)),
            Sample(rows.READY, not self._why, (name,)),
            *(Sample(rows.REASON, reason in self._why, (name, reason)) for reason in REASONS),
            Sample(rows.LOOKED, state.looked, (name,)),
            Sample(rows.COMPARED, self._samples.compared, (name,)),
            *(Sample(rows.DIFFERENCES, self._samples.total[kind], (name, kind)) for kind in KINDS),
        ]
        ratios = ((kind, state.ratio(kind)) for kind in KINDS)
        found += [Sample(rows.RATIO, ratio, (name, kind)) for kind, ratio in ratios if ratio is not None]
        for side, extent in (("source", state.source), ("destination", state.destination)):
            if extent is not None:
                found += [Sample(rows.KEYS, extent.keys, (name, side)), Sample(rows.MEMORY, extent.memory, (name, side))]
        if state.lag is not None:
            found.append(Sample(rows.LAG, state.lag, (name,)))
        if self._at is not None:
            found.append(Sample(rows.AT, self._at, (name,)))
        return found

    def document(self) -> dict[str, Any] | None:
        """The same for `/v1/migrations`; `at` is wall seconds, `examples` are names of keys. None: nothing is watched."""
        if not self._on:
            return None
        options, state = self.options, self._state
        return {
            "name": options.name,
            "source": options.source,
            "destination": options.destination,
            "mode": options.mode,
            "ready": not self._why,
            "reasons": self._why,
            "compared": state.looked,
            "ratios": {kind: state.ratio(kind) for kind in KINDS},
            "keys": {"source": _of(state.source, "keys"), "destination": _of(state.destination, "keys")},
            "memory_bytes": {"source": _of(state.source, "memory"), "destination": _of(state.destination, "memory")},
            "write_lag_seconds": state.lag,
            "at": self._at,
            "examples": self._examples,
        }

    async def _round(self) -> None:
        options = self.options
        try:
            source, destination = await self._both()
            held, there = await holdings(source), await holdings(destination)
            tally = Tally()
            looker = Looker(source, destination, tally, clock=self._clock, settle=options.settle, tolerance=options.ttl_tolerance)
            looked = sought = 0
            for db, names in (await draw(held, options.keys)).items():
                await looker.look(db, names)
                looked += len(names)
            await looker.settle()
            for db, names in (await draw(there, options.keys)).items():
                await looker.seek(db, names)
                sought += len(names)
            await looker.settle()
            lag = await self._lag(source, destination)
        except (TargetError, Unsupported, Malformed) as error:
            if options is self.options and self._on:
                self._state = replace(self._state, failure=str(error))
                self._why = reasons(options, self._state)
            await self._close()
            return
        if options is not self.options or not self._on:
            return  # it was of other targets
        self._at = self._clock.time()
        self._samples.add(Sampled(self._clock.monotonic(), looked, sought, dict(tally.differences)), options.over)
        self._examples = tally.examples or self._examples
        before, target = self._state.destination, self._whole(options.destination)
        limit = target[0].limit if target is not None else None
        extent = together(there, limit[0] if limit is not None else None)
        now_looked, now_sought, differences = self._samples.sums()
        self._state = State(
            now_looked, now_sought, differences, together(held), extent,
            evicted=max(0, extent.evicted - before.evicted) if before is not None else 0,
            lag=lag, lost=lag is not None and lag > PATIENCE,
        )  # fmt: skip
        self._why = reasons(options, self._state)

    async def _lag(self, source: Side, destination: Side) -> float | None:
        """None where nothing copies writes, or where nothing may be written."""
        found = self._whole(self.options.source)
        probe = found[0].probe if found is not None else None
        if self.options.mode != "replicate" or probe is None or probe.write_every is None:
            return None
        key = f"{PREFIX}{self.options.name}".encode()
        return await measured(source, destination, key, secrets.token_bytes(8), clock=self._clock, patience=PATIENCE)

    async def _both(self) -> Sequence[Side]:
        """The connections of before, unless shards are elsewhere now."""
        options = self.options
        budget = Budget(options.commands, options.server_time)
        sides = []
        for name in (options.source, options.destination):
            found = self._whole(name)
            if found is None:
                raise Unreachable("unreachable", f"there is no target {name} now")
            sides.append(side_of(*found, self._latest, budget=budget, clock=self._clock))
        if [_where(side) for side in sides] != [_where(side) for side in self._sides]:
            await self._close()
            self._sides = sides
        return self._sides

    async def _close(self) -> None:
        sides, self._sides = self._sides, []
        for side in sides:
            await side.close()

    async def _tell(self) -> None:
        """Log and keep that the verdict has turned."""
        ready = not self._why
        if ready == self._told or (self._told is None and not ready and "unreachable" in self._why and self._at is None):
            return
        self._told = ready
        options, text = self.options, "; ".join(self._why.values()) or "the destination can take the source's place"
        told = log.info if ready else log.warning
        told("the migration is ready" if ready else "the migration is not ready", migration=options.name, why=text)
        word = "ready" if ready else "not_ready"
        row = (self._clock.time(), "migration", options.destination, "", word, text, json.dumps({"reasons": list(self._why)}))

        def work(connection: sqlite3.Connection) -> None:
            query = "INSERT INTO events (at, kind, target, node, subject, text, data) VALUES (?, ?, ?, ?, ?, ?, ?)"
            connection.execute(query, row)

        await self._journal.commit(work)


PATIENCE = 5.0
"""Seconds after which a write that has not arrived is taken to be lost."""


def _where(side: Side) -> tuple[object, ...]:
    return side.name, tuple((door.instance, door.slots) for door in side.doors)


def _of(extent: Extent | None, name: str) -> int | None:
    return getattr(extent, name) if extent is not None else None
