"""The text of CLIENT LIST, read into sums."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

NONE = "(none)"
"""Stands for a name, library or user that is not given."""

STATES = ("normal", "blocked", "pubsub", "transaction", "monitor", "replica", "primary", "closing")
"""What a client may be doing; each client is in one of them."""

_WANTED = ("name", "flags", "user", "lib-name", "lib-ver", "age", "idle", "qbuf", "omem", "tot-mem")

_FLAGS = (("O", "monitor"), ("S", "replica"), ("M", "primary"), ("A", "closing"), ("c", "closing"), ("b", "blocked"),
          ("P", "pubsub"), ("x", "transaction"))  # fmt: skip
_QUIET = frozenset({"normal", "transaction"})


@dataclass(slots=True)
class Census:
    """Sums over all clients; memory in bytes, times in seconds."""

    names: Counter[tuple[str, ...]] = field(default_factory=Counter)
    libraries: Counter[tuple[str, ...]] = field(default_factory=Counter)
    users: Counter[tuple[str, ...]] = field(default_factory=Counter)
    states: Counter[tuple[str, ...]] = field(default_factory=lambda: Counter({(state,): 0 for state in STATES}))
    memory: Counter[tuple[str, ...]] = field(default_factory=Counter)
    output: int = 0
    output_largest: int = 0
    query_largest: int = 0
    memory_largest: int = 0
    idle_longest: int = 0
    age_oldest: int = 0


def census(listing: str) -> Census:
    """Count the clients of a listing; a line without an id, or a field that is no number, counts for nothing.

    A server writes the same fields in the same order for each client, so their places are looked up once and not per line:
    ten thousand clients take a quarter of the time.
    """
    groups: defaultdict[tuple[str, ...], list[tuple[str, ...]]] = defaultdict(list)
    keys: list[str] = []
    places: list[int] = []
    for line in listing.split("\n"):
        if not line.startswith("id="):
            continue
        parts = line.split(" ")
        if len(parts) != len(keys) or not parts[places[0]].startswith("name="):
            keys = [part.partition("=")[0] for part in parts]
            places = [keys.index(key) if key in keys else len(keys) for key in _WANTED]
        parts.append("=")  # stands for every field that this server does not have
        name, flags, user, library, version, *numbers = [parts[place].partition("=")[2] for place in places]
        groups[name, flags, user, library, version].append(tuple(numbers))
    result = Census()
    for group, rows in groups.items():
        _add(result, group, rows)
    return result


def _add(result: Census, group: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Add clients that have name, flags, user and library in common."""
    name, flags, user, library, version = group
    ages, idles, queries, outputs, memories = ([_whole(text) for text in column] for column in zip(*rows, strict=True))
    state = state_of(flags)
    result.names[(name or NONE,)] += len(rows)
    result.libraries[library or NONE, version or NONE] += len(rows)
    result.users[(user or NONE,)] += len(rows)
    result.states[(state,)] += len(rows)
    result.memory[(name or NONE,)] += sum(memories)
    result.output += sum(outputs)
    result.output_largest = max(result.output_largest, *outputs)
    result.query_largest = max(result.query_largest, *queries)
    result.memory_largest = max(result.memory_largest, *memories)
    result.age_oldest = max(result.age_oldest, *ages)
    if state in _QUIET:  # a replica, a subscriber or a blocked reader is silent on purpose
        result.idle_longest = max(result.idle_longest, *idles)


def state_of(flags: str) -> str:
    """The one state that a client's flags amount to."""
    return next((state for flag, state in _FLAGS if flag in flags), STATES[0])


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
