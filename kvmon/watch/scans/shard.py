"""One shard's passes: the one under way, the last whole one, and what it came to before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kvmon.watch.scans.passing import Big, Pass
from kvmon.watch.scans.rules import Bucket, Rule
from kvmon.watch.scans.tally import Tally

BIGGEST = 20
"""How many of the biggest keys of a shard are remembered."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What a whole pass came to. Times are wall seconds; `instance` is who was asked."""

    instance: str
    began: float
    ended: float
    tallies: Mapping[Bucket, Tally]
    names: Mapping[Bucket, frozenset[bytes]] = field(default_factory=dict)
    biggest: Sequence[Big] = ()

    @property
    def middle(self) -> float:
        """The moment that its counts are of."""
        return (self.began + self.ended) / 2


class ShardScan:
    """`current` is None between passes, `last` before the first whole one; `before` are its predecessor's time and counts."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = rules
        self.current: Pass | None = None
        self.instance = ""
        self.last: Counted | None = None
        self.before: tuple[float, dict[Bucket, int]] | None = None

    def begin(self, instance: str, now: float) -> Pass:
        """The pass under way, or a new one; on another node than before it is begun anew."""
        if self.current is None or instance != self.instance:
            self.current = Pass(self.rules, top=BIGGEST)
            self.current.began = now
        self.instance = instance
        return self.current

    def finish(self, now: float) -> None:
        """The pass is through."""
        scan = self.current
        if scan is None:
            return
        if self.last is not None:
            self.before = self.last.middle, {bucket: tally.keys for bucket, tally in self.last.tallies.items()}
        names = {bucket: frozenset(found) for bucket, found in scan.names.items()}
        self.last = Counted(self.instance, scan.began, now, scan.tallies, names, tuple(scan.biggest))
        self.current = None

    def growth(self, subject: str, rule: str) -> float | None:
        """Keys an hour between the last two passes; None before the second."""
        if self.before is None or self.last is None or self.last.middle <= self.before[0]:
            return None
        at, counts = self.before
        then = sum(keys for bucket, keys in counts.items() if bucket[:2] == (subject, rule))
        now = sum(tally.keys for bucket, tally in self.last.tallies.items() if bucket[:2] == (subject, rule))
        return (now - then) * 3600 / (self.last.middle - at)

    def document(self) -> str:
        """As JSON."""
        scan, last = self.current, self.last
        found: dict[str, Any] = {"instance": self.instance, "current": scan.document() if scan is not None else None}
        if last is not None:
            whole = Pass(self.rules)
            whole.tallies, whole.began = dict(last.tallies), last.began
            whole.names = {bucket: set(names) for bucket, names in last.names.items()}
            whole.biggest = list(last.biggest)
            found["last"] = {**whole.document(), "instance": last.instance, "ended": last.ended}
        if self.before is not None:
            found["before"] = [self.before[0], [[*bucket, keys] for bucket, keys in self.before[1].items()]]
        return json.dumps(found, separators=(",", ":"))

    @classmethod
    def read(cls, rules: Sequence[Rule], text: str) -> ShardScan:
        """What `document` gave; a new one where it is nothing that can be understood."""
        found = cls(rules)
        try:
            document = json.loads(text)
            found.instance = str(document["instance"])
            if document.get("last"):
                whole = Pass.read(rules, document["last"])
                names = {bucket: frozenset(each) for bucket, each in whole.names.items()}
                instance, ended = str(document["last"]["instance"]), float(document["last"]["ended"])
                found.last = Counted(instance, whole.began, ended, whole.tallies, names, tuple(whole.biggest))
            if document.get("before"):
                at, rows = document["before"]
                found.before = float(at), {Bucket(*bucket): int(keys) for *bucket, keys in rows}
            if document["current"]:
                found.current = Pass.read(rules, document["current"])
                found.current.top = BIGGEST
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls(rules)
        return found
