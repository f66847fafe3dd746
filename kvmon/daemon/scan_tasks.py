"""One place of a scan: its passes, its keys by name, and its channels, each on a connection of its own."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import NoReturn

import structlog

from kvmon.clock import Clock
from kvmon.errors import ProtocolBroken, TargetError
from kvmon.model.conversation import Malformed, Unsupported
from kvmon.model.metrics.sample import Sample
from kvmon.model.snapshot import Snapshot
from kvmon.model.targets.target import Node, Target
from kvmon.watch.collectors.keys import Keys
from kvmon.watch.collectors.server import Server, server_of
from kvmon.watch.scans import plan
from kvmon.watch.scans.channels import Heard, hear_channels
from kvmon.watch.scans.lookups import Named, look_up, named
from kvmon.watch.scans.pacing import Budget
from kvmon.watch.scans.shard import ShardScan
from kvmon.watch.scans.stress import stress
from kvmon.watch.scans.walking import Spent, Walker
from kvmon.watch.wire import Connection

log = structlog.get_logger("kvmon")

AGAIN, MOST = 2.0, 60.0
"""Seconds between tries after a failure: the first, and the most."""

TIMEOUT = 10.0
"""Seconds that one step may take: SCAN is asked for little, but a busy server answers late."""


@dataclass(slots=True)
class Scanned:
    """What is known of one shard. `samples` are of the node that is asked, `holding` tells why it is left alone now."""

    scan: ShardScan
    samples: Sequence[Sample] = ()
    holding: Callable[[], str] = lambda: ""
    passed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a pass is through: it may have found names."""


@dataclass(slots=True)
class Account:
    """What a target's scans have cost, and how often they failed, by reason."""

    spent: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    told: str = ""


class NodeScans:
    """What is done at one node. `latest` is its last snapshot."""

    def __init__(  # noqa: PLR0913 - what is made elsewhere is handed in, by name
        self,
        node: Node,
        keys: Keys,
        *,
        clock: Clock,
        latest: Callable[[], Snapshot | None],
        account: Account,
        spent: Spent,
        readonly: bool = False,
    ) -> None:
        self._node = node
        self._target: Target = node.target
        self._keys = keys
        self._clock = clock
        self._latest = latest
        self._account = account
        self._spent = spent
        self._readonly = readonly

    async def count(self, known: Scanned) -> NoReturn:
        """Pass after pass, until cancelled."""
        scan, every = known.scan, plan.every(self._target, self._keys)
        pause = AGAIN
        while True:
            if scan.current is None and scan.last is not None:
                # A clock that was set back must not make this wait for long.
                await asyncio.sleep(min(every, max(0.0, scan.last.began + every - self._clock.time())))
            current = scan.begin(self._node.instance, self._clock.time())
            done = False
            with self._failing("a pass over the keys was interrupted"):
                async with self._walker() as walker:
                    known.holding = lambda: walker.holding
                    await walker.walk(current)
                done = True
            known.holding = lambda: ""
            if done:
                pause = AGAIN
                scan.finish(self._clock.time())
                known.passed.set()
            else:
                await asyncio.sleep(pause)
                pause = min(MOST, 2 * pause)

    async def look(self, known: Scanned) -> NoReturn:
        """Ask about keys by name, again and again, until cancelled."""
        careful = False
        while True:
            began = self._clock.monotonic()
            with self._failing("keys could not be asked about"):
                try:
                    async with self._walker() as walker:
                        known.samples = await walker.talk(look_up(self._keys, self._wanted(known.scan), careful=careful))
                except ProtocolBroken as error:
                    if error.reason != "too_large" or careful:
                        raise
                    careful = True  # a stream whose first or last entry is huge
                    continue
            with suppress(TimeoutError):
                async with asyncio.timeout(max(AGAIN, began + self._keys.every - self._clock.monotonic())):
                    await known.passed.wait()
            known.passed.clear()

    async def hear(self, patterns: Sequence[tuple[str, str]], take: Callable[[Heard], object]) -> NoReturn:
        """Ask about channels; `patterns` are workloads with theirs."""
        while True:
            began = self._clock.monotonic()
            with self._failing("channels could not be asked about"):
                async with self._walker() as walker:
                    take(await walker.talk(hear_channels(patterns, sharded=self._server().version >= (7,))))
            await asyncio.sleep(max(AGAIN, began + min(60.0, self._target.scan.every) - self._clock.monotonic()))

    def _wanted(self, scan: ShardScan) -> dict[int, Named]:
        found = scan.last.names if scan.last is not None else {}
        names = {
            subject: [(bucket.db, name) for bucket, each in found.items() if bucket.subject == subject for name in sorted(each)]
            for subject in (plan.CHECK, plan.STREAM)
        }
        most = self._keys.most_keys
        return named(self._keys, names[plan.CHECK][:most], names[plan.STREAM][:most])

    def _server(self) -> Server:
        snapshot = self._latest()
        return server_of(snapshot.facts if snapshot is not None else {})

    def _walker(self) -> _Opened:
        server = self._server()
        quiet = server.software == "valkey" or server.version >= (7, 2, 0)
        budget = Budget(self._target.scan.commands, self._target.scan.share)
        link = Connection(self._node, clock=self._clock)
        return _Opened(
            link,
            Walker(
                link, budget, clock=self._clock, timeout=max(TIMEOUT, self._target.timeout), spent=self._spent,
                greeting=[*([("READONLY",)] if self._readonly else []), *([("CLIENT", "NO-TOUCH", "ON")] if quiet else [])],
                held=lambda: stress(self._latest()),
            ),
        )  # fmt: skip

    @contextmanager
    def _failing(self, what: str) -> Iterator[None]:
        """A failure of the server's is counted and told once, until another comes."""
        try:
            yield
        except (TargetError, Unsupported) as error:
            self._fail(what, error.reason, str(error))
        except Malformed as error:
            self._fail(what, "protocol", str(error))

    def _fail(self, what: str, reason: str, error: str) -> None:
        self._account.failures[reason] += 1
        if self._account.told != reason:
            self._account.told = reason
            log.warning(what, target=self._target.name, instance=self._node.instance, reason=reason, error=error)


class _Opened:
    """A walker whose connection is closed at the end."""

    def __init__(self, link: Connection, walker: Walker) -> None:
        self._link = link
        self._walker = walker

    async def __aenter__(self) -> Walker:
        return self._walker

    async def __aexit__(self, *_: object) -> None:
        await self._link.close()
