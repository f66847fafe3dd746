"""Derived values say what happened, and rather nothing than something wrong."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.model.metrics.sample import Sample
from kvmon.model.targets.providers import BY_NAME
from kvmon.model.targets.rightsizing import Smaller
from kvmon.watch.derive import NOTHING, Configured, OwnTraffic, State, derive, first_state

MIB = 1 << 20
NOTHING_CONFIGURED = Configured()


class Past:
    """Feeds INFO after INFO, 15 seconds apart unless told otherwise."""

    def __init__(self, configured: Configured = NOTHING_CONFIGURED) -> None:
        self.state: State = first_state()
        self.configured = configured
        self.at = 1_000.0
        self.samples: list[Sample] = []

    def sees(self, fields: Mapping[str, object], *, after: float = 15.0, own: OwnTraffic = NOTHING) -> Past:
        self.at += after
        text = {name: str(value) for name, value in fields.items()}
        self.samples, self.state = derive(self.state, text, at=self.at, own=own, configured=self.configured)
        return self

    def value(self, name: str, *labels: str) -> float | None:
        found = [sample.value for sample in self.samples if sample.spec.name == name and sample.labels == labels]
        assert len(found) < 2
        return found[0] if found else None


def test_rates_are_of_the_others_alone() -> None:
    past = Past().sees({"total_commands_processed": 100, "total_net_input_bytes": 1_000, "total_connections_received": 5})
    assert past.value("kvmon_commands_per_second") is None, "one poll makes no rate"
    own = OwnTraffic(commands=30, received=300, connections=1)
    past.sees({"total_commands_processed": 430, "total_net_input_bytes": 1_900, "total_connections_received": 6}, own=own)
    assert past.value("kvmon_commands_per_second") == pytest.approx(20)
    assert past.value("kvmon_network_bytes_per_second", "in") == pytest.approx(40)
    assert past.value("kvmon_connections_per_second") == 0
    assert past.value("kvmon_network_bytes_per_second", "out") is None, "the server does not say"


def test_memory_is_measured_against_what_azure_leaves_for_data() -> None:
    azure = Configured(provider=BY_NAME["azure-cache"])
    fields = {"used_memory": 600 * MIB, "maxmemory": 1_000 * MIB, "maxmemory_reservation": 100 * MIB}
    past = Past(azure).sees({**fields, "maxfragmentationmemory_reservation": 100 * MIB})
    assert past.value("kvmon_memory_limit_bytes", "maxmemory") == 1_000 * MIB
    assert past.value("kvmon_memory_limit_bytes", "available") == 800 * MIB
    assert past.value("kvmon_memory_utilization_ratio") == pytest.approx(0.75)
    assert past.value("kvmon_memory_peak_utilization_ratio") == pytest.approx(0.75)
    ours = Past().sees({**fields, "maxfragmentationmemory_reservation": 100 * MIB})
    assert ours.value("kvmon_memory_utilization_ratio") == pytest.approx(0.6)
    assert ours.value("kvmon_memory_limit_bytes", "available") is None


def test_a_restart_is_counted_and_makes_no_spike() -> None:
    past = Past().sees({"run_id": "a", "uptime_in_seconds": 900, "total_commands_processed": 100})
    past.sees({"run_id": "a", "uptime_in_seconds": 915, "total_commands_processed": 100})
    past.sees({"run_id": "b", "uptime_in_seconds": 3, "total_commands_processed": 1_000_000})
    assert past.value("kvmon_restarts_total") == 1
    assert past.value("kvmon_commands_per_second") is None
    past.sees({"run_id": "b", "uptime_in_seconds": 18, "total_commands_processed": 1_000_015})
    assert past.value("kvmon_commands_per_second") == pytest.approx(1)
    assert past.value("kvmon_restarts_total") == 1


def test_without_a_run_id_the_uptime_tells_a_restart() -> None:
    past = Past().sees({"uptime_in_seconds": 900}).sees({"uptime_in_seconds": 915}).sees({"uptime_in_seconds": 2})
    assert past.value("kvmon_restarts_total") == 1


def test_reset_statistics_make_no_rate() -> None:
    past = Past().sees({"run_id": "a", "total_commands_processed": 500, "evicted_keys": 10})
    past.sees({"run_id": "a", "total_commands_processed": 3, "evicted_keys": 11})
    assert past.value("kvmon_commands_per_second") is None
    assert past.value("kvmon_evictions_per_second") is None
    assert past.value("kvmon_restarts_total") == 0


def test_a_second_poll_in_a_moment_keeps_the_rate() -> None:
    past = Past().sees({"total_commands_processed": 0}).sees({"total_commands_processed": 150})
    past.sees({"total_commands_processed": 151}, after=0.001)
    assert past.value("kvmon_commands_per_second") == pytest.approx(10)


def test_a_changed_role_is_counted() -> None:
    past = Past().sees({"role": "slave"}).sees({"role": "master"}).sees({"role": "master"})
    assert past.value("kvmon_role_changes_total") == 1


def test_hit_ratio_over_windows_and_life() -> None:
    past = Past()
    assert past.sees({"keyspace_hits": 0, "keyspace_misses": 0}).value("kvmon_hit_ratio", "lifetime") is None
    for _ in range(5):
        past.sees({"keyspace_hits": 0, "keyspace_misses": 100})
    for step in range(1, 5):
        past.sees({"keyspace_hits": step * 25, "keyspace_misses": 100})
    assert past.value("kvmon_hit_ratio", "1m") == 1.0
    assert past.value("kvmon_hit_ratio", "lifetime") == pytest.approx(0.5)
    assert past.value("kvmon_hit_ratio", "5m") is None, "five minutes have not passed yet"
    assert past.sees({"keyspace_hits": 100, "keyspace_misses": 100}, after=60).value("kvmon_hit_ratio", "1m") is None


def test_the_hour_has_a_hit_ratio_once_it_has_passed() -> None:
    past = Past()
    for poll in range(241):
        past.sees({"keyspace_hits": poll * 3, "keyspace_misses": poll})
    assert past.value("kvmon_hit_ratio", "1h") == pytest.approx(0.75)
    assert past.value("kvmon_hit_ratio", "5m") == pytest.approx(0.75)


def test_probes_do_not_count_as_reads() -> None:
    own = OwnTraffic(hits=90, misses=0)
    past = Past().sees({"keyspace_hits": 100, "keyspace_misses": 10}, own=own)
    assert past.value("kvmon_hit_ratio", "lifetime") == pytest.approx(0.5)


def test_memory_limit_is_maxmemory_else_the_configured_one() -> None:
    past = Past(Configured((400 * MIB, "configured"))).sees(
        {"used_memory": 100 * MIB, "maxmemory": 0, "total_system_memory": 1000 * MIB}
    )
    assert past.value("kvmon_memory_utilization_ratio") == pytest.approx(0.25)
    assert past.value("kvmon_memory_limit_bytes", "maxmemory") is None
    assert past.value("kvmon_memory_limit_bytes", "configured") == 400 * MIB
    past.sees({"used_memory": 100 * MIB, "maxmemory": 200 * MIB})
    assert past.value("kvmon_memory_utilization_ratio") == pytest.approx(0.5)
    assert Past().sees({"used_memory": MIB, "maxmemory": 0}).value("kvmon_memory_utilization_ratio") is None


def test_the_peak_of_the_hour_is_compared_with_the_limit_and_the_next_smaller_size() -> None:
    smaller = Smaller("C1", 800 * MIB, 1000)
    past = Past(Configured((2000 * MIB, "sku"), None, smaller))
    for used, clients in ((100, 100), (736, 250), (200, 10)):
        past.sees({"used_memory": used * MIB, "connected_clients": clients, "maxclients": 500}, after=60)
    assert past.value("kvmon_memory_peak_utilization_ratio") == pytest.approx(0.368)
    assert past.value("kvmon_smaller_size_memory_utilization_ratio", "C1") == pytest.approx(0.92)
    assert past.value("kvmon_smaller_size_clients_utilization_ratio", "C1") == 0.25
    assert past.value("kvmon_clients_peak_utilization_ratio") == 0.5
    for _ in range(62):
        past.sees({"used_memory": 200 * MIB, "connected_clients": 10, "maxclients": 500}, after=60)
    assert past.value("kvmon_clients_peak_utilization_ratio") == pytest.approx(0.02)
    assert past.value("kvmon_memory_peak_utilization_ratio") == pytest.approx(0.1)
    assert Past().sees({"used_memory": MIB, "maxmemory": 0}).value("kvmon_memory_peak_utilization_ratio") is None


def test_clients_are_compared_with_maxclients_wherever_it_is_said() -> None:
    assert Past().sees({"connected_clients": 50}).value("kvmon_clients_utilization_ratio") is None
    assert Past().sees({"connected_clients": 50, "maxclients": 200}).value("kvmon_clients_utilization_ratio") == 0.25
    old = Past(Configured(maxclients=100)).sees({"connected_clients": 50})
    assert old.value("kvmon_clients_utilization_ratio") == 0.5


def test_exhaustion_is_told_only_of_memory_that_grows() -> None:
    past = Past()
    for minute in range(61):
        past.sees({"used_memory": (100 + minute) * MIB, "maxmemory": 400 * MIB}, after=60)
    assert past.value("kvmon_memory_exhaustion_seconds") == pytest.approx(240 * 60, rel=0.01)
    still = Past()
    for _ in range(61):
        still.sees({"used_memory": 100 * MIB, "maxmemory": 400 * MIB}, after=60)
    assert still.value("kvmon_memory_exhaustion_seconds") is None


def test_cpu_of_the_main_thread_prefers_the_time_it_was_busy() -> None:
    spinning = {"used_cpu_sys_main_thread": 0, "used_cpu_user_main_thread": 0, "used_active_time_main_thread": 0}
    past = Past().sees(spinning)
    past.sees({"used_cpu_sys_main_thread": 10, "used_cpu_user_main_thread": 5, "used_active_time_main_thread": 3})
    assert past.value("kvmon_cpu_utilization_ratio", "main") == pytest.approx(0.2)


def test_a_primary_tells_of_each_replica() -> None:
    past = Past().sees({
        "role": "master", "connected_slaves": 3, "master_repl_offset": 1_000,
        "slave0": "ip=10.0.0.2,port=6379,state=online,offset=900,lag=1,type=replica",
        "slave1": "ip=::1,port=6379,state=online,offset=0,lag=0",
        "slave2": "ip=10.0.0.3,port=6379,state=wait_bgsave,offset=0,lag=0",
    })  # fmt: skip
    assert past.value("kvmon_replication_lag_bytes", "10.0.0.2:6379") == 100
    assert past.value("kvmon_replication_lag_seconds", "10.0.0.2:6379") == 1
    assert past.value("kvmon_replication_lag_seconds", "[::1]:6379") == 0
    assert past.value("kvmon_replication_lag_bytes", "[::1]:6379") is None, "it has acknowledged nothing yet"
    assert past.value("kvmon_replication_lag_seconds", "10.0.0.3:6379") is None


def test_a_replica_tells_of_its_own_link() -> None:
    link = {"role": "slave", "master_link_status": "up", "master_last_io_seconds_ago": 2}
    past = Past().sees({**link, "slave_read_repl_offset": 500, "slave_repl_offset": 480})
    assert past.value("kvmon_replication_lag_seconds", "") == 2
    assert past.value("kvmon_replication_lag_bytes", "") == 20
    down = {"role": "slave", "master_link_status": "down", "master_last_io_seconds_ago": -1, "master_link_down_since_seconds": 40}
    assert past.sees(down).value("kvmon_replication_lag_seconds", "") == 40


def test_ttl_coverage_of_each_database_with_keys() -> None:
    past = Past().sees({"db0": "keys=200,expires=50,avg_ttl=1", "db3": "keys=0,expires=0,avg_ttl=0"})
    assert past.value("kvmon_ttl_coverage_ratio", "db0") == pytest.approx(0.25)
    assert past.value("kvmon_ttl_coverage_ratio", "db3") is None


def test_every_recorded_reply_gives_rates() -> None:
    for file in sorted((Path(__file__).parents[2] / "replies").glob("*/info.txt")):
        lines = [line.split(":", 1) for line in file.read_text().splitlines() if ":" in line]
        past = Past().sees(dict(lines)).sees(dict(lines))
        assert past.value("kvmon_commands_per_second") == 0, file
        assert past.value("kvmon_cpu_utilization_ratio", "main") == 0, file
        assert past.value("kvmon_ttl_coverage_ratio", "db0") is not None, file


NAMES = (
    "run_id", "role", "uptime_in_seconds", "total_commands_processed", "total_net_input_bytes", "total_net_output_bytes",
    "evicted_keys", "keyspace_hits", "keyspace_misses", "used_memory", "maxmemory", "connected_clients", "maxclients",
    "used_cpu_sys", "used_cpu_user", "used_active_time_main_thread", "connected_slaves", "slave0", "master_repl_offset",
    "master_link_status", "master_last_io_seconds_ago", "db0",
)  # fmt: skip
TEXTS = st.one_of(
    st.integers(-5, 10**19).map(str),
    st.floats().map(str),
    st.sampled_from(("", "nan", "inf", "-1", "1e308", "master", "slave", "up", "down", "keys=5,expires=9", "keys=nan,expires=1",
                     "ip=a,port=1,state=online,offset=1e400,lag=-3")),
    st.text(max_size=6),
)  # fmt: skip
OWN = st.builds(OwnTraffic, *[st.integers(0, 1000)] * 7)
POLLS = st.lists(st.tuples(st.dictionaries(st.sampled_from(NAMES), TEXTS), st.floats(0, 4000), OWN), max_size=12)
MAY_EXCEED_ONE = tuple(f"kvmon_{what}_utilization_ratio" for what in ("memory", "memory_peak", "clients", "clients_peak"))


@given(POLLS)
def test_whatever_a_server_says_values_are_finite_and_ratios_are_ratios(
    polls: list[tuple[dict[str, str], float, OwnTraffic]],
) -> None:
    past = Past()
    for fields, after, own in polls:
        past.sees(fields, after=after, own=own)
        seen = set()
        for sample in past.samples:
            assert isfinite(sample.value)
            assert sample.value >= 0
            if sample.spec.unit == "ratio" and sample.spec.name not in MAY_EXCEED_ONE and sample.labels != ("all",):
                assert sample.value <= 1
            assert len(sample.labels) == len(sample.spec.labels)
            key = (sample.spec.name, sample.labels)
            assert key not in seen
            seen.add(key)
