"""LATENCY HISTOGRAM with the sums of INFO commandstats; commands that did not change keep their samples."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from kvmon.model.conversation import Malformed, Reply
from kvmon.model.metrics.catalogue.latency import HISTOGRAMS
from kvmon.model.metrics.sample import Sample
from kvmon.watch.collectors.shapes import array, integer, table, text

COMMAND = "LATENCY HISTOGRAM"

_UNSAFE = str.maketrans("#:\n\r", "____")


class Known(NamedTuple):
    """One command's reply as it came, and the samples made of it and of the time it took in all."""

    raw: Reply
    samples: tuple[Sample, ...]


class Histograms(NamedTuple):
    """What is known of each command, and the samples of all. `raw` is the reply that was read last, as it came."""

    raw: Reply = None
    known: Mapping[bytes, Known] = {}
    samples: tuple[Sample, ...] = ()


def histograms(reply: Reply, stats: Reply, before: Histograms, *, some: bool = False) -> Histograms:
    """Each command's samples; the sums come from `stats`, INFO commandstats. `some` says that others were not asked for.

    A command that did not change keeps the very objects: the server counts its calls here and its time there at once.
    """
    if reply == before.raw:
        return before
    items = array(COMMAND, reply)
    if len(items) % 2:
        raise Malformed(f"{COMMAND}: names and histograms were expected, {len(items)} elements came")
    known = before.known
    found = dict(known) if some else {}
    for name, raw in zip(items[::2], items[1::2], strict=True):
        if not isinstance(name, bytes):
            raise Malformed(f"{COMMAND}: a name was expected, a {type(name).__name__} came")
        old = known.get(name)
        if old is None:
            found[name] = Known(raw, _samples(name, raw, stats, ()))
        else:
            found[name] = old if old.raw == raw else Known(raw, _samples(name, raw, stats, old.samples))
    return Histograms(reply, found, tuple(chain.from_iterable([command.samples for command in found.values()])))


def _samples(name: bytes, raw: Reply, stats: Reply, old: tuple[Sample, ...]) -> tuple[Sample, ...]:
    """Buckets, sum and count; a bucket that did not change keeps its sample, and one that did at least its labels."""
    command = text(COMMAND, name)
    parts = table(COMMAND, raw)
    calls = integer(COMMAND, parts.get("calls"))
    bounds = array(COMMAND, parts.get("histogram_usec"))
    samples = []
    place, buckets = 0, len(old)
    for bound, count in zip(bounds[::2], bounds[1::2], strict=False):
        label = bound_text(integer(COMMAND, bound))
        value = float(integer(COMMAND, count))
        # Buckets come in their order, and only new ones are put between.
        before = old[place] if place < buckets else None
        if before is not None and len(before.labels) == 2 and before.labels[1] == label:
            place += 1
            samples.append(before if before.value == value else Sample(HISTOGRAMS, value, before.labels, "_bucket"))
        else:
            samples.append(Sample(HISTOGRAMS, value, (command, label), "_bucket"))
    samples.append(Sample(HISTOGRAMS, calls, (command, "+Inf"), "_bucket"))
    time = _time(name, command, stats)
    if time is not None:
        samples.append(Sample(HISTOGRAMS, time, (command,), "_sum"))
    samples.append(Sample(HISTOGRAMS, calls, (command,), "_count"))
    return tuple(samples)


def _time(name: bytes, command: str, stats: Reply) -> float | None:
    """Microseconds that the command took in all, by INFO, which writes some characters otherwise."""
    if not isinstance(stats, bytes):
        return None
    for spelled in (name, command.translate(_UNSAFE).encode()):
        begin = stats.find(b"\ncmdstat_" + spelled + b":calls=")
        if begin >= 0:
            begin = stats.find(b",usec=", begin) + len(b",usec=")
            digits = stats[begin : stats.find(b",", begin)]
            return float(digits) if digits.isdigit() else None
    return None


@lru_cache(512)
def bound_text(bound: int) -> str:
    """A bound as redis_exporter writes it, so that series go on: 528384, but 1.056768e+06 from a million on."""
    digits = str(bound)
    if len(digits) < 7 or bound < 0:
        return digits
    mantissa = digits.rstrip("0")
    fraction = f".{mantissa[1:]}" if len(mantissa) > 1 else ""
    return f"{mantissa[0]}{fraction}e+{len(digits) - 1:02d}"
