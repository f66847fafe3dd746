"""The daemon's life: everything is made and joined here, runs until a signal, and ends together."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from kvmon.clock import SystemClock
from kvmon.config import Config
from kvmon.daemon.door import Door
from kvmon.daemon.following import Following
from kvmon.daemon.garbage import Garbage
from kvmon.daemon.memories import Memories
from kvmon.daemon.namespace import in_namespace
from kvmon.daemon.node_journal import NodeJournal
from kvmon.daemon.notifying import NotifyLoop
from kvmon.daemon.parts import Parts, Shelves
from kvmon.daemon.polling import PollLoop
from kvmon.daemon.pushing import PushLoop
from kvmon.daemon.reloading import FileWatch
from kvmon.daemon.slow_log import SlowLog
from kvmon.daemon.supervise import Loop, supervise
from kvmon.daemon.view import DaemonView
from kvmon.errors import UsageError
from kvmon.journal.store import Journal
from kvmon.model.metrics.catalogue.daemon import JOURNAL_OK
from kvmon.model.metrics.sample import Sample
from kvmon.model.snapshot import Snapshot
from kvmon.model.targets.target import Node
from kvmon.tell.exposition.board import Board
from kvmon.watch.collectors import Collectors

if TYPE_CHECKING:
    from kvmon.daemon.discovering import DiscoveryLoop

log = structlog.get_logger("kvmon")


class Daemon:
    """One daemon: the loops, the shelves between them, and the door."""

    def __init__(self, load: Callable[[], Config], config: Config, listen: str) -> None:
        self._load = load
        self._clock = SystemClock()
        self._given = config
        self._discovering: DiscoveryLoop | None = None
        self._late: asyncio.Queue[Loop] = asyncio.Queue()
        config = self._config = self._with_found(config)
        self._journal = Journal.open(Path(config.state_dir) if config.state_dir else None)
        self._board = Board()
        self._put = in_namespace(config.namespace, self._board.put)
        self._slow_log = SlowLog(self._journal, clock=self._clock)
        self._polling = PollLoop(
            clock=self._clock,
            on_snapshot=self._seen,
            on_forget=self._forget,
            reads=lambda key: self._parts.reads(key),  # noqa: PLW0108 - the parts are made later
            remembered=self._slow_log.remembered,
            more=lambda snapshot: self._parts.with_scans(snapshot),  # noqa: PLW0108 - as above
        )
        self._memories = Memories(self._polling.memory)
        self._events = NodeJournal(self._journal, clock=self._clock, settings=self._memories.settings)
        self._following = Following(clock=self._clock, changed=self._regrouped)
        self._following.take(config.targets)
        self._view = DaemonView(
            config,
            board=self._board,
            polling=self._polling,
            following=self._following,
            clock=self._clock,
            reload=self._reload,
        )
        self._pushing = PushLoop(
            config.datadog,
            clock=self._clock,
            snapshots=self._board.snapshots,
            own=self._view.own_samples,
            slow_log=self._slow_log,
            state_dir=config.state_dir,
        )
        self._view.also(self._pushing.own_samples)
        self._view.also(self._journal_samples)
        self._notifying = NotifyLoop(
            config.alerting,
            journal=self._journal,
            clock=self._clock,
            version=self._view.version,
            watch=self._pushing.notice,
        )
        self._view.also(self._own_samples)
        self._view.also(self._notifying.own_samples)
        self._view.notifying = self._notifying
        shelves = Shelves(self._view, self._board, self._journal, self._polling, self._following, self._notifying, self._clock)
        self._parts = Parts(shelves, self._late)
        self._url = ""
        self._door = Door(self._view, listen)

    async def run(self) -> None:
        """Open the door, start the loops, wait for a signal, end everything."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        reloads: set[asyncio.Task[None]] = set()

        def hangup() -> None:
            task = loop.create_task(self._reload_quietly("SIGHUP"))
            reloads.add(task)
            task.add_done_callback(reloads.discard)

        loop.add_signal_handler(signal.SIGHUP, hangup)
        try:
            where = await self._door.open(self._config.web)
            self._view.remembering.instance = self._config.window.instance or where
            await self._slow_log.load()
            self._url = f"http://{where}"
            self._watch()
            self._judge()
            log.info(
                "kvmon is running",
                page=f"{'https' if self._config.web.cert else 'http'}://{where}/",
                targets=len(self._config.targets),
                version=self._view.version,
            )
            async with asyncio.TaskGroup() as group:
                loops = group.create_task(supervise(self._loops()))
                late = group.create_task(self._parts.run())
                await stop.wait()
                loops.cancel()
                late.cancel()
        finally:
            await self._door.close()
            await self._polling.close()
            await self._journal.close()
            log.info("kvmon has stopped")

    def _members(self) -> list[tuple[Node, Collectors]]:
        following, targets = self._following, self._config.targets
        self._events.nodes((target.name, frozenset(node.instance for node in following.nodes(target))) for target in targets)
        return [
            (node, self._config.collectors_of(target))
            for target in self._config.targets
            for node in self._following.nodes(target)
        ]

    def _seen(self, snapshot: Snapshot) -> None:
        self._put(snapshot)
        self._following.seen(snapshot)
        self._events.seen(snapshot)
        if (put := self._board.latest(snapshot.node.key)) is not None:
            self._view.remembering.seen(put)
            self._view.past.seen(put)
        self._slow_log.seen(snapshot.node, self._memories.slow_log(snapshot.node))

    def _forget(self, key: tuple[str, str]) -> None:
        self._board.forget(key)
        self._events.forget(key)
        self._view.remembering.forget(key)
        self._view.past.forget(key)
        self._slow_log.forget(key)

    def _regrouped(self) -> None:
        """A target has other nodes, or its slots lie elsewhere."""
        self._polling.apply(self._members())
        self._parts.probe(self._config)

    def _journal_samples(self) -> list[Sample]:
        return [Sample(JOURNAL_OK, self._journal.ok)] if self._journal.folder is not None else []

    def _loops(self) -> list[Loop]:
        watch = FileWatch(lambda: self._config.files, self._reload_quietly)
        return [
            self._polling,
            self._following,
            self._view.remembering,
            self._pushing,
            self._slow_log,
            self._events,
            self._notifying,
            Garbage(clock=self._clock),
            watch,
        ]

    async def _reload_quietly(self, cause: str) -> None:
        with suppress(UsageError):
            await self._reload(cause)

    async def _reload(self, cause: str = "POST /-/reload") -> None:
        try:
            config = self._load()
            self._door.renew(config.web)
        except UsageError as error:
            log.warning("the configuration was not taken, the old one stays", cause=cause, error=str(error))
            raise
        for word in ("event_loop", "listen", "namespace", "state_dir", "window"):
            old, new = getattr(self._config, word), getattr(config, word)
            if old != new:
                log.warning("a changed option needs a restart", option=word, old=old, new=new)
        self._given = config
        self._retarget()
        self._pushing.take(config.datadog)
        self._notifying.apply(config.alerting)
        self._judge()
        log.info("the configuration was read again", cause=cause, targets=len(self._config.targets))

    def _retarget(self) -> None:
        """Watch the targets that the configuration and its documents name now."""
        config = self._config = self._with_found(self._given)
        self._view.take(config)
        self._following.take(config.targets)
        self._watch()

    def _watch(self) -> None:
        self._parts.attend(self._config)
        self._polling.on_scrape = self._config.poll == "on_scrape"
        self._polling.apply(self._members())
        self._parts.probe(self._config)
        self._parts.scan(self._config)

    def _judge(self) -> None:
        self._parts.judge(self._config, self._config.alerting.external_url or self._url)
        self._parts.migrate(self._config)

    def _with_found(self, config: Config) -> Config:
        if config.discovery is None:
            if self._discovering is not None:
                self._discovering.apply(None)
            return config
        if self._discovering is None:
            from kvmon.daemon.discovering import DiscoveryLoop

            self._discovering = DiscoveryLoop(config.discovery, changed=self._retarget, clock=self._clock)
            self._late.put_nowait(self._discovering)
        self._discovering.apply(config.discovery)
        return config.with_found(self._discovering.targets)

    def _own_samples(self) -> list[Sample]:
        found = [*self._discovering.own_samples()] if self._discovering is not None else []
        part = self._config.part
        if part is not None:
            from kvmon.model.metrics.catalogue.discovery import SHARD

            found.append(Sample(SHARD, 1, (str(part.number), str(part.of))))
        return found
