"""What a process does before it is a daemon."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kvmon.config import Config
from kvmon.daemon.descriptors import leave_no_core, raise_limit
from kvmon.daemon.logs import configure
from kvmon.daemon.main import Daemon


def run_daemon(load: Callable[[], Config], *, listen: str | None = None) -> int:
    """Run until SIGTERM or SIGINT; the exit code. `load` reads the configuration, now and at every reload.

    Raises UsageError when it cannot start: a wrong configuration, a port in use.
    """
    config = load()
    configure(level=config.log.level, style=config.log.format)
    raise_limit()
    leave_no_core()
    with asyncio.Runner(loop_factory=_loop_factory(config.event_loop)) as runner:
        runner.run(Daemon(load, config, listen or config.listen).run())
    return 0


def _loop_factory(name: str) -> Callable[[], asyncio.AbstractEventLoop] | None:
    if name != "uvloop":
        return None  # Python's own
    import uvloop

    return uvloop.new_event_loop
