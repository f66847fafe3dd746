"""What the door needs of the daemon: a protocol that the daemon implements and tests build from plain values."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from kvmon.clock import Clock
from kvmon.model.evidence import Op, Override, Report, Verdicts
from kvmon.model.metrics.sample import Sample
from kvmon.model.snapshot import Capability, Snapshot
from kvmon.model.targets.target import Node, Target
from kvmon.tell.exposition.board import Board
from kvmon.tell.server.feed import Feed
from kvmon.tell.server.inbox import Inbox
from kvmon.tell.server.options import WebOptions
from kvmon.tell.server.pages.past import Past

if TYPE_CHECKING:
    from kvmon.judge.promql import Engine
    from kvmon.judge.promql.pace import Pace
    from kvmon.judge.rules.status import GroupStatus
    from kvmon.judge.window.window import Window
    from kvmon.tell.notify.notifier import Notifier


@dataclass(frozen=True, slots=True)
class Check:
    """One thing about the daemon itself, never about a backend. `name` is a lower-case word, `detail` a sentence if not ok."""

    name: str
    ok: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """A node's place in its target. `shard` is empty where nothing is sharded, `slots` are ranges with both ends."""

    node: Node
    shard: str = ""
    slots: Sequence[tuple[int, int]] = ()
    flags: Sequence[str] = ()
    configured: bool = True


@dataclass(frozen=True, slots=True)
class Topology:
    """How a target's nodes belong together. `kind`: standalone, replicas or cluster; `members` where nodes are looked for."""

    kind: str
    members: Sequence[Member] = ()


@dataclass(frozen=True, slots=True)
class SlowCommand:
    """An entry of a slow log, without arguments; `shape` is its key without what varies. `at` wall seconds, `seconds` it took."""

    instance: str
    id: int
    at: float
    seconds: float
    command: str
    arguments: int = 0
    shape: str = ""


@dataclass(frozen=True, slots=True)
class LargeCommand:
    """An entry of Valkey's command log of large requests or replies (`log`): `size` bytes; else as SlowCommand."""

    log: str
    instance: str
    at: float
    size: float
    command: str
    arguments: int = 0
    shape: str = ""


class View(Protocol):
    """The daemon as the door sees it. What is no coroutine answers at once, from memory."""

    @property
    def options(self) -> WebOptions:
        """The options in force; a reload may change them."""

    @property
    def board(self) -> Board:
        """The latest page of every node."""

    @property
    def feed(self) -> Feed:
        """Changes of breakers as they come."""

    @property
    def inbox(self) -> Inbox:
        """What applications and people told so far."""

    @property
    def past(self) -> Past:
        """The last hour of a few numbers of every node."""

    @property
    def clock(self) -> Clock:
        """For ages and timestamps."""

    @property
    def started(self) -> float:
        """Wall seconds when the daemon started."""

    @property
    def version(self) -> str:
        """The version of kvmon."""

    def targets(self) -> Sequence[Target]:
        """All targets, in the configured order."""

    def nodes(self, target: Target) -> Sequence[Node]:
        """The target's nodes: configured, or found by topology."""

    def topology(self, target: Target) -> Topology:
        """How they belong together."""

    def default_target(self) -> Target | None:
        """The target that the guide's documents speak of where a request names none."""

    def own_samples(self) -> Sequence[Sample]:
        """The daemon's own series, without node labels."""

    def slow_commands(self, target: Target) -> Sequence[SlowCommand]:
        """The latest slow commands, newest first."""

    def large_commands(self, target: Target) -> Sequence[LargeCommand]:
        """The latest large requests and replies; none where the server keeps no log of them."""

    def capabilities(self, node: Node) -> Sequence[Capability]:
        """What of the node can be asked; nothing before its first answer."""

    def canary_lag(self, node: Node) -> float | None:
        """Seconds that a replica is behind by its canary; None where it is not probed, or not known."""

    def verdicts(self, reporter: str = "") -> Verdicts:
        """What the breakers of probed targets say now, as this reporter should have it."""

    async def incidents(self, target: str | None, limit: int) -> list[dict[str, Any]]:
        """What was true when breakers opened, the newest first; `at` is wall seconds."""

    async def events(self, target: str | None, limit: int) -> list[dict[str, Any]]:
        """What happened, the newest first; `at` is wall seconds."""

    def workloads(self, target: Target) -> dict[str, Any]:
        """What scans have counted there; `at` is wall seconds or None, `biggest` names keys."""

    def migrations(self) -> list[dict[str, Any]]:
        """What is known of migrations that are watched; `at` is wall seconds, `examples` are names of keys."""

    def report(self, report: Report) -> int:
        """Take what an application saw; how many calls were of breakers that there are."""

    async def override(self, key: tuple[str, Op, str], override: Override | None) -> bool:
        """Let a person decide about a breaker, or itself again (None); False where there is no such breaker or decision."""

    def notifier(self) -> Notifier | None:
        """The one of kvmon itself; None where none is configured."""

    def startup(self) -> Sequence[Check]:
        """Whether it has come up: configuration read, first polls made or tried."""

    def readiness(self) -> Sequence[Check]:
        """Whether it can do its work now: its loops run, its event loop keeps up."""

    @property
    def window(self) -> Window:
        """The recent history. Where nothing wanted it before it begins now, with the last poll of every node."""

    @property
    def pace(self) -> Pace:
        """What queries run by, so that they hold up nobody."""

    @property
    def engine(self) -> Engine:
        """How queries are evaluated."""

    def rules(self) -> Sequence[GroupStatus]:
        """The rules that are evaluated, by group, with what they came to."""

    async def catch_up(self, targets: Collection[str] | None, *, within: float) -> None:
        """With `poll: on_scrape`: polls of these targets (None: all) that are due, as far as they are done in so many seconds."""

    async def scrape(self, node: Node) -> Snapshot:
        """A snapshot of a known node: the last poll's if it is recent, else of a poll made now. Never raises TargetError."""

    async def scrape_url(self, url: str) -> Snapshot:
        """A poll of a URL that `scrape_allow` allows, with no credentials but those in it. Never raises TargetError."""

    async def measure(self, target: Target) -> float:
        """Seconds of one SET (`EX 10`) and GET of a key `health:test:…` on the primary. Raises TargetError."""

    async def reload(self) -> None:
        """Read the configuration again. Raises UsageError, and then the old one stays."""
