"""What two looks at a key come to, and when a difference is one that lasts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from kvmon.watch.scans.contents import Content

Kind = Literal["missing", "extra", "type", "value", "groups", "ttl"]
KINDS: tuple[Kind, ...] = ("missing", "extra", "type", "value", "groups", "ttl")
"""missing: only the source has it; extra: only the destination; then the first of type, value, groups and ttl that is another."""

LOOKS = 3
"""How often a key is looked at before it is said of it that it changes all the time."""

EXAMPLES = 20
"""Names that are kept of each kind."""


class Pair(NamedTuple):
    """One key on both sides, read one after the other."""

    source: Content
    destination: Content


def difference(pair: Pair, tolerance: float) -> Kind | None:
    """In what they differ; None where they do not. Times to live, also of fields, may differ by `tolerance` seconds."""
    source, destination = pair
    if source.kind == "none" or destination.kind == "none":
        return "extra" if destination.kind != "none" else "missing" if source.kind != "none" else None
    if source.kind != destination.kind:
        return "type"
    if source.size != destination.size or source.digest != destination.digest:
        return "value"
    if source.groups != destination.groups:
        return "groups"
    ends = [(source.ttl, destination.ttl)]
    ends += [(source.fields.get(name), destination.fields.get(name)) for name in {*source.fields, *destination.fields}]
    return "ttl" if any(_apart(*pair, tolerance) for pair in ends) else None


def lasting(looks: int, before: Pair, now: Pair) -> bool | None:
    """Whether a difference that was seen before and is seen now will stay; None: it has to be looked at again.

    What is on its way shows as a source that has just changed. A destination that stays as it was while the source changes at
    every look gets nothing.
    """
    if _same(before.source, now.source):
        return True
    if looks < LOOKS:
        return None
    return _same(before.destination, now.destination)


def _apart(one: float | None, other: float | None, tolerance: float) -> bool:
    """None: it never expires."""
    if one is None or other is None:
        return one is not other
    return abs(one - other) > tolerance


def _same(before: Content, now: Content) -> bool:
    return (before.kind, before.size, before.digest, before.groups) == (now.kind, now.size, now.digest, now.groups)


@dataclass(slots=True)
class Tally:
    """How many keys were compared, in what they differ, and some names of each kind.

    `partial` of them are large: their sizes and some elements were compared. `moving` change at every look on both sides;
    `unread` could not be read, as they were on their way from one shard to another or larger than a reply may be.
    """

    compared: int = 0
    partial: int = 0
    moving: int = 0
    unread: int = 0
    differences: Counter[str] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def differs(self, kind: Kind, name: str) -> None:
        """A difference that lasts."""
        self.differences[kind] += 1
        kept = self.examples.setdefault(kind, [])
        if len(kept) < EXAMPLES:
            kept.append(name)

    @property
    def different(self) -> int:
        """Keys that differ in anything."""
        return sum(self.differences.values())

    def document(self) -> dict[str, Any]:
        """As JSON; `read` takes it back."""
        return {
            "compared": self.compared,
            "partial": self.partial,
            "moving": self.moving,
            "unread": self.unread,
            "differences": {kind: self.differences[kind] for kind in KINDS},
            "types": dict(sorted(self.types.items())),
            "examples": self.examples,
        }

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Tally:
        """What `document` gave. Raises ValueError, TypeError or KeyError for anything else."""
        compared, partial, moving, unread = (int(document[name]) for name in ("compared", "partial", "moving", "unread"))
        examples = {str(kind): [str(name) for name in names] for kind, names in document["examples"].items()}
        return cls(compared, partial, moving, unread, Counter(document["differences"]), Counter(document["types"]), examples)
