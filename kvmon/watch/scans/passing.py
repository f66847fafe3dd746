"""One pass over the keys of one node: a conversation that can be left at any step and gone on with later."""

from __future__ import annotations

import re
from bisect import insort
from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from kvmon.model.conversation import Command, Refusal, Reply, Unsupported, expect
from kvmon.watch.collectors.shapes import array, text
from kvmon.watch.scans.batches import batches
from kvmon.watch.scans.pacing import FIRST, roomy
from kvmon.watch.scans.rules import OVERFLOW, Bucket, Rule, shown
from kvmon.watch.scans.tally import Look, Tally

NAME = 1024
"""Bytes: longer names are counted, and not kept."""

SIZES = {"list": "LLEN", "set": "SCARD", "zset": "ZCARD", "hash": "HLEN", "stream": "XLEN"}
"""How to ask for the number of elements, by type."""

PASSING = ("loading", "busy", "masterdown", "clusterdown")
"""Reasons of refusals that say something about now and not about us."""

MOVING = ("MOVED", "ASK", "TRYAGAIN", "WRONGTYPE")
"""Codes of refusals of a key that has gone elsewhere, or become something else."""

_LINE = re.compile(r"db(\d+):keys=(\d+)")

Steps = Generator[Sequence[Command], Sequence[Reply], None]


class Big(NamedTuple):
    """One of the biggest keys among those that were looked at."""

    memory: int
    name: str
    db: int
    kind: str
    elements: int | None
    ttl: float | None


@dataclass(frozen=True, slots=True)
class _Wanted:
    tally: Tally
    place: int


class Pass:
    """Counts go up as keys are met. `steps` may be called again after a lost connection: it goes on where it was.

    `top` is how many of the biggest keys are kept. `count` is what SCAN is told; whoever drives it lowers it for slow servers.
    """

    def __init__(self, rules: Sequence[Rule], *, top: int = 0) -> None:
        self.rules = rules
        self.top = top
        self.count = FIRST
        self._first = True
        self.began = 0.0
        self._forget()

    def _forget(self) -> None:
        self.run_id = ""
        self.tallies: dict[Bucket, Tally] = {}
        self.names: dict[Bucket, set[bytes]] = {}
        self.refused: dict[str, str] = {}
        self.biggest: list[Big] = []
        self.sizes: dict[int, int] = {}
        self.met = 0
        self.done = False
        self.left: list[int] = []
        self.cursor = "0"
        self._groups: Counter[tuple[str, str, int]] = Counter()
        self._pending: dict[bytes, list[_Wanted]] = {}

    @property
    def expected(self) -> int:
        """Keys that there were at its beginning."""
        return sum(self.sizes.values())

    @property
    def progress(self) -> float:
        """From 0 to 1, of keys that there were at its beginning."""
        return 1.0 if self.done else min(0.999, self.met / self.expected) if self.expected else 0.0

    def document(self) -> dict[str, Any]:
        """As JSON. What was chosen and not yet looked at is left out: the sample is smaller by that, the count is not."""
        return {
            "run_id": self.run_id, "cursor": self.cursor, "left": self.left, "met": self.met, "began": self.began,
            "sizes": list(self.sizes.items()), "done": self.done,
            "tallies": [[*bucket, tally.document()] for bucket, tally in self.tallies.items()],
            "biggest": self.biggest,
            "names": [[*bucket, [name.decode("latin-1") for name in names]] for bucket, names in self.names.items()],
        }  # fmt: skip

    @classmethod
    def read(cls, rules: Sequence[Rule], document: dict[str, Any]) -> Pass:
        """What `document` gave, of the same rules. Raises ValueError, TypeError or KeyError for anything else."""
        scan = cls(rules)
        scan.run_id, scan.cursor, scan.done = str(document["run_id"]), str(int(document["cursor"])), bool(document["done"])
        scan.left, scan.met, scan.began = [int(db) for db in document["left"]], int(document["met"]), float(document["began"])
        scan.sizes = {int(db): int(size) for db, size in document["sizes"]}
        scan.biggest = [Big(*big) for big in document.get("biggest", ())]
        for subject, rule, db, group, tally in document["tallies"]:
            bucket = Bucket(subject, rule, db, group)
            scan.tallies[bucket] = Tally.read(tally)
            scan._groups[bucket[:3]] += 1
        for subject, rule, db, group, names in document["names"]:
            scan.names[Bucket(subject, rule, db, group)] = {name.encode("latin-1") for name in names}
        return scan

    def steps(self) -> Steps:
        """Ask. Raises Unsupported where the server refuses SCAN, Malformed for an answer of another shape."""
        yield from self._begin()
        selected = 0
        while self.left:
            db = self.left[0]
            if db != selected:
                (reply,) = yield [("SELECT", db)]
                expect("SELECT", reply)
                selected = db
            yield from self._look(db)
            (reply,) = yield [("SCAN", self.cursor, "COUNT", self.count)]
            cursor, found = (*array("SCAN", reply), None, None)[:2]
            names = dict.fromkeys(name for name in array("SCAN", found) if isinstance(name, bytes))
            if self._first and names:
                self.count, self._first = roomy(names), False
            self._meet(db, names)
            self.cursor = text("SCAN", cursor)
            yield from self._look(db)
            if self.cursor == "0":
                self.left.pop(0)
        self.done = True

    def _begin(self) -> Steps:
        server, keyspace = yield [("INFO", "server"), ("INFO", "keyspace")]
        lines = text("INFO", server).splitlines()
        run_id = next((line.partition(":")[2] for line in lines if line.startswith("run_id:")), "")
        sizes = _sizes(text("INFO", keyspace))
        if self.run_id and run_id == self.run_id:
            return
        # Another process has its table in another order: a cursor means nothing to it.
        wanted = {rule.db for rule in self.rules}
        self._forget()
        self.run_id = run_id
        self.sizes = {db: size for db, size in sizes.items() if None in wanted or db in wanted}
        self.left = sorted(self.sizes)

    def _meet(self, db: int, names: dict[bytes, None]) -> None:
        self.met += len(names)
        rules = [rule for rule in self.rules if rule.db is None or rule.db == db]
        for name in names:
            for rule in rules:
                group = rule.sort(name)
                if group is None:
                    continue
                bucket = rule.bucket(db, group)
                tally = self.tallies.get(bucket) or self._tally(rule, bucket)
                place = tally.meet(name)
                if place is not None:
                    self._pending.setdefault(name, []).append(_Wanted(tally, place))
                if rule.keep:
                    kept = self.names.setdefault(bucket, set())
                    if len(kept) < rule.keep and len(name) <= NAME:
                        kept.add(name)

    def _tally(self, rule: Rule, bucket: Bucket) -> Tally:
        if rule.most > 1:
            if self._groups[bucket[:3]] >= rule.most:
                bucket = bucket._replace(group=OVERFLOW)
            if bucket not in self.tallies:
                self._groups[bucket[:3]] += 1
        found = self.tallies.get(bucket)
        if found is None:
            found = self.tallies[bucket] = Tally(rule.full)
        return found

    def _look(self, db: int) -> Steps:
        """Look at what was chosen, some keys at a time. What has gone meanwhile, or become another type, is no error."""
        while self._pending:
            names = next(batches(self._pending))
            replies = yield [command for name in names for command in (("TYPE", name), ("PTTL", name), ("MEMORY", "USAGE", name))]
            rows = list(zip(names, replies[::3], replies[1::3], replies[2::3], strict=True))
            for _, *answers in rows:
                self._note(answers)
            sized = [(name, SIZES[_kind(answer)]) for name, answer, *_ in rows if _kind(answer) in SIZES]
            counted = (yield [(command, name) for name, command in sized]) if sized else []
            elements = {name: reply if isinstance(reply, int) else None for (name, _), reply in zip(sized, counted, strict=True)}
            for name, kind, ttl, memory in rows:
                wanted = self._pending.pop(name)
                if isinstance(kind, Refusal) or isinstance(ttl, Refusal):
                    continue  # it stays counted, and nobody has looked at it
                look = _looked(_kind(kind), ttl, memory, elements.get(name))
                for each in wanted:
                    if look is None:
                        each.tally.gone(each.place)
                    else:
                        each.tally.look(each.place, look)
                if look is not None and self.top:
                    self._rank(Big(look.memory or 0, shown(name), db, look.kind, look.elements, look.ttl))

    def _note(self, replies: Sequence[Reply]) -> None:
        for command, reply in zip(("TYPE", "PTTL", "MEMORY USAGE"), replies, strict=True):
            if isinstance(reply, Refusal):
                if reply.reason in PASSING:
                    raise Unsupported(reply.reason, f"{command}: {reply.text}")
                if reply.code not in MOVING:
                    self.refused[command] = reply.text

    def _rank(self, big: Big) -> None:
        if len(self.biggest) < self.top or big.memory > self.biggest[-1].memory:
            insort(self.biggest, big, key=lambda each: -each.memory)
            del self.biggest[self.top :]


def _kind(reply: Reply) -> str:
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)


def _looked(kind: str, ttl: Reply, memory: Reply, elements: int | None) -> Look | None:
    """None: the key is gone."""
    if kind == "none" or ttl == -2:
        return None
    milliseconds = ttl if isinstance(ttl, int) else -1
    return Look(kind, memory if isinstance(memory, int) else None, milliseconds / 1000 if milliseconds >= 0 else None, elements)


def _sizes(keyspace: str) -> dict[int, int]:
    """Keys by database, of `db0:keys=3,expires=1,avg_ttl=0`."""
    found = (_LINE.match(line) for line in keyspace.splitlines())
    return {int(match[1]): int(match[2]) for match in found if match}
