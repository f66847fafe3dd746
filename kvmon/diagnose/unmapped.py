"""Numeric INFO fields that no row of the catalogue names."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from kvmon.model.metrics.catalogue import ALL

NOT_PLAIN = re.compile(
    r"(db\d+|slave\d+|cmdstat_.*|errorstat_.*|latency_percentiles_usec_.*|master\d+|distrib_.*|module|.*_build_id)"
)
"""Fields with a shape of their own, or numbers that are names."""

NAMES = frozenset((
    "process_id", "tcp_port", "master_port", "arch_bits", "configured_hz", "hz", "lru_clock", "redis_git_sha1", "redis_git_dirty",
    "monotonic_clock", "atomicvar_api", "redis_version", "valkey_version", "run_id", "master_replid", "master_replid2",
    "uptime_in_days",
))  # fmt: skip
"""Numbers that measure nothing by themselves: names of something (ids of digits alone), or said by another field."""


def unmapped(fields: Mapping[str, str]) -> dict[str, float]:
    """The fields that are numbers and have no row, in their order."""
    known = {row.field for row in ALL if row.field}
    found: dict[str, float] = {}
    for name, text in fields.items():
        if name in known or name in NAMES or NOT_PLAIN.fullmatch(name):
            continue
        value = _number(text)
        if value is not None:
            found[name] = value
    return found


def _number(text: str) -> float | None:
    try:
        value = float(text.strip().removesuffix("%"))
    except ValueError:
        return None
    return value if math.isfinite(value) else None
