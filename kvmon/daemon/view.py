"""The daemon as its door sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from importlib.metadata import version
from platform import python_version
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from kvmon.clock import Clock
from kvmon.config import Config
from kvmon.daemon.elsewhere import scrape_elsewhere
from kvmon.daemon.following import Following
from kvmon.daemon.measure import measure, to_measure
from kvmon.daemon.memories import Memories
from kvmon.daemon.polling import PollLoop
from kvmon.daemon.remembering import WindowLoop
from kvmon.model.evidence import Op, Override, Report, Verdicts
from kvmon.model.metrics.catalogue.breakers import FOLLOWERS
from kvmon.model.metrics.catalogue.daemon import BUILD_INFO
from kvmon.model.metrics.sample import Sample
from kvmon.model.snapshot import Capability, Snapshot
from kvmon.model.targets.target import Node, Target
from kvmon.tell.exposition.board import Board
from kvmon.tell.exposition.process import ProcessMetrics
from kvmon.tell.server.feed import Feed
from kvmon.tell.server.inbox import Inbox
from kvmon.tell.server.options import WebOptions
from kvmon.tell.server.pages.past import Past
from kvmon.tell.server.view import Check, LargeCommand, SlowCommand, Topology

if TYPE_CHECKING:
    from kvmon.daemon.incidents import Incidents
    from kvmon.daemon.judging import JudgeLoop
    from kvmon.daemon.migrating import MigrationLoop
    from kvmon.daemon.notifying import NotifyLoop
    from kvmon.daemon.probing import ProbeLoop
    from kvmon.daemon.scanning import ScanLoop
    from kvmon.judge.promql import Engine
    from kvmon.judge.promql.pace import Pace
    from kvmon.judge.rules.status import GroupStatus
    from kvmon.judge.window.window import Window
    from kvmon.tell.notify.notifier import Notifier

LAG_LIMIT = 5.0
"""Seconds: an event loop that is later than this does not do its work."""


class DaemonView:
    """Answers the door from the board and the poll loop. Its configuration changes with a reload."""

    def __init__(  # noqa: PLR0913 - what the door may ask about
        self,
        config: Config,
        *,
        board: Board,
        polling: PollLoop,
        following: Following,
        clock: Clock,
        reload: Callable[[], Awaitable[None]],
    ) -> None:
        self.board = board
        self.clock = clock
        self.feed = Feed()
        self.inbox = Inbox(clock=clock)
        self._memories = Memories(polling.memory)
        self.past = Past(
            clock=clock,
            steps=lambda key: self.probing.steps(key) if self.probing is not None else {},
            latencies=self._memories.latencies,
        )
        self.started = clock.time()
        self.version = version("kvmon")
        self._polling = polling
        self._others: list[Callable[[], Sequence[Sample]]] = []
        self._following = following
        self._reload = reload
        self.probing: ProbeLoop | None = None
        self.incident_book: Incidents | None = None
        self.remembering = WindowLoop(
            config.window, clock=clock, interval=config.interval, snapshots=board.snapshots, own=self.own_samples,
            process=ProcessMetrics().values, state_dir=config.state_dir,
        )  # fmt: skip
        self.also(self.remembering.own_samples)
        self.notifying: NotifyLoop | None = None
        self.judging: JudgeLoop | None = None
        self.migrating: MigrationLoop | None = None
        self.scanning: ScanLoop | None = None
        self._came_up = False
        self.take(config)

    def take(self, config: Config) -> None:
        """Answer from this configuration from now on."""
        self.config = config
        self._options = WebOptions(
            tokens=config.web.tokens,
            users={name: SecretStr(digest) for name, digest in config.web.users.items()},
            scrape_allow=config.scrape_allow,
            refresh=config.interval,
        )

    def also(self, samples: Callable[[], Sequence[Sample]]) -> None:
        """One more part of the daemon that says something about itself."""
        self._others.append(samples)

    @property
    def options(self) -> WebOptions:
        """See View."""
        return self._options

    def targets(self) -> Sequence[Target]:
        """See View."""
        return self.config.targets

    def nodes(self, target: Target) -> Sequence[Node]:
        """See View."""
        return self._following.nodes(target)

    def topology(self, target: Target) -> Topology:
        """See View."""
        return self._following.topology(target)

    def default_target(self) -> Target | None:
        """See View."""
        name = self.config.default_target
        return self.config.target(name) if name else next(iter(self.config.targets), None)

    def own_samples(self) -> Sequence[Sample]:
        """See View."""
        probing = self.probing.own_samples() if self.probing is not None else []
        probing += [*self.inbox.samples(), Sample(FOLLOWERS, self.feed.followers)]
        others = [sample for samples in self._others for sample in samples()]
        build = Sample(BUILD_INFO, 1, (self.version, python_version()))
        return [*self._polling.own_samples(), *self._following.samples(), *probing, *others, build]

    def canary_lag(self, node: Node) -> float | None:
        """See View."""
        return self.probing.lag(node.key) if self.probing is not None else None

    def verdicts(self, reporter: str = "") -> Verdicts:
        """See View."""
        return self.probing.verdicts(reporter) if self.probing is not None else Verdicts(self.feed.boot, self.feed.index)

    async def incidents(self, target: str | None, limit: int) -> list[dict[str, Any]]:
        """See View."""
        return await self.incident_book.recent(target, limit) if self.incident_book is not None else []

    async def events(self, target: str | None, limit: int) -> list[dict[str, Any]]:
        """See View."""
        return await self.incident_book.events(target, limit) if self.incident_book is not None else []

    def workloads(self, target: Target) -> dict[str, Any]:
        """See View."""
        if self.scanning is None:
            return {"target": target.name, "at": None, "workloads": [], "biggest": []}
        return self.scanning.document(target)

    def migrations(self) -> list[dict[str, Any]]:
        """See View."""
        document = self.migrating.document() if self.migrating is not None else None
        return [document] if document is not None else []

    def report(self, report: Report) -> int:
        """See View."""
        return self.probing.report(report) if self.probing is not None else 0

    async def override(self, key: tuple[str, Op, str], override: Override | None) -> bool:
        """See View."""
        return self.probing is not None and await self.probing.override(key, override)

    def slow_commands(self, target: Target) -> Sequence[SlowCommand]:
        """See View."""
        found = [command for node in self.nodes(target) for command in self._memories.slow_commands(node)]
        return sorted(found, key=lambda command: command.at, reverse=True)

    def large_commands(self, target: Target) -> Sequence[LargeCommand]:
        """See View."""
        return [command for node in self.nodes(target) for command in self._memories.large_commands(node)]

    def capabilities(self, node: Node) -> Sequence[Capability]:
        """See View."""
        return self._polling.capabilities(node)

    def notifier(self) -> Notifier | None:
        """See View."""
        return self.notifying.notifier if self.notifying is not None else None

    def startup(self) -> Sequence[Check]:
        """See View."""
        # Once only: what documents name later is no reason to take traffic from a daemon that works.
        missing: list[Node] = []
        if not self._came_up:
            missing = [node for target in self.config.targets for node in target.nodes if self.board.latest(node.key) is None]
            self._came_up = not missing
        detail = f"{len(missing)} nodes have not been polled yet, {missing[0]} for one" if missing else ""
        return (Check("first_polls", not missing, detail),)

    def readiness(self) -> Sequence[Check]:
        """See View."""
        lag = self._polling.lag
        late = lag > LAG_LIMIT
        return (*self.startup(), Check("event_loop", not late, f"the event loop is {lag:.1f} s late" if late else ""))

    @property
    def window(self) -> Window:
        """See View."""
        return self.remembering.window

    @property
    def pace(self) -> Pace:
        """See View."""
        return self.remembering.pace

    @property
    def engine(self) -> Engine:
        """See View."""
        # Here, as what nobody asks is not imported.
        from kvmon.judge.promql import Engine

        return Engine(step=self.config.rules.interval, delayed=self.config.window.delayed_name_removal)

    def rules(self) -> Sequence[GroupStatus]:
        """See View."""
        return self.judging.status() if self.judging is not None else ()

    async def catch_up(self, targets: Collection[str] | None, *, within: float) -> None:
        """See View."""
        if self._polling.on_scrape:
            await self._polling.poll_due(targets, within=within)

    async def scrape(self, node: Node) -> Snapshot:
        """See View."""
        latest = self.board.latest(node.key)
        if latest is not None and self.clock.time() - latest.at < node.target.interval:
            return latest
        return await self._polling.poll_now(node)

    async def scrape_url(self, url: str) -> Snapshot:
        """See View."""
        return await scrape_elsewhere(url, self.config, self.clock)

    async def measure(self, target: Target) -> float:
        """See View."""
        node = to_measure(target, self.nodes(target), self.board.latest)
        return await measure(replace(node, target=replace(node.target, timeout=target.timeout)), self.clock)

    async def reload(self) -> None:
        """See View."""
        await self._reload()
