"""Options of what is asked about single keys, patterns, groups, streams and queues: redis_exporter's, by its names.

They are asked by scans (`watch.scans`) on connections of their own, never in a poll: patterns go through the whole key space.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple
from urllib.parse import unquote

from pydantic import AfterValidator, Field

from kvmon.options import Options, Seconds
from kvmon.watch.patterns.glob import compiled
from kvmon.watch.patterns.lua import check


class KeyName(NamedTuple):
    """A key, or a pattern of keys, of one database."""

    db: int
    name: str


def parse_key(text: str) -> KeyName:
    """`name`, `3=name` or `db3=name`, with %-escapes, as redis_exporter has them. Raises ValueError."""
    parts = text.split("=")
    if len(parts) > 2 or not parts[-1]:
        raise ValueError(f"{text!r} is no key: write name, or db3=name (an = in a name is %3D)")
    name = unquote(parts[-1].strip(), errors="surrogateescape")
    db = unquote(parts[0]).strip().removeprefix("db") if len(parts) == 2 else "0"
    if not (db.isascii() and db.isdigit() and len(db) < 7):
        raise ValueError(f"{text!r} begins with no database: write db3=name (an = in a name is %3D)")
    return KeyName(int(db), name)


def _key(text: str) -> str:
    parse_key(text)
    return text


def _regex(text: str) -> str:
    try:
        compiled(text.encode())
    except ValueError as error:
        raise ValueError(f"{text!r} is no regular expression of RE2: {error}") from None
    return text


KeyText = Annotated[str, Field(min_length=1), AfterValidator(_key)]


class Keys(Options):
    """Single keys, patterns, groups, streams and queues, each as `name` or `db3=name`; nothing unless something is named.

    Series of `single`, `patterns` and `streams` carry names of keys: name few.
    """

    enabled: bool = True
    """Whether any of it is asked."""
    every: Annotated[Seconds, Field(ge=1)] = 60.0
    """Time between two rounds; a pass for patterns and groups takes as long as the budget of `scan` has it."""
    single: tuple[KeyText, ...] = ()
    """Keys whose size, memory and number are shown: `redis_key_size`, `redis_key_memory_usage_bytes`, `redis_key_value`."""
    patterns: tuple[KeyText, ...] = ()
    """Patterns of such keys."""
    counts: tuple[KeyText, ...] = ()
    """Patterns whose keys are counted: `redis_keys_count`."""
    groups: tuple[Annotated[str, Field(min_length=1), AfterValidator(check)], ...] = ()
    """Lua patterns as redis_exporter has them: `redis_key_group_count` by what they capture, the first that is found counts."""
    group_regexes: tuple[Annotated[str, Field(min_length=1), AfterValidator(_regex)], ...] = ()
    """The same as regular expressions (RE2), after the Lua patterns."""
    single_streams: tuple[KeyText, ...] = ()
    """Streams: `redis_stream_*` with groups and consumers."""
    streams: tuple[KeyText, ...] = ()
    """Patterns of streams."""
    queues: tuple[KeyText, ...] = ()
    """Lists and streams that are queues: `kvmon_queue_length`; of streams also what `single_streams` shows."""
    consumers: bool = True
    """Whether each consumer of a group has series, 100 of a group at most."""
    dead_after: Annotated[Seconds, Field(ge=1)] = 600.0
    """How long a consumer with pending messages may be idle before it counts as dead."""
    values: bool = True
    """Whether the value of a string that is a number is shown; other values never are."""
    most_keys: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """Keys of all `patterns`, and of all `streams`, that have series, in each database of a node."""
    most_groups: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Groups of a database that have series, by memory; the others are `overflow`."""

    @property
    def wanted(self) -> bool:
        """Whether there is anything to ask."""
        return self.looked_up or self.scanned

    @property
    def looked_up(self) -> bool:
        """Whether there is something to ask by name."""
        return self.enabled and bool(self.single or self.patterns or self.single_streams or self.streams or self.queues)

    @property
    def scanned(self) -> bool:
        """Whether there is something that needs a pass over all keys."""
        return self.enabled and bool(self.patterns or self.counts or self.groups or self.group_regexes or self.streams)

    def rights(self) -> tuple[str, ...]:
        """The commands it asks, as rules of access control name them."""
        found: tuple[str, ...] = ()
        if self.looked_up:
            found += (*SIZES, "type", "memory|usage", "getrange", "strlen", "pfcount", "xinfo|stream", "xinfo|groups")
            found += ("xinfo|consumers", "xpending", "time")
        return (*found, *SCAN, *SIZES) if self.scanned else found


SIZES = ("llen", "scard", "zcard", "hlen", "xlen")
SCAN = ("scan", "type", "pttl", "memory|usage")
"""Commands of a pass."""
