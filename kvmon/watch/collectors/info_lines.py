"""Lines of INFO that speak for themselves: what a field's value says, as samples."""

from __future__ import annotations

import re
from collections.abc import Callable

from kvmon.model.metrics.catalogue import BY_FIELD
from kvmon.model.metrics.catalogue import commands as command_rows
from kvmon.model.metrics.catalogue import cpu as cpu_rows
from kvmon.model.metrics.catalogue import keyspace as keyspace_rows
from kvmon.model.metrics.catalogue import replication as replication_rows
from kvmon.model.metrics.catalogue import sentinel as sentinel_rows
from kvmon.model.metrics.catalogue import server as server_rows
from kvmon.model.metrics.catalogue.cluster import cluster_row
from kvmon.model.metrics.sample import Sample
from kvmon.model.metrics.spec import Scale, Spec

Samples = tuple[Sample, ...]
Reader = Callable[[bytes], Samples]
"""Makes the samples of a line from what follows the colon; none from a value of another shape than documented."""

WORDS = {b"ok": 1.0, b"true": 1.0, b"err": 0.0, b"fail": 0.0, b"false": 0.0}
FACTORS = {Scale.NUMBER: 1.0, Scale.PERCENT: 1.0, Scale.MILLISECONDS: 1e3, Scale.MICROSECONDS: 1e6}
"""What a value is divided by."""


def number(value: bytes) -> float | None:
    """A finite number, or what a word such as `ok` stands for; None for anything else."""
    try:
        found = float(value)
    except ValueError:
        return WORDS.get(value)
    return found if found - found == 0.0 and b"_" not in value else None


def parts(value: bytes) -> dict[bytes, bytes]:
    """`keys=3,expires=1` by name."""
    return {name: text for name, equals, text in [part.partition(b"=") for part in value.split(b",")] if equals}


def text(value: bytes) -> str:
    """As a label's value."""
    return value.decode("utf-8", "replace")


def plain(spec: Spec) -> Reader:
    """The reader of a field with one number. Zeros of all nodes share one sample: most fields are zero most of the time."""
    factor = FACTORS[spec.scale]
    percent = spec.scale is Scale.PERCENT
    zero = (Sample(spec, 0.0),)

    def read(value: bytes) -> Samples:
        found = number(value.removesuffix(b"%") if percent else value)
        if found is None:
            return ()
        return (Sample(spec, found / factor),) if found else zero

    return read


_USUAL = re.compile(rb"calls=(\d{1,18}),usec=(\d{1,18}),usec_per_call=[\d.]+,rejected_calls=(\d{1,18}),failed_calls=(\d{1,18})")
"""What servers from Redis 6.2 on write: read at half the cost, and there are many of these lines."""


def command(name: str, *, with_summary: bool) -> Reader:
    """`cmdstat_NAME`; with the sum and count of its latency summary where the reply has percentiles for it."""
    labels = (name,)

    def read(value: bytes) -> Samples:
        usual = _USUAL.fullmatch(value)
        if usual is None:
            return read_any(value)
        calls, usec, rejected, failed = map(float, usual.groups())
        samples = (
            Sample(command_rows.CALLS, calls, labels),
            Sample(command_rows.DURATION, usec / 1e6, labels),
            Sample(command_rows.REJECTED, rejected, labels),
            Sample(command_rows.FAILED, failed, labels),
        )
        if not with_summary:
            return samples
        summary = (
            Sample(command_rows.PERCENTILES, usec, labels, "_sum"),
            Sample(command_rows.PERCENTILES, calls, labels, "_count"),
        )
        return samples + summary

    def read_any(value: bytes) -> Samples:
        found = parts(value)
        calls, usec = number(found.get(b"calls", b"")), number(found.get(b"usec", b""))
        if calls is None or usec is None:
            return ()
        samples = [Sample(command_rows.CALLS, calls, labels), Sample(command_rows.DURATION, usec / 1e6, labels)]
        for spec, key in ((command_rows.REJECTED, b"rejected_calls"), (command_rows.FAILED, b"failed_calls")):
            count = number(found.get(key, b""))
            if count is not None:
                samples.append(Sample(spec, count, labels))
        if with_summary:
            samples.append(Sample(command_rows.PERCENTILES, usec, labels, "_sum"))
            samples.append(Sample(command_rows.PERCENTILES, calls, labels, "_count"))
        return tuple(samples)

    return read


def percentiles(name: str) -> Reader:
    """`latency_percentiles_usec_NAME:p50=1.003,p99.9=4.015`."""

    def read(value: bytes) -> Samples:
        found = [(text(key[1:]), number(micros)) for key, micros in parts(value).items() if key[:1] == b"p"]
        return tuple(Sample(command_rows.PERCENTILES, micros, (name, key)) for key, micros in found if micros is not None)

    return read


def _error(name: str) -> Reader:
    def read(value: bytes) -> Samples:
        count = number(parts(value).get(b"count", b""))
        return () if count is None else (Sample(command_rows.ERRORS, count, (name,)),)

    return read


_DATABASE = (
    (keyspace_rows.KEYS, (b"keys",), 1.0),
    (keyspace_rows.EXPIRING, (b"expires",), 1.0),
    (keyspace_rows.AVERAGE_TTL, (b"avg_ttl",), 1e3),
    (keyspace_rows.CACHED, (b"cached_keys", b"cached"), 1.0),
    (keyspace_rows.EXPIRING_ITEMS, (b"subexpiry", b"keys_with_volatile_items"), 1.0),
)


def _database(name: str) -> Reader:
    def read(value: bytes) -> Samples:
        found = parts(value)
        samples = []
        for spec, keys, factor in _DATABASE:
            count = next((number(found[key]) for key in keys if key in found), None)
            if count is not None:
                samples.append(Sample(spec, count / factor, (name,)))
        return tuple(samples)

    return read


_BINS = {b"K": 2.0**10, b"M": 2.0**20, b"G": 2.0**30, b"T": 2.0**40, b"P": 2.0**50, b"E": 2.0**60}


def _sizes(name: str) -> Reader:
    """`db0_distrib_strings_sizes:0=3,1=5,1K=2`: the bins' lower bounds and how many keys are in each."""
    database, _, rest = name.partition("_distrib_")
    kind = rest.partition("_")[0]

    def read(value: bytes) -> Samples:
        samples = []
        for bound, keys in parts(value).items():
            least, count = number(bound.rstrip(b"KMGTPE")), number(keys)
            if least is not None and count is not None:
                label = f"{least * _BINS.get(bound[-1:], 1.0):.0f}"
                samples.append(Sample(keyspace_rows.BY_SIZE, count, (database, kind, label)))
        return tuple(samples)

    return read


def _replica(_: str) -> Reader:
    def read(value: bytes) -> Samples:
        found = parts(value)
        labels = tuple(text(found.get(key, b"")) for key in (b"ip", b"port", b"state"))
        fields = ((replication_rows.REPLICA_OFFSET, b"offset"), (replication_rows.REPLICA_LAG, b"lag"))
        values = [(spec, number(found.get(key, b""))) for spec, key in fields]
        return tuple(Sample(spec, count, labels) for spec, count in values if count is not None)

    return read


def _watched(_: str) -> Reader:
    def read(value: bytes) -> Samples:
        found = parts(value)
        status = text(found.get(b"status", b""))
        labels = (text(found.get(b"name", b"")), text(found.get(b"address", b"")))
        samples = [Sample(sentinel_rows.STATUS, float(status == "ok"), (*labels, status))]
        for spec, key in ((sentinel_rows.SLAVES, b"slaves"), (sentinel_rows.SENTINELS, b"sentinels")):
            count = number(found.get(key, b""))
            if count is not None:
                samples.append(Sample(spec, count, labels))
        return tuple(samples)

    return read


def _engine(_: str) -> Reader:
    def read(value: bytes) -> Samples:
        found = parts(value)
        labels = tuple(text(found.get(key, b"")) for key in (b"name", b"module", b"abi_version"))
        fields = ((server_rows.ENGINE_MEMORY, b"used_memory"), (server_rows.ENGINE_OVERHEAD, b"memory_overhead"))
        values = [(spec, number(found.get(key, b""))) for spec, key in fields]
        return (
            Sample(server_rows.ENGINE_INFO, 1.0, labels),
            *(Sample(spec, count, labels) for spec, count in values if count is not None),
        )

    return read


def _io_thread(name: str) -> Reader:
    fields = ((server_rows.IO_THREAD_CLIENTS, b"clients"), (server_rows.IO_THREAD_READS, b"reads"),
              (server_rows.IO_THREAD_WRITES, b"writes"))  # fmt: skip

    def read(value: bytes) -> Samples:
        found = parts(value)
        values = [(spec, number(found.get(key, b""))) for spec, key in fields]
        return tuple(Sample(spec, count, (name,)) for spec, count in values if count is not None)

    return read


def _io_thread_time(name: str) -> Reader:
    def read(value: bytes) -> Samples:
        seconds = number(value)
        return () if seconds is None else (Sample(cpu_rows.IO_THREAD_ACTIVE, seconds, (name,)),)

    return read


def _certificate(name: str) -> Reader:
    def read(value: bytes) -> Samples:
        return () if value in (b"none", b"") else (Sample(server_rows.TLS_CERTIFICATE_INFO, 1.0, (name, text(value))),)

    return read


_SHAPES: tuple[tuple[re.Pattern[str], Callable[[str], Reader]], ...] = (
    (re.compile(r"errorstat_(.+)"), _error),
    (re.compile(r"latency_percentiles_usec_(.+)"), percentiles),
    (re.compile(r"(db[0-9]+)"), _database),
    (re.compile(r"(db[0-9]+_distrib_[a-z]+_[a-z]+)"), _sizes),
    (re.compile(r"slave([0-9]+)"), _replica),
    (re.compile(r"master([0-9]+)"), _watched),
    (re.compile(r"engine_([0-9]+)"), _engine),
    (re.compile(r"io_thread_([0-9]+)"), _io_thread),
    (re.compile(r"used_active_time_io_thread_([0-9]+)"), _io_thread_time),
    (re.compile(r"tls_(server|client|ca)_cert_serial"), _certificate),
)
"""Fields whose names hold a number or a name."""

_PLAIN = {field: plain(spec) for field, spec in BY_FIELD.items()}


def reader_of(field: str) -> Reader | None:
    """How the line of this field is read; None for one that says nothing by itself."""
    known = _PLAIN.get(field)
    if known is not None:
        return known
    for pattern, make in _SHAPES:
        found = pattern.fullmatch(field)
        if found:
            return make(found[1])
    return plain(cluster_row(field)) if field.startswith("cluster_") else None
