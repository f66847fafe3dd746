"""How long commands took between two looks at LATENCY HISTOGRAM: quantiles of all calls together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from kvmon.watch.collectors.latency_histogram import COMMAND, Histograms, Known
from kvmon.watch.collectors.shapes import array, integer, table

QUANTILES = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}

_HOUSEKEEPING = frozenset({"info", "ping", "hello", "auth", "role"})
"""Commands without a subcommand that are about the server and not about data."""


def quantiles(before: Histograms, after: Histograms) -> Mapping[str, float]:
    """Seconds by the name in QUANTILES, of commands on data; nothing where none was called, or at the first look.

    The server counts in buckets that double, and within one calls are taken to be spread evenly, as by `histogram_quantile`.
    """
    if before.raw is None:
        return {}
    found: Counter[int] = Counter()
    for name, known in after.known.items():
        old = before.known.get(name)
        # What has a subcommand (`config|get`) asks about the server, too.
        if known is old or b"|" in name or name.decode("utf-8", "replace") in _HOUSEKEEPING:
            continue
        new = _calls(known)
        if old is not None:
            new.subtract(_calls(old))
        if all(count >= 0 for count in new.values()):  # else the server began to count anew
            found.update(new)
    total = sum(found.values())
    return {word: _at(found, share * total) / 1e6 for word, share in QUANTILES.items()} if total else {}


def _calls(known: Known) -> Counter[int]:
    """Calls by the upper bound of their bucket, microseconds; the server tells how many there are up to each bound."""
    bounds = array(COMMAND, table(COMMAND, known.raw).get("histogram_usec"))
    found, up_to = Counter[int](), 0
    for bound, count in zip(bounds[::2], bounds[1::2], strict=False):
        number = integer(COMMAND, count)
        found[integer(COMMAND, bound)] = number - up_to
        up_to = number
    return found


def _at(calls: Mapping[int, int], rank: float) -> float:
    """The duration (microseconds) that so many calls did not exceed."""
    passed, bound = 0, 0
    for bound, count in sorted(calls.items()):
        if count and passed + count >= rank:
            return bound / 2 * (1 + (rank - passed) / count) if bound > 1 else bound * (rank - passed) / count
        passed += count
    return float(bound)
