"""Send outcomes to the daemon in batches, as a conversation of its own: a slow report must not delay a verdict."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from typing import Any

from kvmon_client.documents import BROKEN, object_of
from kvmon_client.effects import Close, Conversation, Effect, Rest
from kvmon_client.exchange import exchange
from kvmon_client.http import Server
from kvmon_client.outcomes import KEPT, Batch, Outcomes

log = logging.getLogger("kvmon_client")

EVERY = 1.0
LONGEST_REST = 8.0
WITHIN = 3.0
AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same batch is sent again; it counts once."""


def report(outcomes: Outcomes, server: Server, advise: Callable[[object], None]) -> Conversation:
    """Never ends by itself. `advise` is given what the daemon says to this reporter alone."""
    rest, refused, quiet = EVERY, False, 0.0
    while True:
        yield Rest(rest)
        quiet += rest
        while (batch := outcomes.batch()) is not None:
            status, body = yield from _post(server, batch)
            if 200 <= status < 300:
                outcomes.taken()
                _take(body, advise)
                rest, refused, quiet = EVERY, False, 0.0
                continue
            if status and status not in AGAIN:
                outcomes.lost()
                if not refused:
                    log.warning("kvmon at %r refuses reports with status %d; they are dropped", server, status)
                refused = True
            rest = min(LONGEST_REST, 2 * rest)
            break
        if quiet >= KEPT:
            advise([])  # what it was about has slid out of the daemon's window, too


def flush(outcomes: Outcomes, server: Server) -> Conversation:
    """Send what is left, once, before the end."""
    while (batch := outcomes.batch()) is not None and 200 <= (yield from _post(server, batch))[0] < 300:
        outcomes.taken()


def _take(body: bytes, advise: Callable[[object], None]) -> None:
    try:
        advise(object_of(body).get("breakers", []))
    except BROKEN as error:
        log.debug("the answer to a report tells nothing: %s", error)


def _post(server: Server, batch: Batch) -> Generator[Effect, Any, tuple[int, bytes]]:
    """The status of the answer, 0 where there is none, and its body."""
    try:
        answer = yield from exchange(server, server.request("POST", "/v1/reports", body=batch.body), WITHIN)
    except OSError as error:
        log.debug("kvmon at %r takes no report: %s", server, error)
        yield Close()
        return 0, b""
    return answer.status, answer.body
