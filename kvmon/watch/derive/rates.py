"""Rates from one poll to the next: commands, bytes, evictions, CPU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from kvmon.model.metrics.catalogue import derived
from kvmon.model.metrics.sample import Sample
from kvmon.model.metrics.spec import Spec
from kvmon.watch.derive.numbers import add, number
from kvmon.watch.derive.own import OwnTraffic

SHORTEST = 0.5
"""Seconds: a rate over less would be mostly noise."""

_NAMES = (
    "total_commands_processed", "total_net_input_bytes", "total_net_output_bytes", "total_connections_received",
    "total_error_replies", "evicted_keys", "expired_keys", "keyspace_hits", "keyspace_misses",
)  # fmt: skip

_RATES: tuple[tuple[Spec, tuple[str, ...]], ...] = (
    (derived.COMMANDS, ()), (derived.NETWORK, ("in",)), (derived.NETWORK, ("out",)), (derived.CONNECTIONS, ()),
    (derived.ERRORS, ()), (derived.EVICTIONS, ()), (derived.EXPIRATIONS, ()),
)  # fmt: skip
"""In the order of _NAMES; the first five have a share of kvmon's own, in the order of OwnTraffic's fields."""


class Reading(NamedTuple):
    """Counters at a moment (monotonic seconds), what was kvmon's own in them, and CPU seconds by thread."""

    at: float
    counters: tuple[float | None, ...]
    own: OwnTraffic
    cpu: Mapping[str, float]

    def reset_since(self, earlier: Reading) -> bool:
        """Whether a counter went back: a restart, or CONFIG RESETSTAT."""
        for now, before in zip(self.counters, earlier.counters, strict=True):
            if now is not None and before is not None and now < before:
                return True
        return False


def read(fields: Mapping[str, str], *, at: float, own: OwnTraffic) -> Reading:
    """The counters of this INFO."""
    return Reading(at, tuple([number(fields, name) for name in _NAMES]), own, _cpu(fields))


def rates(now: Reading, before: Reading) -> list[Sample]:
    """What happened in between, per second."""
    seconds = now.at - before.at
    samples: list[Sample] = []
    # Evictions and expirations have no share of kvmon's own.
    mine = (*[new - old for new, old in zip(now.own[:5], before.own[:5], strict=True)], 0, 0)
    for (spec, labels), new, old, own in zip(_RATES, now.counters[:7], before.counters[:7], mine, strict=True):
        if new is not None and old is not None:
            add(samples, spec, max(0.0, new - old - own) / seconds, *labels)
    for thread, spent in now.cpu.items():
        earlier = before.cpu.get(thread)
        if earlier is not None and spent >= earlier:
            share = (spent - earlier) / seconds
            # One thread cannot do more than that; clocks of server and monitor differ a little.
            add(samples, derived.CPU, share if thread == "all" else min(1.0, share), thread)
    return samples


def _cpu(fields: Mapping[str, str]) -> dict[str, float]:
    spent: dict[str, float] = {}
    # Valkey 9.1 tells the time its threads were busy; before, a main thread that spins while it waits counts as busy.
    active = number(fields, "used_active_time_main_thread")
    main = active if active is not None else _sum(fields, "used_cpu_sys_main_thread", "used_cpu_user_main_thread")
    if main is not None:
        spent["main"] = main
    everything = _sum(fields, "used_cpu_sys", "used_cpu_user")
    if everything is not None:
        spent["all"] = everything
    for place in range(1, 257):
        busy = number(fields, f"used_active_time_io_thread_{place}")
        if busy is None:
            break
        spent[f"io_{place}"] = busy
    return spent


def _sum(fields: Mapping[str, str], first: str, second: str) -> float | None:
    one, other = number(fields, first), number(fields, second)
    return None if one is None or other is None else one + other
