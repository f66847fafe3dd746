"""A daemon as the door sees it, made of plain values."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kvmon.clock import ManualClock
from kvmon.errors import TargetError, UsageError
from kvmon.judge.promql import Engine
from kvmon.judge.promql.pace import Pace
from kvmon.judge.rules.status import GroupStatus
from kvmon.judge.window.window import Window
from kvmon.model.evidence import Op, Override, Report, Verdict, Verdicts
from kvmon.model.metrics.sample import Sample
from kvmon.model.snapshot import Capability, Snapshot
from kvmon.model.targets.address import parse_url
from kvmon.model.targets.target import Node, Target
from kvmon.tell.exposition.board import Board
from kvmon.tell.notify.notifier import Notifier
from kvmon.tell.server.feed import Feed
from kvmon.tell.server.inbox import Inbox
from kvmon.tell.server.options import WebOptions
from kvmon.tell.server.pages.past import Past
from kvmon.tell.server.view import Check, LargeCommand, SlowCommand, Topology
from tests.tell import examples


@dataclass
class Seen:
    """Implements View. Attributes are what a test sets."""

    known: list[Target] = field(default_factory=list)
    options: WebOptions = field(default_factory=WebOptions)
    board: Board = field(default_factory=Board)
    feed: Feed = field(default_factory=lambda: Feed("boot"))
    clock: Any = field(default_factory=ManualClock)
    inbox: Inbox = field(init=False)
    past: Past = field(init=False)
    started: float = 1_699_999_000.0
    version: str = "0.1.0"
    ready: Sequence[Check] = (Check("loops", ok=True),)
    judged: Verdicts = field(default_factory=lambda: Verdicts("epoch", 0))
    able: Sequence[Capability] = ()
    slow: Sequence[SlowCommand] = ()
    large: Sequence[LargeCommand] = ()
    own: Sequence[Sample] = ()
    shape: Topology = field(default_factory=lambda: Topology("standalone"))
    latency: float | TargetError = 0.0031
    own_notifier: Notifier | None = None
    refused: UsageError | None = None
    hangs: bool = False
    reloads: int = 0
    asked: list[str] = field(default_factory=list)
    caught_up: list[tuple[Collection[str] | None, float]] = field(default_factory=list)

    behind: dict[str, float] = field(default_factory=dict)
    history: Window = field(default_factory=Window)
    evaluated: Sequence[GroupStatus] = ()
    happened: list[dict[str, Any]] = field(default_factory=list)
    moving: Sequence[dict[str, Any]] = ()
    reported: list[Report] = field(default_factory=list)
    alone: list[Verdict] = field(default_factory=list)
    decided: dict[tuple[str, Op, str], Override | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.inbox = Inbox(clock=self.clock)
        self.past = Past(clock=self.clock)

    @property
    def window(self) -> Window:
        return self.history

    def rules(self) -> Sequence[GroupStatus]:
        return self.evaluated

    @property
    def engine(self) -> Engine:
        return Engine()

    @property
    def pace(self) -> Pace:
        return Pace(self.clock)

    async def incidents(self, target: str | None, limit: int) -> list[dict[str, Any]]:
        return [each for each in self.happened if target in (None, each["target"])][:limit]

    async def events(self, target: str | None, limit: int) -> list[dict[str, Any]]:
        del target, limit
        return []

    def workloads(self, target: Target) -> dict[str, Any]:
        return {
            "target": target.name,
            "at": 1_700_000_000.0,
            "workloads": [{"name": "logins"}],
            "biggest": [{"name": "session:1"}],
        }

    def migrations(self) -> list[dict[str, Any]]:
        return [dict(each) for each in self.moving]

    def report(self, report: Report) -> int:
        self.reported.append(report)
        return sum(outcome.count for outcome in report.outcomes)

    async def override(self, key: tuple[str, Op, str], override: Override | None) -> bool:
        if override is None:
            return self.decided.pop(key, None) is not None
        self.decided[key] = override
        return any((each.target, each.op) == key[:2] for each in self.judged.all)

    def targets(self) -> Sequence[Target]:
        return self.known

    def nodes(self, target: Target) -> Sequence[Node]:
        return target.nodes

    def topology(self, target: Target) -> Topology:
        return self.shape if target is self.known[0] else Topology("standalone")

    def default_target(self) -> Target | None:
        return self.known[0] if self.known else None

    def own_samples(self) -> Sequence[Sample]:
        return [*(Sample(examples.OWN, 5, (target.name,)) for target in self.known), *self.own]

    def slow_commands(self, target: Target) -> Sequence[SlowCommand]:
        return self.slow if target is self.known[0] else ()

    def large_commands(self, target: Target) -> Sequence[LargeCommand]:
        return self.large if target is self.known[0] else ()

    def capabilities(self, node: Node) -> Sequence[Capability]:
        return self.able if node.target is self.known[0] else ()

    def canary_lag(self, node: Node) -> float | None:
        return self.behind.get(node.instance)

    def verdicts(self, reporter: str = "") -> Verdicts:
        mine = {(own.target, own.op, own.shard): own for own in self.alone if own.reporter == reporter}
        return replace(self.judged, all=[mine.get((each.target, each.op, each.shard), each) for each in self.judged.all])

    def notifier(self) -> Notifier | None:
        return self.own_notifier

    def startup(self) -> Sequence[Check]:
        return self.ready

    def readiness(self) -> Sequence[Check]:
        return self.ready

    async def catch_up(self, targets: Collection[str] | None, *, within: float) -> None:
        self.caught_up.append((targets, within))

    async def scrape(self, node: Node) -> Snapshot:
        self.asked.append(str(node))
        return self.board.latest(node.key) or examples.snapshot(node, up=False, given=[])

    async def scrape_url(self, url: str) -> Snapshot:
        self.asked.append(url)
        address = parse_url(url).address
        return examples.snapshot(Node(Target("", (address,)), address))

    async def measure(self, target: Target) -> float:
        self.asked.append(target.name)
        if self.hangs:
            await asyncio.Event().wait()
        if isinstance(self.latency, TargetError):
            raise self.latency
        return self.latency

    async def reload(self) -> None:
        if self.refused:
            raise self.refused
        self.reloads += 1


def seen(**options: object) -> Seen:
    """Two targets: `sessions` is up, `jobs` is down."""
    up = examples.node()
    down = examples.node("jobs", "jobs.example.net")
    view = Seen([up.target, down.target], WebOptions(**options))
    view.board.put(examples.snapshot(up))
    view.board.put(examples.snapshot(down, [Sample(examples.UP, 0)], up=False, failures=[examples.DOWN]))
    return view
