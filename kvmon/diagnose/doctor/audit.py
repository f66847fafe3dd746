"""Best practices on a live backend: what would hurt one day, why, and what to change. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from ipaddress import ip_address

from kvmon.diagnose.doctor.condition import Seen, size
from kvmon.diagnose.doctor.finding import Finding
from kvmon.model.targets.rightsizing import ROOM, smaller_size

SETTINGS = (
    "protected-mode", "enable-debug-command", "enable-module-command", "client-output-buffer-limit", "maxmemory-policy", "save",
    "appendonly", "stop-writes-on-bgsave-error", "tcp-keepalive", "slowlog-log-slower-than", "latency-monitor-threshold", "timeout",
)  # fmt: skip
"""What the audit wants to know by CONFIG GET."""

WHOLE = ("keys", "smembers", "hgetall", "flushall", "flushdb", "sort", "monitor", "debug")
"""Commands whose time grows with all data, or that show or destroy all of it."""

CHURN = 10.0
"""New connections per second, over the server's life, above which clients do not keep theirs."""

BUFFER = 32 * 1024 * 1024
_DATABASE = re.compile(r"db\d+")

Check = Callable[[Seen, bool | None, str | None], Finding]


def audit(seen: Seen, *, open_to_all: bool | None, rights: str | None) -> Iterator[Finding]:
    """A finding for each practice.

    `open_to_all`: whether a client without a password is served; `rights` the ACL rules of the user; None where that is not known.
    """
    yield _encryption(seen)
    yield _authentication(open_to_all)
    yield _rights(seen, rights)
    if seen.sentinel:
        return
    yield _eviction(seen)
    yield _expiry(seen)
    yield _survival(seen)
    yield _commands(seen)
    yield _connections(seen)
    yield _buffers(seen)
    yield _size(seen)
    yield _settings(seen)


def _encryption(seen: Seen) -> Finding:
    target = seen.target
    if target.tls is not None:
        if target.tls.verify == "full":
            return Finding("encryption", "ok", "TLS, chain and name are verified")
        return Finding(
            "encryption", "warn", f"TLS, but verify is {target.tls.verify}", "verify: full, with tls.ca and tls.server_name"
        )
    if all(address.path or _local(address.host) for address in target.addresses):
        return Finding("encryption", "ok", "none, and nothing leaves this machine")
    fix = "use the TLS port and rediss://: password and data go over the network as they are"
    return Finding("encryption", "fail", "none", fix)


def _authentication(open_to_all: bool | None) -> Finding:  # noqa: FBT001 - what was found
    if open_to_all is None:
        return Finding("authentication", "skip", "could not be tried")
    if open_to_all:
        fix = "set requirepass, or give the default user a password and every application a user of its own"
        return Finding("authentication", "fail", "a client without a password is served", fix)
    return Finding("authentication", "ok", "a client without a password is refused")


def _rights(seen: Seen, rights: str | None) -> Finding:
    if rights is None:
        return Finding("rights", "ok", "kvmon's user may not look at users")
    if "+@all" in rights.split():
        return Finding(
            "rights", "warn", "kvmon's user may do everything", f"`kvmon acl {seen.target.name}` prints the few rights it needs"
        )
    return Finding("rights", "ok", "kvmon's user has chosen rights")


def _eviction(seen: Seen) -> Finding:
    policy, evicted = seen.fields.get("maxmemory_policy", ""), seen.number("evicted_keys") or 0
    if not seen.limit:
        return Finding(
            "eviction", "warn", "no maxmemory", "set it below the memory of machine or container, with room for forks and buffers"
        )
    if not policy:
        return Finding("eviction", "skip", "the policy is not told")
    if policy.startswith("volatile") and _coverage(seen) == 0.0:
        fix = "give keys an expiry, or use allkeys-lru for a cache: this policy can evict nothing and then refuses writes"
        return Finding("eviction", "fail", f"{policy}, and no key has an expiry", fix)
    if policy == "noeviction" and evicted == 0 and (seen.number("keyspace_misses") or 0) > 1000 and _coverage(seen) == 1.0:
        return Finding(
            "eviction",
            "warn",
            "noeviction, though every key expires",
            "if it is a cache, allkeys-lru keeps it writable when it is full",
        )
    return Finding("eviction", "ok", f"{policy}, {evicted:.0f} keys evicted so far")


def _expiry(seen: Seen) -> Finding:
    coverage = _coverage(seen)
    if coverage is None:
        return Finding("expiry", "skip", "no keys")
    text = f"{coverage:.0%} of the keys expire"
    if coverage < 0.5 and not seen.fields.get("maxmemory_policy", "").startswith("allkeys"):
        fix = "SET with EX for what can be made again: keys without an expiry stay until memory is full (`kvmon_ttl_coverage_ratio`)"
        return Finding("expiry", "warn", text, fix)
    return Finding("expiry", "ok", text)


def _survival(seen: Seen) -> Finding:
    fields = seen.fields
    replicas = seen.number("connected_slaves")
    saved = fields.get("aof_enabled") == "1" or bool(seen.setting("save"))
    if fields.get("role") == "slave":
        return Finding("survival", "ok", "a replica: its primary has the data too")
    if replicas:
        return Finding("survival", "ok", f"{replicas:.0f} replicas{', and files' if saved else ''}")
    if seen.provider.managed:
        return Finding("survival", "skip", f"{seen.provider.title} does not tell of its replicas here: see its tier")
    if seen.setting("save") is None and fields.get("aof_enabled") != "1":
        return Finding(
            "survival",
            "warn",
            "no replica, and the server does not tell whether it saves",
            "add a replica where an outage matters",
        )
    if saved:
        return Finding("survival", "warn", "files, but no replica", "add a replica: loading files after a crash takes its time")
    fix = "add a replica, or appendonly yes; if it is a cache that may be lost, this is as it should be"
    return Finding("survival", "warn", "no replica and no files: a restart loses everything", fix)


def _commands(seen: Seen) -> Finding:
    calls = {
        sample.labels[0]: sample.value
        for sample in seen.samples
        if sample.spec.name == "redis_commands_total" and sample.labels and sample.labels[0] in WHOLE and sample.value
    }
    if calls:
        text = ", ".join(f"{name.upper()} {count:.0f} times" for name, count in sorted(calls.items(), key=lambda pair: -pair[1]))
        fix = "SCAN, SSCAN and HSCAN in place of whole ones; take what nobody should call away from applications: -@dangerous"
        return Finding("commands", "warn", text, fix)
    if seen.large:
        command, most = max(seen.large, key=lambda entry: entry[1])
        fix = "split big values, ask for ranges: while one is sent, everybody waits, and its buffer counts as memory"
        return Finding("commands", "warn", f"requests or replies of up to {size(most)} ({command})", fix)
    return Finding("commands", "ok", "none that goes through all keys")


def _connections(seen: Seen) -> Finding:
    received, uptime, rejected = (
        seen.number(name) for name in ("total_connections_received", "uptime_in_seconds", "rejected_connections")
    )
    now, most = seen.number("connected_clients"), seen.number("maxclients")
    if rejected:
        return Finding(
            "connections",
            "warn",
            f"{rejected:.0f} refused because of maxclients",
            "bound the pools of applications, or raise maxclients",
        )
    if now and most and now / most > 0.8:
        return Finding(
            "connections", "warn", f"{now:.0f} of {most:.0f} are used", "bound the pools of applications, or raise maxclients"
        )
    idle = seen.provider.idle
    if idle is not None and seen.target.interval >= idle:
        text = f"{seen.provider.title} closes connections that are idle for {idle:.0f} s, so each poll makes a new one"
        return Finding("connections", "warn", text, "a shorter interval for this target")
    if received and uptime and uptime > 60 and received / uptime > CHURN:
        fix = "keep connections in a pool: each new one costs a handshake, with TLS a thousand times a command"
        return Finding("connections", "warn", f"{received / uptime:.0f} new ones per second", fix)
    return Finding("connections", "ok", f"{now:.0f} clients" if now is not None else "nothing is told of them")


def _buffers(seen: Seen) -> Finding:
    cut = sum(seen.number(f"client_{kind}_buffer_limit_disconnections") or 0 for kind in ("query", "output"))
    biggest = max(seen.number("client_recent_max_output_buffer") or 0, seen.number("client_recent_max_input_buffer") or 0)
    if cut:
        fix = "read replies faster or ask for less at once; pub/sub and replicas have limits of their own (client-output-buffer-limit)"
        return Finding("client buffers", "warn", f"{cut:.0f} clients were cut off because their buffers were full", fix)
    if biggest > BUFFER:
        fix = "page through big replies: buffers count as used memory and may push data out"
        return Finding("client buffers", "warn", f"one of {size(biggest)}", fix)
    return Finding("client buffers", "ok", "within bounds")


def _size(seen: Seen) -> Finding:
    """Peak since the server's start against its limit and the next smaller size: estimates."""
    peak, limit = seen.number("used_memory_peak"), seen.limit
    if peak is None or not limit:
        return Finding("size", "skip", "there is no limit of memory to compare with")
    told = f"at its peak since the start {peak / limit:.0%} of {size(limit)} were in use"
    smaller = smaller_size(seen.target)
    if smaller is None:
        return Finding("size", "ok", told)
    clients, most = seen.number("connected_clients"), smaller.connections
    share = max(peak / smaller.data, clients / most if clients is not None and most else 0.0)
    told += f"; one size smaller ({smaller.sku}) would have been at {peak / smaller.data:.0%} (estimate)"
    if share > ROOM:
        return Finding("size", "ok", told)
    fix = f"{smaller.sku} may do, if its CPU and network do as well: look at the peaks of a whole week first"
    return Finding("size", "warn", told, fix)


def _settings(seen: Seen) -> Finding:
    odd = {
        "protected-mode": ("no", "protected-mode no: only where a password and a firewall stand before it"),
        "enable-debug-command": ("yes", "enable-debug-command yes: DEBUG can crash the server"),
        "enable-module-command": ("yes", "enable-module-command yes: modules are programs"),
        "stop-writes-on-bgsave-error": ("no", "stop-writes-on-bgsave-error no: failed saves go unnoticed"),
        "tcp-keepalive": ("0", "tcp-keepalive 0: dead clients are never noticed"),
        "slowlog-log-slower-than": ("-1", "slowlog-log-slower-than -1: slow commands are not noticed"),
    }
    wrong = [text for name, (value, text) in odd.items() if seen.setting(name) == value]
    if wrong:
        return Finding("settings", "warn", "; ".join(wrong), "CONFIG SET the default again, and CONFIG REWRITE")
    known = any(seen.setting(name) is not None for name in odd)
    return Finding(
        "settings", "ok" if known else "skip", "nothing dangerous" if known else f"not available on {seen.provider.title}"
    )


def _coverage(seen: Seen) -> float | None:
    keys = expires = 0
    for name, line in seen.fields.items():
        if _DATABASE.fullmatch(name):
            parts = dict(part.partition("=")[::2] for part in line.split(","))
            keys += int(parts.get("keys", "0"))
            expires += int(parts.get("expires", "0"))
    return expires / keys if keys else None


def _local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
