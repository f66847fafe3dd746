"""One step of derivation: what this INFO and the past come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from kvmon.model.metrics.catalogue import derived
from kvmon.model.metrics.sample import Sample
from kvmon.model.targets.providers import PROVIDERS, Provider
from kvmon.model.targets.rightsizing import Smaller
from kvmon.watch.derive.history import History
from kvmon.watch.derive.memory import memory
from kvmon.watch.derive.numbers import add, number, pairs, ratio
from kvmon.watch.derive.own import OwnTraffic
from kvmon.watch.derive.rates import SHORTEST, Reading, rates, read
from kvmon.watch.derive.replication import replication
from kvmon.watch.derive.sizing import Peaks, sizing

WINDOWS = (("1m", 60.0), ("5m", 300.0), ("1h", 3600.0))
"""Of the hit ratio, in seconds; `lifetime` besides."""

_RECENT = History(5.0, 480.0)
_HOUR = History(60.0, 3_900.0)
_USED = History(60.0, 3_600.0)
_DATABASES = 64
_LOOK_AROUND = 60.0  # seconds: a look for every database costs more than all the rest
_NAMES_OF_DATABASES = tuple([f"db{place}" for place in range(_DATABASES)])
_HITS, _MISSES = 7, 8


class Identity(NamedTuple):
    """Which process answers, in which role, and how often either changed. A provider may hide the `run_id`."""

    run_id: str = ""
    uptime: float = 0.0
    role: str = ""
    restarts: int = 0
    role_changes: int = 0


class Traffic(NamedTuple):
    """Counters of the last poll, the rates since the one before, and reads of the last hour."""

    base: Reading | None = None
    rates: tuple[Sample, ...] = ()
    recent: History = _RECENT
    hour: History = _HOUR


class Size(NamedTuple):
    """Used memory of the last hour, and its growth in bytes per second."""

    used: History = _USED
    growth: float | None = None


class Databases(NamedTuple):
    """Those with keys, and when they were looked for."""

    names: tuple[str, ...] = ()
    looked: float | None = None


class Configured(NamedTuple):
    """Bytes for data with who says so, `maxclients` where INFO does not say it (before Redis 7.0, providers), a smaller size.

    `provider` knows what of maxmemory is for data.
    """

    limit: tuple[int, str] | None = None
    maxclients: float | None = None
    smaller: Smaller | None = None
    provider: Provider = PROVIDERS[0]


class State(NamedTuple):
    """What derivation remembers of a node."""

    identity: Identity = Identity()
    traffic: Traffic = Traffic()
    size: Size = Size()
    databases: Databases = Databases()


def first_state() -> State:
    """Before the first INFO."""
    return State()


def derive(
    state: State, fields: Mapping[str, str], *, at: float, own: OwnTraffic, configured: Configured
) -> tuple[list[Sample], State]:
    """Samples, and the state to give next time. `at` is monotonic seconds, `own` what kvmon did before this INFO."""
    identity = _identity(state.identity, fields)
    if identity.restarts != state.identity.restarts:
        state = State()
    traffic = _traffic(state.traffic, read(fields, at=at, own=own))
    size = _size(state.size, fields, at)
    databases = _databases(state.databases, fields, at)
    samples = [Sample(derived.RESTARTS, identity.restarts), Sample(derived.ROLE_CHANGES, identity.role_changes)]
    available = configured.provider.available(partial(number, fields))
    samples += memory(fields, available=available, configured=configured.limit, growth=size.growth)
    clients, most = number(fields, "connected_clients"), number(fields, "maxclients") or configured.maxclients
    if clients is not None and most:
        add(samples, derived.CLIENTS_UTILIZATION, clients / most)
    limit = available or (configured.limit[0] if configured.limit is not None else None)
    peaks = Peaks(*map(_peak, (size, size), (0, 1), (number(fields, "used_memory"), clients)))
    samples += sizing(peaks, limit=limit, clients=most, smaller=configured.smaller)
    samples += replication(fields)
    samples += _ttl_coverage(databases, fields)
    samples += _hit_ratios(traffic, at)
    samples += traffic.rates
    return samples, State(identity, traffic, size, databases)


def _identity(before: Identity, fields: Mapping[str, str]) -> Identity:
    run_id, role = fields.get("run_id", ""), fields.get("role", "")
    uptime = number(fields, "uptime_in_seconds") or 0.0
    # Without a run id only a younger process is another one.
    restarted = run_id != before.run_id if run_id and before.run_id else uptime < before.uptime
    changed = role != before.role if role and before.role else False
    return Identity(
        run_id or before.run_id,
        uptime,
        role or before.role,
        before.restarts + restarted,
        before.role_changes + changed,
    )


def _traffic(before: Traffic, now: Reading) -> Traffic:
    if before.base is not None and now.reset_since(before.base):
        before = Traffic()
    base, latest, recent, hour = before
    hits, misses = now.counters[_HITS], now.counters[_MISSES]
    if hits is not None and misses is not None:
        point = (hits - now.own.hits, misses - now.own.misses)
        recent, hour = recent.with_point(now.at, point), hour.with_point(now.at, point)
    if base is None:
        return Traffic(now, (), recent, hour)
    if now.at - base.at < SHORTEST:
        return Traffic(base, latest, recent, hour)
    return Traffic(now, tuple(rates(now, base)), recent, hour)


def _size(before: Size, fields: Mapping[str, str], at: float) -> Size:
    used = number(fields, "used_memory")
    if used is None:
        return before
    history = before.used.with_point(at, (used, number(fields, "connected_clients") or 0.0))
    return before if history is before.used else Size(history, history.slope())


def _peak(size: Size, column: int, now: float | None) -> float | None:
    if now is None:
        return None
    kept: Sequence[float] = size.used.columns[column] if size.used.columns else ()
    return max([now, *kept])


def _databases(before: Databases, fields: Mapping[str, str], at: float) -> Databases:
    looked = before.looked
    if looked is not None and at - looked < _LOOK_AROUND and all(name in fields for name in before.names):
        return before
    return Databases(tuple([name for name in _NAMES_OF_DATABASES if name in fields]), at)


def _ttl_coverage(databases: Databases, fields: Mapping[str, str]) -> list[Sample]:
    samples: list[Sample] = []
    for name in databases.names:
        line = pairs(fields.get(name, ""))
        keys, expires = number(line, "keys"), number(line, "expires")
        if keys is not None and expires is not None:
            add(samples, derived.TTL_COVERAGE, ratio(expires, keys), name)
    return samples


def _hit_ratios(traffic: Traffic, at: float) -> list[Sample]:
    samples: list[Sample] = []
    base = traffic.base
    if base is None:
        return samples
    total_hits, total_misses = base.counters[_HITS], base.counters[_MISSES]
    if total_hits is None or total_misses is None:
        return samples
    hits, misses = max(0.0, total_hits - base.own.hits), max(0.0, total_misses - base.own.misses)
    add(samples, derived.HIT_RATIO, ratio(hits, hits + misses), "lifetime")
    for window, seconds in WINDOWS:
        then = (traffic.hour if seconds > 300.0 else traffic.recent).before(at, seconds)
        if then is not None:
            found, lost = max(0.0, hits - then[0]), max(0.0, misses - then[1])
            add(samples, derived.HIT_RATIO, ratio(found, found + lost), window)
    return samples
