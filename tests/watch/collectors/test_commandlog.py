from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.model.conversation import Unsupported
from kvmon.watch.collectors.commandlog import Commandlog
from tests.servers.server import Server
from tests.watch.collectors.talking import DENIED, PATIENT, REDIS, VALKEY, ask, check_any_shape, described, talk, values


async def test_large_requests_and_replies_are_counted_by_command(valkey: Server) -> None:
    assert Commandlog().needs(described(valkey))
    valkey.config_set("commandlog-request-larger-than", "50000")
    valkey.config_set("commandlog-reply-larger-than", "50000")
    before = await ask(Commandlog(), valkey)
    with valkey.client() as client:
        for number in range(15):
            client.command("SET", f"key{number}", "x" * 60_000)
        for _ in range(3):
            client.command("GET", "key1")
    after = await ask(Commandlog(), valkey, before.memory)
    found = values(after.samples)
    assert found["kvmon_commandlog_entries_total", "large-request", "set"] == 15
    assert found["kvmon_commandlog_entries_total", "large-reply", "get"] == 3
    assert found["kvmon_commandlog_bytes_total", "large-reply", "get"] >= 180_000
    assert found["kvmon_commandlog_missed_total", "large-request"] == 0
    assert found["redis_commandlog_large_request_length",] == 15
    assert found["redis_commandlog_large_reply_length",] == 3
    assert found["redis_commandlog_slow_length",] >= 0
    again = values((await ask(Commandlog(), valkey, after.memory)).samples)
    assert again["kvmon_commandlog_entries_total", "large-request", "set"] == 15
    assert after.memory.recent["large-reply"][0].command == "get"
    assert "xxxx" not in repr(after.memory)


async def test_servers_without_it_are_not_asked(server: Server) -> None:
    described_as = described(server)
    expected = described_as.software == "valkey" and described_as.version >= (8, 1, 0)
    assert Commandlog().needs(described_as) == expected
    assert not Commandlog().needs(REDIS)


def test_denied_is_unsupported() -> None:
    with pytest.raises(Unsupported, match="COMMANDLOG"):
        talk(Commandlog(), VALKEY, Commandlog().first(), lambda _: DENIED)


@given(st.data())
@PATIENT
def test_any_shape(data: st.DataObject) -> None:
    check_any_shape(Commandlog(), data)
