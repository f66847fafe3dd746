"""What kvmon itself did to a server, so that rates and ratios speak of the others."""

from __future__ import annotations

from typing import NamedTuple


class OwnTraffic(NamedTuple):
    """Totals that only grow, as the server had seen them when it wrote INFO.

    `received` and `sent` are bytes from the server's side; `hits` and `misses` are reads by probes.
    """

    commands: int = 0
    received: int = 0
    sent: int = 0
    connections: int = 0
    errors: int = 0
    hits: int = 0
    misses: int = 0


NOTHING = OwnTraffic()
"""No traffic yet."""
