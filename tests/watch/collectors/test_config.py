from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.model.conversation import Command, Reply, Unsupported
from kvmon.watch.collectors import Collectors
from kvmon.watch.collectors.config import Config
from kvmon.watch.collectors.server import Server as Described
from tests.servers.server import Server
from tests.watch.collectors.talking import DENIED, PATIENT, REDIS, VALKEY, ask, check_any_shape, described, talk, values


async def test_settings_of_a_real_server(server: Server) -> None:
    server.config_set("maxmemory", "100mb")
    server.config_set("client-output-buffer-limit", "pubsub 64mb 16mb 90")
    found = values((await ask(Config(), server)).samples)
    assert found["redis_config_maxmemory",] == 100 * 1024**2
    assert found["redis_config_maxclients",] > 0
    assert found["redis_config_io_threads",] >= 1
    assert found["redis_config_repl_backlog_size",] >= 1024**2
    assert found["redis_config_client_output_buffer_limit_bytes", "pubsub", "hard"] == 64 * 1024**2
    assert found["redis_config_client_output_buffer_limit_bytes", "slave", "soft"] == 64 * 1024**2
    assert found["redis_config_client_output_buffer_limit_overcome_seconds", "pubsub", "soft"] == 90
    assert found["redis_config_key_value", "maxmemory-policy", "noeviction"] == 1
    assert found["redis_config_value", "slowlog-max-len"] == 128
    assert (("redis_commandlog_request_larger_than",) in found) == (described(server).software == "valkey")


async def test_a_password_is_never_asked_for(valkey: Server) -> None:
    valkey.config_set("masterauth", "hidden")
    found = await ask(Config(settings=("masterauth", "requirepass", "MASTERAUTH", "master*", "*", "port")), valkey)
    assert {sample.labels[0] for sample in found.samples if sample.spec.name == "redis_config_key_value"} == {"port"}
    assert "hidden" not in repr(found)


async def test_a_refusal_is_told_with_its_reason(start_server: Callable[..., Server]) -> None:
    server = start_server(users={"watcher": "on >secret +info -config"})
    with pytest.raises(Unsupported) as refused:
        await ask(Config(), server, login=("watcher", "secret"))
    assert refused.value.reason == "noperm"
    assert "CONFIG GET" in str(refused.value)


@pytest.mark.parametrize(("described_as", "commands"), [(VALKEY, 1), (REDIS, len(Config().names(REDIS)))])
def test_servers_before_7_are_asked_one_name_a_command(described_as: Described, commands: int) -> None:
    asked: list[Command] = []

    def answer(command: Command) -> Reply:
        asked.append(command)
        return []

    talk(Config(), described_as, {}, answer)
    assert len(asked) == commands
    assert not any("*" in str(word) for command in asked for word in command)


def test_a_setting_with_an_unlikely_value_is_left_out() -> None:
    reply: list[Reply] = [
        b"maxmemory",
        b"much",
        b"maxclients",
        b"inf",
        b"client-output-buffer-limit",
        b"normal 0 x 0 slave 1 2",
        b"io-threads",
        b"4",
    ]
    assert values(talk(Config(settings=()), VALKEY, None, lambda _: reply).samples) == {("redis_config_io_threads",): 4}


def test_denied_everything_is_unsupported() -> None:
    with pytest.raises(Unsupported):
        talk(Config(), REDIS, {}, lambda _: DENIED)


def test_it_is_asked_rarely_and_may_be_switched_off() -> None:
    assert Config().every == 300
    assert "config" in [collector.name for collector in Collectors().enabled()]
    off = Collectors.model_validate({"config": False, "slowlog": "off"})
    assert not {"config", "slowlog"} & {collector.name for collector in off.enabled()}


@given(st.data())
@PATIENT
def test_any_shape(data: st.DataObject) -> None:
    check_any_shape(Config(), data)
