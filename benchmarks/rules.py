"""What typical rules cost: `python -m benchmarks.rules [nodes] [minutes]`. Series as of nodes with 80 commands each."""

from __future__ import annotations

import asyncio
import gc
import random
import sys
import time
import tracemalloc
from dataclasses import replace

from kvmon.clock import SystemClock
from kvmon.daemon.garbage import MIDDLE, NEVER, YOUNG
from kvmon.daemon.judged import JudgedGroup, Surroundings
from kvmon.judge.alerts.texts import Outside
from kvmon.judge.promql import Engine, Scalar, Text, instant_work, parse
from kvmon.judge.promql.pace import Pace
from kvmon.judge.rules.groups import RuleState
from kvmon.judge.rules.rulefile import read_rules
from kvmon.judge.window.window import Window
from kvmon.model.metrics.sample import Sample
from kvmon.model.metrics.spec import Kind, Spec
from kvmon.model.targets.address import Address
from kvmon.model.targets.target import Node, Target

STEP = 15_000
T0 = 1_700_000_000_000

RULES = (
    "redis_up == 0",
    'absent(redis_up{target="n0"})',
    "redis_memory_used_bytes / redis_memory_max_bytes * 100 > 90 and redis_memory_max_bytes > 0",
    "redis_memory_used_bytes / redis_total_system_memory_bytes * 100 > 90",
    "redis_connected_clients > 5000",
    "redis_connected_clients < 1",
    "redis_connected_clients / redis_config_maxclients * 100 > 80",
    "increase(redis_rejected_connections_total[1m]) > 0",
    "increase(redis_rejected_connections_total[5m]) > 0",
    "rate(redis_evicted_keys_total[5m]) > 1",
    "rate(redis_expired_keys_total[5m]) > 1000",
    "redis_rdb_last_bgsave_status == 0",
    "redis_rdb_changes_since_last_save > 100000",
    "time() - redis_rdb_last_save_timestamp_seconds > 60 * 60 * 24",
    "redis_aof_last_write_status == 0",
    "redis_master_link_up == 0",
    "redis_master_last_io_seconds_ago > 60",
    "redis_connected_slaves == 0",
    "delta(redis_connected_slaves[1m]) < 0",
    "changes(redis_connected_slaves[1m]) > 1",
    "count without (instance, target) (redis_up) - count without (instance, target) (redis_up == 1) > 1",
    'count(redis_instance_info{role="master"}) < 1',
    "redis_mem_fragmentation_ratio > 1.5",
    "redis_blocked_clients > 10",
    "rate(redis_keyspace_hits_total[5m]) / (rate(redis_keyspace_hits_total[5m]) + rate(redis_keyspace_misses_total[5m])) < 0.8",
    "rate(redis_commands_duration_seconds_total[5m]) / rate(redis_commands_total[5m]) > 0.01",
    "sum by (target) (rate(redis_commands_total[5m])) > 10000",
    "topk(5, rate(redis_commands_total[1m]))",
    "histogram_quantile(0.99, sum by (target, le) (rate(redis_latency_seconds_bucket[5m]))) > 0.1",
    "redis_slowlog_length > 100",
    "rate(redis_slowlog_last_id[5m]) > 1",
    "irate(redis_net_input_bytes_total[5m]) > 1e8",
    "irate(redis_net_output_bytes_total[5m]) > 1e8",
    "avg_over_time(redis_connected_clients[10m]) > 2 * stddev_over_time(redis_connected_clients[10m]) + 1000",
    "predict_linear(redis_memory_used_bytes[10m], 3600) > redis_memory_max_bytes and redis_memory_max_bytes > 0",
    "deriv(redis_memory_used_bytes[10m]) > 1e6",
    "rate(redis_cpu_user_seconds_total[5m]) + rate(redis_cpu_sys_seconds_total[5m]) > 0.9",
    "redis_cluster_state == 0",
    "redis_cluster_slots_fail > 0",
    "redis_latest_fork_seconds > 1",
    "redis_loading_dump_file == 1",
)

GAUGES = (
    "up", "memory_used_bytes", "memory_max_bytes", "total_system_memory_bytes", "connected_clients", "config_maxclients",
    "rdb_last_bgsave_status", "rdb_changes_since_last_save", "rdb_last_save_timestamp_seconds", "aof_last_write_status",
    "master_link_up", "master_last_io_seconds_ago", "connected_slaves", "mem_fragmentation_ratio", "blocked_clients",
    "slowlog_length", "slowlog_last_id", "cluster_state", "cluster_slots_fail", "latest_fork_seconds", "loading_dump_file",
)  # fmt: skip
COUNTERS = (
    "rejected_connections_total", "evicted_keys_total", "expired_keys_total", "keyspace_hits_total", "keyspace_misses_total",
    "net_input_bytes_total", "net_output_bytes_total", "cpu_user_seconds_total", "cpu_sys_seconds_total",
)  # fmt: skip
OTHERS = 57


def specs() -> list[tuple[Spec, tuple[str, ...], str]]:
    """The 300 series of a node."""
    plain = [*GAUGES, *COUNTERS, *[f"other_{number}" for number in range(OTHERS)]]
    found: list[tuple[Spec, tuple[str, ...], str]] = [(Spec(f"redis_{name}", "", Kind.GAUGE), (), "") for name in plain]
    found.append((Spec("redis_instance_info", "", Kind.GAUGE, labels=("role", "redis_version")), ("master", "8.0.0"), ""))
    calls, took = (
        Spec(f"redis_commands_{word}", "", Kind.COUNTER, labels=("cmd",)) for word in ("total", "duration_seconds_total")
    )
    latency = Spec("redis_latency_seconds", "", Kind.HISTOGRAM, labels=("cmd",))
    for number in range(80):
        found += [(calls, (f"command{number}",), ""), (took, (f"command{number}",), "")]
    for cmd in ("get", "set", "del", "hget"):
        found += [(latency, (cmd, f"{2.0**power / 1e6:g}" if power < 12 else "+Inf"), "_bucket") for power in range(13)]
    return found


def filled(nodes: int, rows: int) -> tuple[Window, float]:
    """A window with the history of these nodes, and the seconds that an append took on average."""
    window = Window({"job": "kvmon"})
    chance = random.Random(1)  # noqa: S311 - examples, no secrets
    every = specs()
    took = 0.0
    for number in range(nodes):
        node = Node(Target(f"n{number}", (Address("127.0.0.1", 6379),)), Address("127.0.0.1", 6379 + number))
        samples = [Sample(spec, chance.randint(0, 1000), labels, suffix) for spec, labels, suffix in every]
        for row in range(rows):
            samples = [
                Sample(each.spec, each.value + chance.random() * 10, each.labels, each.suffix) if chance.random() < 0.3 else each
                for each in samples
            ]
            begun = time.process_time()
            window.append(node.key, T0 + row * STEP + number * 100, samples, node)
            took += time.process_time() - begun
    return window, took / nodes / rows


class Beat:
    """CPU time between turns of an event loop: what blocks it. Waiting for a core is not counted."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._last = time.thread_time()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            now = time.thread_time()
            self.longest = max(self.longest, now - self._last)
            self._last = now
            await asyncio.sleep(0)


async def evaluated(window: Window, at: int, rounds: int) -> None:
    """Evaluate all, as the daemon does, and print what it took."""
    pace, queries = Pace(SystemClock()), [parse(rule) for rule in RULES]
    best, found, slow, blocked = 1e9, 0, list[tuple[float, str]](), dict[str, float]()
    for _ in range(rounds):
        slow, found = [], 0
        for query in queries:
            beat = Beat()
            task = asyncio.create_task(beat.run())
            begun = time.process_time()
            result = await pace.run(instant_work(query, window, at))
            slow.append((time.process_time() - begun, query.text))
            found += 1 if isinstance(result.value, Scalar | Text) else len(result.value)
            await asyncio.sleep(0)
            task.cancel()
            blocked[query.text] = max(blocked.get(query.text, 0.0), beat.longest)
        best = min(best, sum(took for took, _ in slow))
    print(f"{len(RULES)} rules: {best * 1000:.0f} ms an evaluation, {found} samples")
    print(f"the event loop was blocked for at most {max(blocked.values()) * 1000:.1f} ms, the first evaluation included")
    for took, text in sorted(slow, reverse=True)[:5]:
        print(f"  {took * 1000:6.1f} ms, blocked {blocked[text] * 1000:4.1f} ms  {text}")


WIDE = """
groups:
- name: g
  rules:
  - {record: "every:command", expr: redis_commands_total}
  - {alert: Ten, expr: 'redis_commands_total{cmd=~"command[0-9]"} >= 0', annotations: {summary: "{{ $labels.cmd }} {{ $value }}"}}
"""
"""A rule that records every command of every node, and ten alerts of every node."""


async def judged(window: Window, at: int, rounds: int) -> None:
    """Evaluate wide rules to their ends: series are written, alerts begin."""
    clock = SystemClock()
    around = Surroundings(window, Pace(clock), clock, Outside(), Engine(step=STEP))
    (whole,) = read_rules("wide.yaml", WIDE)

    async def tell(*_: object) -> None:
        await asyncio.sleep(0)

    for rule in whole.rules:
        group = JudgedGroup(replace(whole, name=rule.name, rules=(rule,)), around, [RuleState()])
        beat = Beat()
        task = asyncio.create_task(beat.run())
        begun = time.process_time()
        for turn in range(rounds):
            await group.evaluate(at + turn * STEP, tell=tell, known=lambda _: {})
        await asyncio.sleep(0)
        task.cancel()
        took = (time.process_time() - begun) / rounds
        found = len(group.states[0].alerts) or len(group.states[0].written)
        print(
            f"{rule.name}: {found} in {took * 1000:.0f} ms, the event loop was blocked for at most {beat.longest * 1000:.1f} ms"
        )


def main() -> None:
    """Print it."""
    nodes = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    minutes = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    tracemalloc.start()
    window, _ = filled(min(nodes, 10), minutes * 4)
    held = tracemalloc.get_traced_memory()[0] / window.series
    tracemalloc.stop()
    del window
    window, append = filled(nodes, minutes * 4)
    gc.collect()
    gc.set_threshold(YOUNG, MIDDLE, NEVER)  # as the daemon has it
    print(f"{window.series} series, {minutes * 4} rows each")
    print(f"append of a poll: {append * 1e6:.0f} us; {held:.0f} bytes a series with its values")
    asyncio.run(evaluated(window, T0 + minutes * 60_000, 6))
    asyncio.run(judged(window, T0 + minutes * 60_000, 3))


if __name__ == "__main__":
    main()
