"""The breakers that probed nodes share: one for each op of each shard, and who is heard for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from kvmon.clock import Clock
from kvmon.daemon.seats import Seat, host_of
from kvmon.judge.breakers.board import BreakerBoard, Told
from kvmon.judge.breakers.breaker import Backoff, Breaker
from kvmon.judge.breakers.overrides import Overrides
from kvmon.judge.breakers.panel import RANKS, Panel
from kvmon.judge.breakers.tilt import Tilt
from kvmon.model.evidence import OPS, Evidence, Op, Report, Verdicts
from kvmon.model.targets.target import Probe

LEASE = 10.0
"""Seconds without evidence after which nothing is known, unless probes come more rarely."""

Key = tuple[str, Op, str]


class Shards:
    """Takes evidence of nodes to the breakers of their shards, unless `tilt` has it that it is not to be believed."""

    def __init__(self, *, clock: Clock, epoch: str, told: Told, tilt: Tilt) -> None:
        self._clock = clock
        self._tilt = tilt
        self._board = BreakerBoard(clock=clock, epoch=epoch, told=told)
        self._panels: dict[Key, Panel] = {}

    def apply(self, seats: Iterable[Seat]) -> None:
        """Keep the breakers of these places; those that are known go on."""
        seats = list(seats)
        wanted = {
            (seat.node.target.name, op, seat.shard): (seat, every)
            for seat in seats
            if (options := seat.node.target.probe) is not None
            for op, every in _rhythm(options)
        }
        members: dict[tuple[str, str], set[str]] = {}
        for seat in seats:
            members.setdefault((seat.node.target.name, seat.shard), set()).add(seat.node.instance)
        for key in self._panels.keys() - wanted.keys():
            del self._panels[key]
            self._board.forget(key)
        for key, (seat, every) in wanted.items():
            panel = self._panels.setdefault(key, Panel(2 * every))
            panel.fresh, panel.members = 2 * every, frozenset(members[key[0], key[2]])
            self._board.add(key, stale_after=max(LEASE, 3 * every), slots=seat.slots, rules=seat.node.target.breaker)

    def leave(self, seat: Seat) -> None:
        """The node is no more, or no longer there."""
        for op in OPS:
            panel = self._panels.get((seat.node.target.name, op, seat.shard))
            if panel is not None:
                panel.forget(seat.node.instance)

    def breakers(self, seat: Seat) -> list[Breaker]:
        """The breakers for which the node answers, as they are now."""
        found = (self._board.breaker((seat.node.target.name, op, seat.shard)) for op in OPS)
        return [breaker for breaker in found if breaker is not None]

    def take(self, seat: Seat, evidence: Evidence, role: str) -> bool:
        """Judge what a node with this role came to; whether it leaves its breaker in doubt."""
        key = (evidence.target, evidence.op, seat.shard)
        panel = self._panels.get(key)
        if panel is None or not self._believed(seat, evidence):
            return False
        heard = panel.hear(evidence, 0 if seat.reads and evidence.op == "read" else RANKS[role])
        if heard is None:
            return False
        if self._tilt.late(self._clock.monotonic()):
            heard = replace(heard, tainted=True)
        now = self._board.take(heard, seat.shard)
        return now is not None and now.doubtful

    def _believed(self, seat: Seat, evidence: Evidence) -> bool:
        now = self._clock.monotonic()
        if evidence.ok:
            return not self._tilt.on(now)
        return self._tilt.believes(host_of(seat.node), now)

    def backoff(self, key: Key) -> Backoff:
        """What the breaker has learned about reopening."""
        breaker = self._board.breaker(key)
        return breaker.backoff if breaker is not None else Backoff()

    def resume(self, key: Key, kept: Backoff) -> None:
        """Go on from before a restart."""
        self._board.resume(key, kept)

    def hear(self, report: Report) -> tuple[int, set[tuple[str, str]]]:
        """Take what an application saw: how many calls were of breakers that there are, and which shards to look at now."""
        known, alarmed = 0, set()
        if self._tilt.on(self._clock.monotonic()):
            return 0, set()
        for outcome in report.outcomes:
            breaker = self._board.hear(outcome, report)
            if breaker is not None:
                known += outcome.count
                if breaker.alarmed:
                    alarmed.add((outcome.target, outcome.shard))
        return known, alarmed

    @property
    def overrides(self) -> Overrides:
        """People's decisions; `settle` makes them count."""
        return self._board.overrides

    def expect(self, target: str, seconds: float) -> None:
        """Maintenance of the target was announced, for so long; 0: it is over."""
        self._board.expect(target, seconds)

    def settle(self) -> None:
        """See what has changed though no probe came by."""
        self._board.settle()

    def verdicts(self, reporter: str = "") -> Verdicts:
        """All verdicts now, as this reporter should have them."""
        tilted = self._tilt.reason if self._tilt.on(self._clock.monotonic()) else ""
        return replace(self._board.verdicts(reporter), tilt=tilted)


def _rhythm(options: Probe) -> list[tuple[Op, float]]:
    """The ops that are tried, and how many seconds lie between tries."""
    write: list[tuple[Op, float]] = [] if options.write_every is None else [("write", options.write_every + options.timeout)]
    return [("read", options.interval + options.timeout), *write]
