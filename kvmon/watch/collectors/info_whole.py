"""What several lines of INFO say only together: who runs here, whom a replica follows, when the process started."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from kvmon.model.metrics.catalogue import keyspace as keyspace_rows
from kvmon.model.metrics.catalogue import replication as replication_rows
from kvmon.model.metrics.catalogue import server as server_rows
from kvmon.model.metrics.sample import Sample
from kvmon.watch.collectors.info_lines import number

Previous = Sequence[Sample]
Whole = Callable[[Mapping[str, str], Previous, float], Sequence[Sample]]
"""Makes samples of all plain fields, the samples it made before, and the wall time of now."""

IDENTITY = (
    "role", "redis_version", "redis_build_id", "redis_mode", "os", "maxmemory_policy", "tcp_port", "run_id", "process_id",
    "master_replid",
)  # fmt: skip
LATER = ("valkey_version", "valkey_release_stage", "availability_zone")
"""Labels of instance_info that only some servers have; they end where the first one is missing."""


def identity(fields: Mapping[str, str], previous: Previous, now: float) -> Sequence[Sample]:
    """instance_info."""
    del previous, now
    labels = [fields.get(name, "") for name in IDENTITY]
    labels[3] = labels[3] or fields.get("server_mode", "")
    for name in LATER:
        value = fields.get(name, "")
        if not value:
            break
        labels.append(value)
    return (Sample(server_rows.INSTANCE_INFO, 1.0, tuple(labels)),)


def start(fields: Mapping[str, str], previous: Previous, now: float) -> Sequence[Sample]:
    """start_time_seconds: the server's clock, else ours, minus its uptime.

    Uptime comes in whole seconds, so that the difference trembles by one: the first value stands until it is off by more.
    """
    uptime = number(fields.get("uptime_in_seconds", "").encode())
    if uptime is None:
        return ()
    clock = number(fields.get("server_time_usec", "").encode())
    began = float(round((now if clock is None else clock / 1e6) - uptime))
    if previous and abs(previous[0].value - began) <= 2.0:
        return previous
    return (Sample(server_rows.START_TIME, began),)


PRIMARY = re.compile(r"master(?:_([0-9]+))?_(?:host|port|link_.*|last_io_.*|sync_.*)")
"""Fields that speak of a replica's primary; KeyDB numbers those of its further ones."""


def primary(fields: Mapping[str, str], previous: Previous, now: float) -> Sequence[Sample]:
    """slave_info and the state of a replica's links."""
    del previous, now
    if fields.get("role") != "slave":
        return ()
    samples: list[Sample] = []
    found = (PRIMARY.fullmatch(name) for name in fields if name.startswith("master"))
    for which in sorted({match[1] or "" for match in found if match}):
        beginning = f"master_{which}_" if which else "master_"
        labels = (fields.get(f"{beginning}host", ""), fields.get(f"{beginning}port", ""))
        samples.append(Sample(replication_rows.SLAVE_INFO, 1.0, (*labels, fields.get("slave_read_only", ""))))
        for spec in replication_rows.LINK:
            value = fields.get(spec.field.replace("master_", beginning, 1))
            if value is None:
                continue
            state = float(value == "up") if spec.field == "master_link_status" else number(value.rstrip("%").encode())
            if state is not None:
                samples.append(Sample(spec, state, labels))
    return samples


PRIMARY_ALSO = frozenset({"role", "slave_read_only", "slave_repl_offset", "slave_read_repl_offset"})


def empty_databases(present: Iterable[str], databases: int) -> list[Sample]:
    """Zeros for the databases that INFO does not list because they are empty."""
    there = set(present)
    missing = [name for name in (f"db{index}" for index in range(databases)) if name not in there]
    return [_zero(name, spec) for name in missing for spec in (keyspace_rows.KEYS, keyspace_rows.EXPIRING)]


_ZEROS: dict[tuple[str, object], Sample] = {}


def _zero(name: str, spec: object) -> Sample:
    found = _ZEROS.get((name, spec))
    if found is None:
        row = keyspace_rows.KEYS if spec is keyspace_rows.KEYS else keyspace_rows.EXPIRING
        found = _ZEROS[name, spec] = Sample(row, 0.0, (name,))
    return found


def kept(new: Sequence[Sample], old: Sequence[Sample]) -> Sequence[Sample]:
    """The new samples, but the old object wherever both say the same."""
    if len(new) != len(old):
        return new
    return [
        before if before.value == after.value and before.spec is after.spec and before.labels == after.labels else after
        for after, before in zip(new, old, strict=True)
    ]
