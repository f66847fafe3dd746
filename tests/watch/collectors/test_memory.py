from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.model.conversation import Malformed, Reply, Unsupported
from kvmon.watch.collectors.memory import Memory
from tests.servers.server import Server
from tests.watch.collectors.talking import DENIED, PATIENT, VALKEY, ask, check_any_shape, talk, values


async def test_memory_of_a_real_server(server: Server) -> None:
    with server.client() as client:
        client.command("SELECT", 3)
        for number in range(200):
            client.command("SET", f"key{number}", "x" * 100, "EX", 10_000)
    found = values((await ask(Memory(), server)).samples)
    assert found["kvmon_memory_stats_keys",] == 200
    assert found["kvmon_memory_stats_bytes_per_key",] > 100
    assert 0 < found["kvmon_memory_stats_dataset_ratio",] < 2
    assert 0 < found["kvmon_memory_stats_peak_ratio",] < 2, "the server notes a new peak a little later"
    assert found["kvmon_memory_stats_db_overhead_bytes", "db3"] > 200
    assert found["kvmon_memory_stats_db_expires_overhead_bytes", "db3"] > 0


def test_what_is_no_number_is_left_out() -> None:
    reply: list[Reply] = [
        b"keys.count",
        5,
        b"dataset.percentage",
        b"-nan",
        b"lua.caches",
        b"x",
        b"db.0",
        [b"overhead.hashtable.main", 7],
        b"db.x",
        1,
    ]
    assert values(talk(Memory(), VALKEY, None, lambda _: reply).samples) == {
        ("kvmon_memory_stats_keys",): 5, ("kvmon_memory_stats_db_overhead_bytes", "db0"): 7,
    }  # fmt: skip


def test_refused_and_malformed() -> None:
    with pytest.raises(Unsupported, match="MEMORY STATS"):
        talk(Memory(), VALKEY, None, lambda _: DENIED)
    with pytest.raises(Malformed, match="MEMORY STATS"):
        talk(Memory(), VALKEY, None, lambda _: [b"keys.count"])


@given(st.data())
@PATIENT
def test_any_shape(data: st.DataObject) -> None:
    check_any_shape(Memory(), data)
