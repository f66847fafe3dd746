"""What a scan sorts keys by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from kvmon.watch.patterns.glob import compiled, matcher
from kvmon.watch.patterns.lua import translated

UNCLASSIFIED, OVERFLOW = "unclassified", "overflow"
"""Where keys of no group go, and those of groups beyond the limit."""

LONGEST = 200
"""Bytes of a name that are shown."""

Sort = Callable[[bytes], str | None]


class Bucket(NamedTuple):
    """Where a key is counted: the rule's subject and name, the database (-1: all together), and the group in the rule."""

    subject: str
    rule: str
    db: int
    group: str


@dataclass(frozen=True, slots=True)
class Rule:
    """Sorts keys into groups. `sort` gives a key's group, None: it is of no concern.

    `db` is the database that it looks at, None for each; `apart` keeps databases apart. `full` is the size of the sample (see
    Tally), `most` how many groups are told apart, `keep` how many names are kept.
    """

    subject: str
    name: str
    sort: Sort
    db: int | None = None
    apart: bool = False
    full: int = 0
    most: int = 1
    keep: int = 0

    def bucket(self, db: int, group: str) -> Bucket:
        """Where a key of this group is counted."""
        return Bucket(self.subject, self.name, db if self.apart else -1, group)


def by_pattern(pattern: str) -> Sort:
    """Keys that match a pattern of the server are one group."""
    matches = matcher(pattern.encode("utf-8", "surrogateescape"))
    return lambda name: "" if matches(name) else None


def by_groups(lua: tuple[str, ...], regexes: tuple[str, ...]) -> Sort:
    """redis_exporter's key groups: what the first pattern that is found captures, joined; else `unclassified`."""
    expressions = [compiled(translated(each)) for each in lua] + [compiled(each.encode()) for each in regexes]

    def sort(name: bytes) -> str:
        for expression in expressions:
            found = expression.search(name)
            if found:
                # Lua gives nothing more than the place for a pattern without captures, and the group is then "".
                return shown(b"".join(part or b"" for part in found.groups()))
        return UNCLASSIFIED

    return sort


def by_prefix(depth: int, separator: bytes = b":") -> Sort:
    """The first `depth` parts of a name, with a star for what follows."""

    def sort(name: bytes) -> str:
        parts = name.split(separator, depth)
        if len(parts) <= depth:
            return shown(separator.join([*parts[:-1], b"*"])) if len(parts) > 1 else "(no prefix)"
        return shown(separator.join([*parts[:depth], b"*"]))

    return sort


def shown(name: bytes) -> str:
    """A name for people and labels: text, however odd or long the name is."""
    text = name[:LONGEST].decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text) + (
        f"… ({len(name)} bytes)" if len(name) > LONGEST else ""
    )
