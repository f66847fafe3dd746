"""The process behind the demo: starts the servers, says where they are, works until its standard input ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from contextlib import ExitStack

from kvmon.cli.demo.servers import Embedded
from kvmon.cli.demo.workload import work
from kvmon.errors import KvmonError


async def backstage() -> None:
    """Run until standard input ends or SIGTERM."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    with ExitStack() as stack:
        primary = stack.enter_context(Embedded())
        replica = stack.enter_context(Embedded(replica_of=primary))
        await primary.ready()
        await replica.ready()
        _say({"primary": primary.address, "replica": replica.address})
        loop.add_reader(sys.stdin, lambda: ended.set() if not os.read(sys.stdin.fileno(), 1024) else None)
        working = asyncio.create_task(work(primary.port, replica.port))
        waiting = asyncio.create_task(ended.wait())
        await asyncio.wait((working, waiting), return_when=asyncio.FIRST_COMPLETED)
        for task in (working, waiting):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, KvmonError):
                await task


def _say(message: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run, and say in a line what went wrong if something did."""
    try:
        asyncio.run(backstage())
    except KvmonError as error:
        _say({"error": str(error)})
        sys.exit(2)


if __name__ == "__main__":
    main()
