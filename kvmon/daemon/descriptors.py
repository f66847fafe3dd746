"""What the system is asked for at the start: many connections, and no core dumps."""

from __future__ import annotations

import contextlib
import resource

ENOUGH = 65_536
"""Nodes, probes and followers take one each; more than this nobody needs."""


def raise_limit() -> None:
    """Take as many as are allowed without asking anybody: what a login shell gives (often 1,024) is soon used up."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH if hard == resource.RLIM_INFINITY else min(ENOUGH, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # some systems have limits below the limit
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def leave_no_core() -> None:
    """A crash writes no memory to a disk: passwords are in it. The hard limit stays, so that `prlimit` can undo this."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
