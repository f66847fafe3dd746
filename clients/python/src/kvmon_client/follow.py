"""Keep a board fresh: over the stream of events, else by long polls, else from the file that the daemon writes.

Everything that can fail ends in `Rest` and another try; the lease decides in the meantime what may be believed.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from typing import Any

from kvmon_client.board import Board
from kvmon_client.daemon_file import DaemonFile
from kvmon_client.documents import BROKEN, index_of, object_of, seconds_of
from kvmon_client.effects import Close, Conversation, Effect, Load, Rest
from kvmon_client.exchange import begin, exchange, more
from kvmon_client.http import Server
from kvmon_client.sse import Event, EventReader

log = logging.getLogger("kvmon_client")

FIRST_REST, LONGEST_REST = 0.25, 4.0
"""Seconds between tries: each doubles, up to well below the lease, so that a daemon that is back is found in time."""

SILENCE = 5.0
"""Seconds without a heartbeat (one comes every 2) after which a stream is given up."""

WAIT = 4
"""Seconds that a long poll may take."""

POLLS = 15
"""Long polls before a stream is tried again."""


class Follower:
    """What is known of the ways to the daemon; `run` is the conversation."""

    def __init__(self, board: Board, *, server: Server | None, file: DaemonFile | None) -> None:
        self._board = board
        self._server = server
        self._file = file
        self._last_id = ""
        self._behind: tuple[int, int] | None = None
        self._reached = True

    def run(self) -> Conversation:
        """Never ends by itself."""
        tries = 0
        while True:
            if self._server is not None and (yield from self._followed(self._server)):
                tries = 0
            if self._file is not None:
                yield from self._look(self._file)
            self._board.expire()
            rest = min(LONGEST_REST, FIRST_REST * 2**tries) * (0.75 + 0.5 * self._board.chance())
            yield Rest(1.0 if self._server is None else min(rest, 1.0) if self._file else rest)
            tries = min(tries + 1, 8)

    def _followed(self, server: Server) -> Generator[Effect, Any, bool]:
        """Whether the daemon could be asked at all."""
        heard = yield from self._stream(server)
        try:
            heard = heard or (yield from self._poll(server))
        except (OSError, *BROKEN) as error:
            if self._reached:
                log.info("kvmon at %r does not answer: %s", server, error)
        yield Close()
        self._reached = heard
        return heard

    def _stream(self, server: Server) -> Generator[Effect, Any, bool]:
        """Follow `/v1/events` to its end; whether it ever gave an event."""
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        if self._last_id:
            headers["Last-Event-ID"] = self._last_id
        events, heard = EventReader(), False
        try:
            reader, data = yield from begin(server, server.request("GET", "/v1/events", headers), SILENCE)
            if reader.status != 200 or not reader.headers.get("content-type", "").startswith("text/event-stream"):
                return False
            while True:
                for event in events.feed(data):
                    heard = self._take(event) or heard
                if reader.complete:
                    return heard
                data = yield from more(reader, SILENCE)
        except (OSError, *BROKEN) as error:
            log.debug("the stream of kvmon at %r ended: %s", server, error)
            return heard

    def _take(self, event: Event) -> bool:
        """Whether it is one that is known. Raises ValueError where it is broken, or shows that something was missed."""
        if event.kind not in ("snapshot", "change", "heartbeat"):
            return False
        document = object_of(event.data)
        if event.kind == "snapshot":
            self._board.snapshot(document)
        elif event.kind == "change":
            self._board.change(document)
        else:
            self._compare(index_of(document))
        self._last_id = event.id
        self._board.renew(seconds_of(document.get("valid_for_ms")))
        return True

    def _compare(self, index: int) -> None:
        """A heartbeat with an index twice that never came here: begin anew with a snapshot, once for each such index."""
        known = self._board.index
        if index <= known:
            self._behind = None
        elif self._behind is None or self._behind[0] != index:
            self._behind = (index, 1)
        elif self._behind[1] == 1:
            self._behind = (index, 2)
            self._last_id = ""
            raise ValueError(f"the daemon is at {index}, and nothing after {known} came")

    def _poll(self, server: Server) -> Generator[Effect, Any, bool]:
        """Long polls for about a minute; whether one was answered well. Raises OSError where the daemon cannot be reached."""
        heard, tag, path = False, "", "/v1/breakers"
        for _ in range(POLLS):
            begun, before = self._board.clock(), self._board.index
            headers = {"If-None-Match": tag} if tag else {}
            try:
                answer = yield from exchange(server, server.request("GET", path, headers), WAIT + SILENCE)
            except OSError:
                if not heard:
                    raise
                return True
            if answer.status == 200:
                self._board.snapshot(object_of(answer.body))
                tag = answer.headers.get("etag", "")
                path = f"/v1/breakers?index={self._board.index}&wait={WAIT}s"
            elif answer.status != 304:
                if not heard and self._reached:
                    log.warning("kvmon at %r answers with status %d: nothing can be followed there", server, answer.status)
                return heard
            heard = True
            self._board.renew(seconds_of(answer.headers.get("kvmon-valid-for")))
            if self._board.index == before and self._board.clock() - begun < 1:
                yield Rest(1.0)  # it did not wait: older than long polls, or a proxy in between
        return heard

    def _look(self, file: DaemonFile) -> Generator[Effect, Any, None]:
        try:
            file.take((yield Load(file.path)))
        except (OSError, *BROKEN) as error:
            log.debug("%s tells nothing: %s", file.path, error)
