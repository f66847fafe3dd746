"""The text of CLIENT LIST, read into sums."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

NONE = "(none)"
"""Stands for a name, library or user that is not given."""

STATES = ("normal", "blocked", "pubsub", "transaction", "monitor", "replica", "primary", "closing")
"""What a client may be doing; each client is in one of them."""

_FIELD = re.compile(r"(?:^| )(name|age|idle|flags|qbuf|omem|tot-mem|user|lib-name|lib-ver)=(\S*)")
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
    """Count the clients of a listing; a line without an id, or a field that is no number, counts for nothing."""
    result = Census()
    for line in listing.split("\n"):
        if line.startswith("id="):
            _add(result, dict(_FIELD.findall(line)))
    return result


def _add(result: Census, fields: dict[str, str]) -> None:
    name = (fields.get("name") or NONE,)
    state = state_of(fields.get("flags", ""))
    result.names[name] += 1
    result.libraries[fields.get("lib-name") or NONE, fields.get("lib-ver") or NONE] += 1
    result.users[(fields.get("user") or NONE,)] += 1
    result.states[(state,)] += 1
    memory, output = _whole(fields.get("tot-mem")), _whole(fields.get("omem"))
    result.memory[name] += memory
    result.output += output
    result.output_largest = max(result.output_largest, output)
    result.query_largest = max(result.query_largest, _whole(fields.get("qbuf")))
    result.memory_largest = max(result.memory_largest, memory)
    result.age_oldest = max(result.age_oldest, _whole(fields.get("age")))
    if state in _QUIET:  # a replica, a subscriber or a blocked reader is silent on purpose
        result.idle_longest = max(result.idle_longest, _whole(fields.get("idle")))


def state_of(flags: str) -> str:
    """The one state that a client's flags amount to."""
    return next((state for flag, state in _FLAGS if flag in flags), STATES[0])


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0
