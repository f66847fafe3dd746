"""Free ports on loopback, below the range that outgoing connections take theirs from."""

from __future__ import annotations

import random
import socket

FIRST, LAST = 20_000, 30_999
"""A cluster's bus listens 10,000 above its port, which has to stay a port too."""


def free_port() -> int:
    """A port nobody listens on now. Another process may take it first: whoever starts a server on it looks again."""
    chance = random.SystemRandom()
    for _ in range(200):
        port = chance.randint(FIRST, LAST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port on loopback")
