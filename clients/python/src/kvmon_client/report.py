"""Send outcomes to the daemon in batches, as a conversation of its own: a slow report must not delay a verdict."""

from __future__ import annotations

import logging
from collections.abc import Generator
from typing import Any

from kvmon_client.effects import Close, Conversation, Effect, Rest
from kvmon_client.exchange import exchange
from kvmon_client.http import Server
from kvmon_client.outcomes import Batch, Outcomes

log = logging.getLogger("kvmon_client")

EVERY = 1.0
LONGEST_REST = 8.0
WITHIN = 3.0
AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same batch is sent again; it counts once."""


def report(outcomes: Outcomes, server: Server) -> Conversation:
    """Never ends by itself."""
    rest, refused = EVERY, False
    while True:
        yield Rest(rest)
        while (batch := outcomes.batch()) is not None:
            status = yield from _post(server, batch)
            if 200 <= status < 300:
                outcomes.taken()
                rest, refused = EVERY, False
                continue
            if status and status not in AGAIN:
                outcomes.lost()
                if not refused:
                    log.warning("kvmon at %r refuses reports with status %d; they are dropped", server, status)
                refused = True
            rest = min(LONGEST_REST, 2 * rest)
            break


def flush(outcomes: Outcomes, server: Server) -> Conversation:
    """Send what is left, once, before the end."""
    while (batch := outcomes.batch()) is not None and 200 <= (yield from _post(server, batch)) < 300:
        outcomes.taken()


def _post(server: Server, batch: Batch) -> Generator[Effect, Any, int]:
    """The status of the answer; 0 where there is none."""
    try:
        answer = yield from exchange(server, server.request("POST", "/v1/reports", body=batch.body), WITHIN)
    except OSError as error:
        log.debug("kvmon at %r takes no report: %s", server, error)
        yield Close()
        return 0
    return answer.status
