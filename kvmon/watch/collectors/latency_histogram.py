"""LATENCY HISTOGRAM with the sums of INFO commandstats; commands that did not change keep their samples."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from kvmon.model.conversation import Malformed, Reply
from kvmon.model.metrics.catalogue.latency import HISTOGRAMS
from kvmon.model.metrics.sample import Sample
from kvmon.watch.collectors.shapes import array, integer, table, text

COMMAND = "LATENCY HISTOGRAM"

_TIME = re.compile(rb"^cmdstat_([^\r\n]+):calls=\d+,usec=(\d+)", re.MULTILINE)
_UNSAFE = str.maketrans("#:\n\r", "____")


class Known(NamedTuple):
    """One command's reply as it came, the time it took in all, and the samples made of both."""

    raw: Reply
    time: bytes | None
    samples: tuple[Sample, ...]


def times_of(stats: Reply) -> dict[bytes, bytes]:
    """Microseconds by command, undecoded, from INFO commandstats."""
    return dict(_TIME.findall(stats)) if isinstance(stats, bytes) else {}


def histograms(reply: Reply, times: Mapping[bytes, bytes], known: Mapping[bytes, Known]) -> dict[bytes, Known]:
    """Each command's samples; a command without a change since `known` keeps the very objects."""
    items = array(COMMAND, reply)
    if len(items) % 2:
        raise Malformed(f"{COMMAND}: names and histograms were expected, {len(items)} elements came")
    found = {}
    for name, raw in zip(items[::2], items[1::2], strict=True):
        if not isinstance(name, bytes):
            raise Malformed(f"{COMMAND}: a name was expected, a {type(name).__name__} came")
        time = times.get(name)
        if time is None:  # INFO writes some characters otherwise
            time = times.get(text(COMMAND, name).translate(_UNSAFE).encode())
        old = known.get(name)
        same = old is not None and old.time == time and old.raw == raw
        found[name] = old if old is not None and same else Known(raw, time, _samples(text(COMMAND, name), raw, time))
    return found


def _samples(command: str, raw: Reply, time: bytes | None) -> tuple[Sample, ...]:
    parts = table(COMMAND, raw)
    calls = integer(COMMAND, parts.get("calls"))
    bounds = array(COMMAND, parts.get("histogram_usec"))
    samples = [
        Sample(HISTOGRAMS, integer(COMMAND, count), (command, bound_text(integer(COMMAND, bound))), "_bucket")
        for bound, count in zip(bounds[::2], bounds[1::2], strict=False)
    ]
    samples.append(Sample(HISTOGRAMS, calls, (command, "+Inf"), "_bucket"))
    if time is not None:
        samples.append(Sample(HISTOGRAMS, float(time), (command,), "_sum"))
    samples.append(Sample(HISTOGRAMS, calls, (command,), "_count"))
    return tuple(samples)


def bound_text(bound: int) -> str:
    """A bound as redis_exporter writes it, so that series go on: 528384, but 1.056768e+06 from a million on."""
    digits = str(bound)
    if len(digits) < 7 or bound < 0:
        return digits
    mantissa = digits.rstrip("0")
    fraction = f".{mantissa[1:]}" if len(mantissa) > 1 else ""
    return f"{mantissa[0]}{fraction}e+{len(digits) - 1:02d}"
