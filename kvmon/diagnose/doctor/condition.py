"""How a node does, from one poll: clock, rights, topology, memory, persistence, slow commands. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kvmon.diagnose.doctor.finding import Finding
from kvmon.model.metrics.sample import Sample
from kvmon.model.snapshot import Capability
from kvmon.model.targets.providers import Provider
from kvmon.model.targets.target import Target

SKEW = 2.0
"""Seconds by which clocks may differ."""

FULL, NEARLY = 0.95, 0.80
BIG = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Seen:
    """What a poll gave. `at` is our wall time when it began, `took` seconds; `slow` are (command, seconds, wall time), `large` (command, bytes)."""

    target: Target
    provider: Provider
    fields: Mapping[str, str]
    samples: Sequence[Sample]
    capabilities: Sequence[Capability]
    slow: Sequence[tuple[str, float, float]]
    large: Sequence[tuple[str, float]]
    at: float
    took: float

    def number(self, field: str) -> float | None:
        """A field of INFO; None where it is absent or no number."""
        try:
            return float(self.fields[field])
        except (KeyError, ValueError):
            return None

    def setting(self, name: str) -> str | None:
        """A setting of CONFIG GET; None where it was not told."""
        return next(
            (
                sample.labels[1]
                for sample in self.samples
                if sample.spec.name == "redis_config_key_value" and sample.labels[0] == name
            ),
            None,
        )

    @property
    def sentinel(self) -> bool:
        """Whether it is a Sentinel: it keeps no data."""
        return "sentinel" in (self.fields.get("redis_mode"), self.fields.get("server_mode"))

    @property
    def limit(self) -> float | None:
        """Bytes for data; None for no limit."""
        told = self.target.limit
        return self.provider.available(self.number) or (float(told[0]) if told is not None else None)


def condition(seen: Seen) -> Iterator[Finding]:
    """A finding for each step."""
    yield _permissions(seen)
    yield _clock(seen)
    yield _topology(seen)
    if seen.sentinel:
        return
    yield _memory(seen)
    yield _persistence(seen)
    yield _slow(seen)


def _permissions(seen: Seen) -> Finding:
    refused = [found for found in seen.capabilities if found.status == "refused"]
    noperm = [found for found in refused if "kvmon acl" in found.why]
    works = sum(found.status == "works" for found in seen.capabilities)
    if noperm:
        names = ", ".join(found.collector for found in noperm)
        return Finding(
            "permissions",
            "fail",
            f"the user may not ask {names}: {noperm[0].why}",
            "give the user the line that `kvmon acl` prints",
        )
    missing = [found.collector for found in seen.capabilities if found.status in ("refused", "withheld")]
    if not missing:
        return Finding("permissions", "ok", f"all {works} questions are answered")
    where = f"not available on {seen.provider.title}" if seen.provider.managed else refused[0].why
    text = f"{works} questions are answered; {', '.join(missing)}: {where}"
    if seen.provider.managed:
        return Finding("permissions", "ok", text)
    return Finding("permissions", "warn", text, "switch them off under `collectors`, or allow the commands (`rename-command`)")


def _clock(seen: Seen) -> Finding:
    told = seen.number("server_time_usec")
    if told is None:
        return Finding("clock", "skip", "the server does not tell its time")
    skew = told / 1_000_000 - (seen.at + seen.took / 2)
    if abs(skew) > SKEW + seen.took:
        fix = "keep both in time (NTP, chrony): tokens, expiries and the order of events suffer"
        return Finding("clock", "warn", f"the server's clock is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}", fix)
    return Finding("clock", "ok", "the server's clock agrees with ours")


def _topology(seen: Seen) -> Finding:
    fields, role = seen.fields, seen.fields.get("role", "")
    if seen.sentinel:
        return _services(seen)
    if role == "slave" and fields.get("master_link_status") != "up":
        since = fields.get("master_link_down_since_seconds", "some")
        fix = "check that the primary runs and is reached from there, and its password (`primaryauth`)"
        return Finding("topology", "fail", f"a replica without its primary for {since} s", fix)
    state = next((sample.value for sample in seen.samples if sample.spec.name == "redis_cluster_state"), None)
    if state == 0:
        return Finding(
            "topology",
            "fail",
            "the cluster does not serve",
            "`CLUSTER NODES`: bring failed nodes back, assign slots that nobody owns",
        )
    if role == "master":
        replicas = seen.number("connected_slaves") or 0
        text = f"primary with {replicas:.0f} replica{'' if replicas == 1 else 's'}{' in a cluster' if state is not None else ''}"
        return Finding("topology", "ok", text)
    return Finding(
        "topology", "ok", {"slave": "replica, in touch with its primary"}.get(role, role or "the server does not tell its role")
    )


def _services(seen: Seen) -> Finding:
    """`master0:name=mymaster,status=ok,address=10.0.0.1:6379,slaves=2,sentinels=3`."""
    lines = [line for name, line in seen.fields.items() if name.startswith("master") and name[6:].isdigit()]
    services = [dict(part.partition("=")[::2] for part in line.split(",")) for line in lines]
    ill = [service for service in services if service.get("status") != "ok"]
    if ill:
        text = ", ".join(f"{service.get('name')} is {service.get('status')}" for service in ill)
        fix = "look at the primary, and whether a majority of the Sentinels is up: they fail over only then"
        return Finding("topology", "fail", f"a Sentinel: {text}", fix)
    if not services:
        return Finding(
            "topology", "fail", "a Sentinel that watches nothing", "SENTINEL MONITOR, or `sentinel monitor` in its file"
        )
    names = ", ".join(
        f"{service.get('name')} ({service.get('slaves')} replicas, {service.get('sentinels')} Sentinels)" for service in services
    )
    return Finding("topology", "ok", f"a Sentinel, which watches {names}")


def _memory(seen: Seen) -> Finding:
    used, limit = seen.number("used_memory"), seen.limit
    if used is None:
        return Finding("memory", "skip", "the server does not tell what it uses")
    if not limit:
        fix = "set maxmemory and a policy: without them the operating system ends the server when memory is full"
        if seen.provider.managed:
            fix = "set `memory_limit` or `sku` of the target: the server does not tell its limit"
        return Finding("memory", "warn", f"{size(used)} used, no limit", fix)
    share = used / limit
    policy = seen.fields.get("maxmemory_policy", "") or "an unknown policy"
    text = f"{share:.0%} of {size(limit)} used, {policy}"
    keeps = not policy.startswith("allkeys")
    fix = "raise maxmemory or the size, give keys an expiry, or choose an allkeys policy if it is a cache"
    if share >= FULL and keeps:
        return Finding("memory", "fail", f"{text}: writes fail when it is full", fix)
    if share >= NEARLY and keeps:
        return Finding("memory", "warn", text, fix)
    ratio = seen.number("mem_fragmentation_ratio")
    if ratio is not None and ratio > 1.5 and used > BIG:
        return Finding(
            "memory", "warn", f"{text}, fragmentation {ratio:.1f}", "set activedefrag yes, or restart a replica and fail over"
        )
    return Finding("memory", "ok", text)


def _persistence(seen: Seen) -> Finding:
    fields = seen.fields
    broken = [
        name
        for name in ("rdb_last_bgsave_status", "aof_last_write_status", "aof_last_bgrewrite_status")
        if fields.get(name, "ok") != "ok"
    ]
    if broken:
        fix = "look at the server's log: a full or read-only disk, or too little memory to fork (vm.overcommit_memory 1)"
        return Finding("persistence", "fail", f"{', '.join(broken)} failed; writes may be refused (MISCONF)", fix)
    if fields.get("loading") == "1":
        return Finding("persistence", "warn", "the server is loading its data", "wait")
    if "rdb_last_bgsave_status" not in fields:
        return Finding(
            "persistence",
            "skip",
            f"not available on {seen.provider.title}" if seen.provider.managed else "the server does not tell",
        )
    kinds = [word for word, on in (("AOF", fields.get("aof_enabled") == "1"), ("RDB", bool(seen.setting("save")))) if on]
    return Finding("persistence", "ok", " and ".join(kinds) or "nothing failed")


def _slow(seen: Seen) -> Finding:
    hour = [entry for entry in seen.slow if seen.at - entry[2] < 3600]
    if not hour:
        return Finding("slow commands", "ok", "none in the last hour")
    command, seconds, _ = max(hour, key=lambda entry: entry[1])
    text = f"{len(hour)} in the last hour, the slowest {command} with {seconds * 1000:.0f} ms"
    fix = "everybody waits for them: SCAN for KEYS, smaller collections, ranges in place of whole ones, pipelines in place of long scripts"
    return Finding("slow commands", "warn", text, fix)


def size(number: float) -> str:
    """Bytes as people say them: `1.5 GiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if number < 1024:
            return f"{number:.4g} {unit}"
        number /= 1024
    return f"{number:.4g} TiB"
