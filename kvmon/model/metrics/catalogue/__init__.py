"""Every metric kvmon knows, one module a subject."""

from __future__ import annotations

from kvmon.model.metrics.catalogue import (
    acl,
    breakers,
    client_list,
    clients,
    cluster,
    commandlog,
    commands,
    config,
    cpu,
    credentials,
    daemon,
    datadog,
    derived,
    discovery,
    keys,
    keyspace,
    latency,
    maintenance,
    memory,
    memory_stats,
    migration,
    modules,
    modules_info,
    notifications,
    persistence,
    polls,
    probes,
    replication,
    rules,
    scripts,
    search,
    sentinel,
    server,
    slot_stats,
    slowlog,
    stats,
    topology,
    workloads,
)
from kvmon.model.metrics.spec import Spec

SUBJECTS = (
    server, clients, memory, persistence, stats, replication, cpu, cluster, slot_stats, keyspace, keys, commands, sentinel, modules_info,
    config, slowlog, commandlog, latency, memory_stats, client_list, modules, search, scripts, acl,
    derived, topology, discovery, polls, probes, breakers, credentials, maintenance, migration, workloads, notifications, daemon,
    datadog,
    rules,
)  # fmt: skip
"""The modules with rows, in the order of documentation."""

ALL: tuple[Spec, ...] = tuple(row for subject in SUBJECTS for row in subject.ROWS)
"""All rows."""

BY_NAME: dict[str, Spec] = {row.name: row for row in ALL}
"""The row of an exposed name."""

BY_FIELD: dict[str, Spec] = {row.field: row for row in ALL if row.field and row.source.startswith("INFO") and not row.labels}
"""The row of a plain INFO field."""
