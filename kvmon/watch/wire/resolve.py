"""Looking names up without holding up the loop, the deadline or the end of the process."""

from __future__ import annotations

import asyncio
import socket
import threading
from concurrent.futures import Future

_Addresses = tuple[str, ...]
_pending: dict[str, Future[_Addresses]] = {}
"""Lookups under way, by name: one thread for each name, however often it is asked for while the resolver hangs."""


async def resolve(host: str) -> _Addresses:
    """The numeric addresses of a name, in the resolver's order; raises socket.gaierror. May be cancelled at any time."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return (host,)
    found = _pending.get(host)
    if found is None:
        found = _pending[host] = Future()
        found.set_running_or_notify_cancel()  # so that a waiter's cancellation does not cancel it for the others
        # A daemon thread: the loop's own executor would keep the process from ending until the resolver gives up.
        threading.Thread(target=_look_up, args=(host, found), name="kvmon-dns", daemon=True).start()
    return await asyncio.wrap_future(found)


def _look_up(host: str, answer: Future[_Addresses]) -> None:
    try:
        rows = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        result = tuple(dict.fromkeys(str(row[4][0]) for row in rows))
    except BaseException as error:  # noqa: BLE001 - handed to whoever waits
        _pending.pop(host, None)
        answer.set_exception(error)
    else:
        _pending.pop(host, None)
        answer.set_result(result)
