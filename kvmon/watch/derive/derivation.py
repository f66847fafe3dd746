"""One step of derivation: what this INFO and the past come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from kvmon.model.metrics.catalogue import derived
from kvmon.model.metrics.sample import Sample
from kvmon.model.targets.target import Node
from kvmon.watch.derive.history import History
from kvmon.watch.derive.memory import memory
from kvmon.watch.derive.numbers import add, number, pairs, ratio
from kvmon.watch.derive.own import OwnTraffic
from kvmon.watch.derive.rates import SHORTEST, Reading, rates, read
from kvmon.watch.derive.replication import replication

WINDOWS = (("1m", 60.0), ("5m", 300.0), ("1h", 3600.0))
"""Of the hit ratio, in seconds; `lifetime` besides."""

_RECENT = History(5.0, 480.0)
_HOUR = History(60.0, 3_900.0)
_USED = History(60.0, 3_600.0)
_DATABASES = 64
_HITS, _MISSES = 7, 8


@dataclass(frozen=True, slots=True)
class State:
    """What derivation remembers of a node."""

    run_id: str = ""
    uptime: float = 0.0
    role: str = ""
    restarts: int = 0
    role_changes: int = 0
    base: Reading | None = None
    rates: tuple[Sample, ...] = ()
    recent: History = _RECENT
    hour: History = _HOUR
    used: History = _USED
    growth: float | None = None


def first_state() -> State:
    """Before the first INFO."""
    return State()


def derive(state: State, fields: Mapping[str, str], *, at: float, node: Node, own: OwnTraffic) -> tuple[list[Sample], State]:
    """Samples, and the state to give next time. `at` is monotonic seconds, `own` what kvmon did before this INFO."""
    state = _identity(state, fields)
    state = _counters(state, read(fields, at=at, own=own))
    state = _memory(state, number(fields, "used_memory"), at)
    samples = [Sample(derived.RESTARTS, state.restarts), Sample(derived.ROLE_CHANGES, state.role_changes)]
    samples += memory(fields, configured=node.target.memory_limit, growth=state.growth)
    clients, most = number(fields, "connected_clients"), number(fields, "maxclients")
    if clients is not None and most:
        add(samples, derived.CLIENTS_UTILIZATION, clients / most)
    samples += replication(fields)
    samples += _ttl_coverage(fields)
    samples += _hit_ratios(state, at, own)
    samples += state.rates
    return samples, state


def _identity(state: State, fields: Mapping[str, str]) -> State:
    run_id, role = fields.get("run_id", ""), fields.get("role", "")
    uptime = number(fields, "uptime_in_seconds") or 0.0
    # A provider may hide the run id; then only a younger process is another one.
    restarted = run_id != state.run_id if run_id and state.run_id else uptime < state.uptime
    changed = bool(role and state.role and role != state.role)
    kept = State(restarts=state.restarts + 1, role_changes=state.role_changes) if restarted else state
    return replace(
        kept,
        run_id=run_id or state.run_id,
        uptime=uptime,
        role=role or state.role,
        role_changes=state.role_changes + changed,
    )


def _counters(state: State, now: Reading) -> State:
    base = state.base
    if base is not None and now.reset_since(base):
        state = replace(state, base=None, rates=(), recent=state.recent.cleared(), hour=state.hour.cleared())
        base = None
    hits, misses = now.counters[_HITS], now.counters[_MISSES]
    recent, hour = state.recent, state.hour
    if hits is not None and misses is not None:
        point = (hits - now.own.hits, misses - now.own.misses)
        recent, hour = recent.with_point(now.at, point), hour.with_point(now.at, point)
    if base is not None and now.at - base.at < SHORTEST:
        return replace(state, recent=recent, hour=hour)
    return replace(state, base=now, rates=tuple(rates(now, base)) if base else (), recent=recent, hour=hour)


def _memory(state: State, used: float | None, at: float) -> State:
    if used is None:
        return state
    history = state.used.with_point(at, (used,))
    return state if history is state.used else replace(state, used=history, growth=history.slope())


def _hit_ratios(state: State, at: float, own: OwnTraffic) -> list[Sample]:
    samples: list[Sample] = []
    counters = state.base.counters if state.base else ()
    if not counters:
        return samples
    total_hits, total_misses = counters[_HITS], counters[_MISSES]
    if total_hits is None or total_misses is None:
        return samples
    hits, misses = max(0.0, total_hits - own.hits), max(0.0, total_misses - own.misses)
    add(samples, derived.HIT_RATIO, ratio(hits, hits + misses), "lifetime")
    for window, seconds in WINDOWS:
        then = (state.hour if seconds > 300.0 else state.recent).before(at, seconds)
        if then is not None:
            found, lost = max(0.0, hits - then[0]), max(0.0, misses - then[1])
            add(samples, derived.HIT_RATIO, ratio(found, found + lost), window)
    return samples


def _ttl_coverage(fields: Mapping[str, str]) -> list[Sample]:
    samples: list[Sample] = []
    for place in range(_DATABASES):
        text = fields.get(f"db{place}")
        if text is not None:
            line = pairs(text)
            keys, expires = number(line, "keys"), number(line, "expires")
            if keys is not None and expires is not None:
                add(samples, derived.TTL_COVERAGE, ratio(expires, keys), f"db{place}")
    return samples
