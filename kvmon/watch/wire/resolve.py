"""Looking names up without holding up the loop, the deadline or the end of the process."""

from __future__ import annotations

import asyncio
import socket
import threading
from concurrent.futures import Future

from kvmon.errors import Unreachable
from kvmon.model.targets.ranges import is_loopback, is_off_limits
from kvmon.model.targets.target import Node

_Addresses = tuple[str, ...]
_pending: dict[str, Future[_Addresses]] = {}
"""Lookups under way, by name: one thread for each name, however often it is asked for while the resolver hangs."""


async def places(node: Node) -> _Addresses:
    """The numeric addresses at which the node is to be asked; raises socket.gaierror.

    Raises Unreachable where somebody else named its host, and it leads to this machine, or to where nothing of ours can be.
    """
    host = node.address.host
    found = await resolve(host)
    if node.target.guarded and any(is_loopback(each) or is_off_limits(each) for each in found):
        raise Unreachable("unreachable", f"the name {host} leads to this machine, or to what is no server: nobody is asked there")
    return found


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
