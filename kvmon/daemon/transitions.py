"""What happens when a breaker changes: its followers are told, the log has a line, the journal an event."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from kvmon.judge.breakers.entry import Key
from kvmon.model.evidence import Override, Verdict
from kvmon.tell.server.feed import Feed

log = structlog.get_logger("kvmon")


class Transitions:
    """Is told by the board. `happened` is given what became of a breaker's state, with the state before."""

    def __init__(self, feed: Feed, happened: Callable[[Verdict, str], None]) -> None:
        self._feed = feed
        self._happened = happened
        self._states: dict[Key, str] = {}
        self._overrides: dict[Key, Override] = {}
        self._flapping: set[Key] = set()

    def changed(self, verdict: Verdict) -> None:
        """See Told."""
        self._feed.changed(verdict)
        key = (verdict.target, verdict.op, verdict.shard)
        before = self._states.get(key, "unknown")
        self._states[key] = verdict.state
        flapped = key in self._flapping
        if verdict.flapping and not flapped:
            self._flapping.add(key)
            log.warning("a breaker flaps: its changes are not told until it stops", target=key[0], op=key[1], shard=key[2])
        elif flapped and not verdict.flapping:
            self._flapping.discard(key)
            log.info("a breaker has stopped flapping", target=key[0], op=key[1], shard=key[2])
        if verdict.state != before:
            tell = log.debug if verdict.flapping else log.warning if verdict.state == "open" else log.info
            tell(
                "a breaker changed", target=verdict.target, op=verdict.op, shard=verdict.shard, before=before,
                after=verdict.state, reason=verdict.reason_class, generation=verdict.generation, mode=verdict.mode,
            )  # fmt: skip
            self._happened(verdict, before)
        override = self._overrides.pop(key, None)
        if verdict.override is not None:
            self._overrides[key] = verdict.override
        elif override is not None:
            log.info("a breaker decides again", target=verdict.target, op=verdict.op, shard=verdict.shard, was=override.mode)

    def renewed(self, key: Key, index: int) -> None:
        """See Told."""
        self._states.pop(key, None)
        self._overrides.pop(key, None)
        self._flapping.discard(key)
        self._feed.renewed(index)
