"""Parts that only some configurations want: made, and even imported, when one first wants them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from kvmon.clock import Clock
from kvmon.config import Config
from kvmon.daemon.following import Following
from kvmon.daemon.notifying import NotifyLoop
from kvmon.daemon.polling import PollLoop
from kvmon.daemon.supervise import Loop, supervise
from kvmon.daemon.view import DaemonView
from kvmon.journal.store import Journal
from kvmon.model.snapshot import Snapshot
from kvmon.model.targets.target import Node, Target
from kvmon.tell.exposition.board import Board

if TYPE_CHECKING:
    from kvmon.daemon.maintenance import MaintenanceLoop
    from kvmon.daemon.tokens import TokenLoop
    from kvmon.tell.server.view import Topology


@dataclass(frozen=True, slots=True)
class Shelves:
    """What every daemon has, and a part may take from."""

    view: DaemonView
    board: Board
    journal: Journal
    polling: PollLoop
    following: Following
    notifying: NotifyLoop
    clock: Clock


class Parts:
    """Makes them, tells those that are there of a new configuration, and runs them, with the other loops that come `late`."""

    def __init__(self, shelves: Shelves, late: asyncio.Queue[Loop]) -> None:
        self._shelves = shelves
        self._late = late
        self._tokens: TokenLoop | None = None
        self._maintenance: MaintenanceLoop | None = None

    async def run(self) -> NoReturn:
        """Run what the configuration wants, now or after a reload; until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                group.create_task(supervise([await self._late.get()]))

    def reads(self, key: tuple[str, str]) -> tuple[int, int]:
        """Hits and misses of kvmon's own that do not go through polls."""
        loops = [loop for loop in (self._shelves.view.probing, self._shelves.view.scanning) if loop is not None]
        hits, misses = zip(*(loop.reads(key) for loop in loops), strict=True) if loops else ((), ())
        return sum(hits), sum(misses)

    def with_scans(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot with what scans found on its node."""
        scanning = self._shelves.view.scanning
        return scanning.with_found(snapshot) if scanning is not None else snapshot

    def attend(self, config: Config) -> None:
        """Keep tokens fresh, and hear what providers announce; what no target needs is not even imported."""
        shelves = self._shelves
        if self._tokens is not None:
            self._tokens.take(config.targets)
        elif any(target.credentials.auth is not None for target in config.targets):
            from kvmon.daemon.tokens import TokenLoop

            self._tokens = TokenLoop(config.targets)
            shelves.view.also(self._tokens.own_samples)
            self._late.put_nowait(self._tokens)
        if self._maintenance is not None:
            self._maintenance.take(config.targets)
        elif any(target.provider.announces for target in config.targets):
            from kvmon.daemon.maintenance import MaintenanceLoop

            self._maintenance = MaintenanceLoop(config.targets, journal=shelves.journal, clock=shelves.clock, expect=self._expect)
            shelves.view.also(self._maintenance.own_samples)
            self._late.put_nowait(self._maintenance)

    def probe(self, config: Config) -> None:
        """Probe the targets that want it; what nobody wants is not even imported."""
        shelves = self._shelves
        if shelves.view.probing is None:
            if all(target.probe is None for target in config.targets):
                return
            from kvmon.daemon.incidents import Incidents
            from kvmon.daemon.probing import ProbeLoop

            incidents = Incidents(
                shelves.journal,
                clock=shelves.clock,
                latest=shelves.board.latest,
                polling=shelves.polling,
                past=shelves.view.past,
            )
            shelves.view.incident_book = incidents
            shelves.view.probing = ProbeLoop(
                clock=shelves.clock, feed=shelves.view.feed, journal=shelves.journal, incidents=incidents
            )
            self._late.put_nowait(shelves.view.probing)
            if config.state_dir is not None:
                from kvmon.daemon.breakers_file import BreakersFile

                self._late.put_nowait(
                    BreakersFile(
                        config.state_dir,
                        verdicts=shelves.view.verdicts,
                        feed=shelves.view.feed,
                        clock=shelves.clock,
                    )
                )
        from kvmon.daemon.seats import seats

        following = shelves.following
        places = [seats(target, following.nodes(target), following.topology(target)) for target in config.targets]
        shelves.view.probing.apply((seat for found in places for seat in found), config.control)

    def scan(self, config: Config) -> None:
        """Go through the key spaces of targets that have workloads or name keys; what nobody wants is not even imported."""
        shelves = self._shelves
        targets = [target for target in config.targets if target.workloads or config.collectors_of(target).keys.wanted]
        if shelves.view.scanning is None:
            if not targets:
                return
            from kvmon.daemon.scanning import ScanLoop

            shelves.view.scanning = ScanLoop(journal=shelves.journal, clock=shelves.clock, latest=shelves.board.latest)
            shelves.view.also(shelves.view.scanning.own_samples)
            self._late.put_nowait(shelves.view.scanning)
        from kvmon.daemon.scanning import Wanted

        following = shelves.following
        shelves.view.scanning.apply(
            Wanted(
                target, config.collectors_of(target).keys, partial(following.nodes, target), partial(following.topology, target)
            )
            for target in targets
        )

    def judge(self, config: Config, url: str) -> None:
        """Evaluate the rules that there are; without any, nothing of them is imported."""
        shelves = self._shelves
        if shelves.view.judging is not None:
            shelves.view.judging.apply(config.rules, url)
        elif config.rules.groups:
            from kvmon.daemon.judging import JudgeLoop

            remembering = shelves.view.remembering
            shelves.view.judging = JudgeLoop(
                config.rules,
                window=remembering.window,
                pace=remembering.pace,
                clock=shelves.clock,
                journal=shelves.journal,
                take=shelves.notifying.take,
                url=url,
                delayed=config.window.delayed_name_removal,
            )
            shelves.view.also(shelves.view.judging.own_samples)
            self._late.put_nowait(shelves.view.judging)

    def migrate(self, config: Config) -> None:
        """Watch the migration that there is; without one, nothing of it is imported."""
        shelves = self._shelves
        options = config.migration
        if shelves.view.migrating is not None:
            shelves.view.migrating.take(options)
        elif options is not None:
            from kvmon.daemon.migrating import MigrationLoop

            shelves.view.migrating = MigrationLoop(
                options,
                journal=shelves.journal,
                clock=shelves.clock,
                whole=self._whole,
                latest=shelves.board.latest,
            )
            shelves.view.also(shelves.view.migrating.own_samples)
            self._late.put_nowait(shelves.view.migrating)

    def _expect(self, target: str, seconds: float) -> None:
        if self._shelves.view.probing is not None:
            self._shelves.view.probing.expect(target, seconds)

    def _whole(self, name: str) -> tuple[Target, Sequence[Node], Topology] | None:
        target = next((target for target in self._shelves.view.targets() if target.name == name), None)
        following = self._shelves.following
        return (target, following.nodes(target), following.topology(target)) if target is not None else None
