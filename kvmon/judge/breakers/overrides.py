"""People's decisions about breakers, each for a while."""

from __future__ import annotations

from typing import NamedTuple

from kvmon.clock import Clock
from kvmon.judge.breakers.entry import Key
from kvmon.model.evidence import Override


class Decision(NamedTuple):
    """An override, and the monotonic second at which it ends."""

    override: Override
    deadline: float


class Overrides:
    """By target, op and shard. One without a shard is for all shards that have none of their own."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[Key, Decision] = {}

    def put(self, key: Key, override: Override) -> None:
        """From now until its end, which a clock that is set meanwhile does not move."""
        self._kept[key] = Decision(override, self._clock.monotonic() + override.until - self._clock.time())

    def drop(self, key: Key) -> Override | None:
        """It is over; None where there was none."""
        found = self._kept.pop(key, None)
        return found.override if found is not None and found.deadline > self._clock.monotonic() else None

    def of(self, key: Key) -> Decision | None:
        """The one in force."""
        if not self._kept:
            return None
        for each in (key, (key[0], key[1], "")):
            found = self._kept.get(each)
            if found is not None:
                if found.deadline > self._clock.monotonic():
                    return found
                del self._kept[each]
        return None

    def all(self) -> dict[Key, Override]:
        """Those in force."""
        now = self._clock.monotonic()
        return {key: kept.override for key, kept in self._kept.items() if kept.deadline > now}
