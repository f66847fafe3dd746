"""What a client can be asked, whichever way it is kept fresh: everything here reads and writes memory only."""

from __future__ import annotations

import logging
import os
import ssl
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from kvmon_client.board import Board, Watcher
from kvmon_client.daemon_file import DaemonFile
from kvmon_client.effects import Conversation
from kvmon_client.follow import Follower
from kvmon_client.guard import Guard
from kvmon_client.http import server_of
from kvmon_client.outcomes import Outcomes
from kvmon_client.report import flush, report
from kvmon_client.verdict import Verdict

log = logging.getLogger("kvmon_client")

Policy = Literal["allow", "deny"] | Callable[[str, str], bool]
"""What to do while a breaker is unknown; a function is given target and op."""

DEFAULT_URL = "http://127.0.0.1:9121"


class Asking:
    """The part that `Client` and `AsyncClient` share.

    `url` of the daemon (default: the variable KVMON_URL, else http://127.0.0.1:9121; "" for the file alone), `file` its
    `breakers.json`, which is read while the daemon cannot be asked, `token` for reports (default: KVMON_TOKEN). Without a token
    outcomes are not counted unless `reports` is true. `when_unknown` decides while nothing may be believed. Raises ValueError
    for an impossible `url`, `token` or `when_unknown`; after that nothing raises but BreakerOpen from `guard`. `tls` is the
    context for https (default: the system's authorities). Times are in seconds.
    """

    def __init__(  # noqa: PLR0913 - what an application may want to say, each with a default
        self,
        url: str | None = None,
        *,
        file: str | os.PathLike[str] | None = None,
        token: str | None = None,
        reports: bool | None = None,
        when_unknown: Policy = "allow",
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        if not callable(when_unknown) and when_unknown not in ("allow", "deny"):
            raise ValueError("when_unknown is allow, deny, or a function of target and op")
        url = os.environ.get("KVMON_URL", DEFAULT_URL) if url is None else url
        token = os.environ.get("KVMON_TOKEN", "") if token is None else token
        self._policy = when_unknown
        self._server = server_of(url, token) if url else None
        self._reports = self._server is not None and (bool(token) if reports is None else reports)
        self._board = Board(clock=clock)
        self._outcomes = Outcomes(clock=clock)
        self._file = DaemonFile(Path(file), self._board, wall=wall) if file is not None else None
        self._tls = tls
        _ALL.add(self)
        self._begin()

    def allow(self, target: str, op: str = "read", *, shard: str | None = None, key: str | bytes | None = None) -> bool:
        """Whether to try the op now: of the shard that owns the slot of `key`, of `shard`, else of the worst shard."""
        try:
            ratio = self._board.ratio(target, op, shard, key)
            if ratio is None:
                if self._wake():
                    return self.allow(target, op, shard=shard, key=key)
                return self._unknown(target, op)
            return ratio >= 1.0 or self._board.chance() < ratio
        except Exception:
            log.exception("allow(%r, %r) could not be answered", target, op)
            return True

    def verdict(self, target: str, op: str = "read", *, shard: str | None = None, key: str | bytes | None = None) -> Verdict:
        """The verdict in full, state `unknown` where nothing may be believed. Not for hot paths."""
        self._wake()
        return self._board.verdict(target, op, shard, key)

    def guard(self, target: str, op: str = "read", *, shard: str | None = None, key: str | bytes | None = None) -> Guard:
        """`with` or `async with` it around a call, or decorate a function with it; a denial raises BreakerOpen."""
        return Guard(self, target, op, shard, key)

    def record(  # noqa: PLR0913 - a row of a report
        self, target: str, op: str, outcome: str, seconds: float, *, shard: str | None = None, key: str | bytes | None = None
    ) -> None:
        """Count what came of a call: `ok`, or a class of failure (`timeout`, `oom`, …), and how long it took."""
        if not self._reports:
            return
        try:
            self._wake()
            if shard is None:
                shard = self._board.verdict(target, op, None, key).shard if key is not None else ""
            self._outcomes.add(target, op, shard, outcome, seconds)
        except Exception:
            log.exception("an outcome of %r could not be counted", target)

    def watch(self, callback: Watcher) -> Callable[[], None]:
        """Have it called with the verdict before and after each change, the end of the lease included; the answer ends that."""
        return self._board.watch(callback)

    @property
    def dropped(self) -> int:
        """Outcomes that never reached the daemon."""
        return self._outcomes.dropped

    @property
    def known(self) -> bool:
        """Whether what was last heard may be believed now."""
        return self._believes()

    def _believes(self) -> bool:
        return self._board.clock() < self._board.valid_until

    def _begin(self) -> None:
        """What this kind of client needs from the start."""

    def _conversations(self) -> dict[str, Conversation]:
        """What has to be driven to keep it fresh and to send outcomes, by name."""
        conversations = {"kvmon-follow": Follower(self._board, server=self._server, file=self._file).run()}
        if self._reports and self._server is not None:
            conversations["kvmon-report"] = report(self._outcomes, self._server, self._board.advise)
        return conversations

    def _flush(self) -> Conversation | None:
        """What has to be driven to send what is left; None where nothing is."""
        return flush(self._outcomes, self._server) if self._server is not None and self._outcomes.batch() else None

    def _wake(self) -> bool:
        """Begin what a fork ended; whether that was to be done."""
        return False

    def _unknown(self, target: str, op: str) -> bool:
        policy = self._policy
        return bool(policy(target, op)) if callable(policy) else policy == "allow"

    def _after_fork(self) -> None:
        """In the child: other locks, nothing counted, and no thread or task."""
        self._board.after_fork()
        self._outcomes.reset()


_ALL: weakref.WeakSet[Asking] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for asking in tuple(_ALL):
        asking._after_fork()  # noqa: SLF001 - the same module


if hasattr(os, "register_at_fork"):  # there are no forks on Windows
    os.register_at_fork(after_in_child=_after_fork_in_child)
