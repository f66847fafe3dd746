"""Somebody who follows breakers over server-sent events, and notes when what came."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from contextlib import suppress
from typing import Any, NamedTuple, Self

from tests.servers.daemon import Daemon
from tests.servers.waiting import until


class Change(NamedTuple):
    """What a breaker became, and when we heard of it (monotonic seconds)."""

    at: float
    op: str
    state: str
    reason: str
    advice: str


class Follower:
    """Follows all breakers of a daemon in a thread, until closed."""

    def __init__(self, daemon: Daemon) -> None:
        self.changes: list[Change] = []
        self._stream = urllib.request.urlopen(f"{daemon.url}/v1/events", timeout=60)
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def states(self, op: str, since: float = 0.0) -> list[str]:
        """The states in their order, without repetitions."""
        found: list[str] = []
        for change in list(self.changes):
            if change.op == op and change.at >= since and found[-1:] != [change.state]:
                found.append(change.state)
        return found

    def became(self, op: str, state: str, since: float) -> Change:
        """The first change to this state after that moment; waits for it."""

        def look() -> Change | None:
            return next((c for c in list(self.changes) if (c.op, c.state) == (op, state) and c.at >= since), None)

        found = until(look, what=f"{op} {state}; there were {self.changes[-10:]}")
        assert found is not None
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._stream.close()

    def _follow(self) -> None:
        with suppress(OSError, ValueError, AttributeError):  # however a stream ends that somebody else closes
            for line in self._stream:
                if line.startswith(b"data: "):
                    self._note(json.loads(line[6:]))

    def _note(self, data: dict[str, Any]) -> None:
        now = time.monotonic()
        for each in data.get("breakers", [data["breaker"]] if "breaker" in data else []):
            self.changes.append(Change(now, each["op"], each["state"], each["reason_class"] or "", each["advice"]))
