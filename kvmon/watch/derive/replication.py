"""How far replicas are behind, from either end of the link."""

from __future__ import annotations

from collections.abc import Mapping

from kvmon.model.metrics.catalogue import derived
from kvmon.model.metrics.sample import Sample
from kvmon.watch.derive.numbers import add, number, pairs, parsed

MOST = 128
"""Replicas of one primary that get series of their own."""


def replication(fields: Mapping[str, str]) -> list[Sample]:
    """Lag in seconds and bytes: of each replica of a primary, or of a replica's own link."""
    samples: list[Sample] = []
    if fields.get("role") == "slave":
        _link(fields, samples)
    count = number(fields, "connected_slaves") or 0.0
    offset = number(fields, "master_repl_offset")
    for place in range(int(min(count, MOST))):
        line = fields.get(f"slave{place}")
        if line is not None:
            _replica(pairs(line), offset, samples)
    return samples


def _replica(line: Mapping[str, str], offset: float | None, samples: list[Sample]) -> None:
    host, port = line.get("ip", ""), line.get("port", "")
    name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if line.get("state") != "online":
        return  # while it loads a snapshot both figures are about something else
    add(samples, derived.LAG_SECONDS, parsed(line.get("lag")), name)
    reached = parsed(line.get("offset"))
    # A replica that has not acknowledged anything says 0, which is no lag of the whole history.
    if offset is not None and reached:
        add(samples, derived.LAG_BYTES, max(0.0, offset - reached), name)


def _link(fields: Mapping[str, str], samples: list[Sample]) -> None:
    up = fields.get("master_link_status") == "up"
    since = "master_last_io_seconds_ago" if up else "master_link_down_since_seconds"
    add(samples, derived.LAG_SECONDS, number(fields, since), "")
    read, applied = number(fields, "slave_read_repl_offset"), number(fields, "slave_repl_offset")
    if up and read is not None and applied is not None:
        add(samples, derived.LAG_BYTES, max(0.0, read - applied), "")
