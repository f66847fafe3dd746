"""Targets and scalars from the environment alone."""

# ruff: noqa: E501, ISC004 - a message is a line

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.config import Config, Mistakes, load
from kvmon.model.targets.target import Target

AZURE_KEY = "ab/cd+ef=gh#ij@kl=="


def only(environ: dict[str, str]) -> Target:
    (target,) = load(None, environ).targets
    return target


def mistakes(environ: dict[str, str], path: str | None = None) -> list[str]:
    with pytest.raises(Mistakes) as raised:
        load(path, environ)
    return [str(error) for error in raised.value.errors]


def told(target: Target) -> tuple[str, str, str | None, str, bool]:
    return target.name, ",".join(map(str, target.addresses)), target.credentials.password, target.service, target.tls is not None


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"REDIS_URL": f"rediss://:{AZURE_KEY}@cache:6380"}, ("redis", "cache:6380", AZURE_KEY, "redis", True)),
        ({"REDIS_URL": "redis://h", "REDIS_PASSWORD": AZURE_KEY}, ("redis", "h:6379", AZURE_KEY, "redis", False)),
        ({"REDIS_URL": "redis://:a@h", "REDIS_PASSWORD": "b"}, ("redis", "h:6379", "a", "redis", False)),
        ({"REDIS_URL": "redis://a", "REDIS_HOST": "b"}, ("redis", "a:6379", None, "redis", False)),
        ({"REDIS_URL": "valkeys://h"}, ("redis", "h:6379", None, "valkey", True)),
        ({"REDIS_HOST": "h", "REDIS_PORT": "7000", "REDIS_PASSWORD": "x"}, ("redis", "h:7000", "x", "redis", False)),
        ({"REDIS_HOST": "h"}, ("redis", "h:6379", None, "redis", False)),
        ({"REDIS_HOST": "h", "REDIS_PORT": "tcp://10.0.0.1:6390"}, ("redis", "h:6390", None, "redis", False)),
        ({"REDIS_HOST": "fe80::1"}, ("redis", "[fe80::1]:6379", None, "redis", False)),
        (
            {"AZURE_REDIS_HOST": "x.redis.cache.windows.net", "AZURE_REDIS_PASSWORD": AZURE_KEY},
            ("azure_cache", "x.redis.cache.windows.net:6380", AZURE_KEY, "azure_cache", True),
        ),
        (
            {"AZURE_MANAGED_REDIS_HOST": "x.redis.azure.net", "AZURE_MANAGED_REDIS_PASSWORD": AZURE_KEY},
            ("azure_managed", "x.redis.azure.net:10000", AZURE_KEY, "azure_managed", True),
        ),
        (
            {"VALKEY_ENDPOINTS": "a:7000, b:7001,", "VALKEY_PASSWORD": AZURE_KEY},
            ("valkey", "a:7000,b:7001", AZURE_KEY, "valkey", False),
        ),
        ({"VALKEY_ENDPOINTS": "valkeys://a"}, ("valkey", "a:6379", None, "valkey", True)),
        ({"KVMON_TARGETS": f"rediss://:{AZURE_KEY}@cache:6380"}, ("cache", "cache:6380", AZURE_KEY, "redis", True)),
        ({"KVMON_TARGETS": "sessions=valkey://h"}, ("sessions", "h:6379", None, "valkey", False)),
        ({"KVMON_TARGETS": "unix:///run/v.sock"}, ("run-v.sock", "/run/v.sock", None, "redis", False)),
        ({"REDIS_ADDR": f"redis://u:{AZURE_KEY}@h:1"}, ("redis", "h:1", AZURE_KEY, "redis", False)),
        ({"REDIS_ADDR": "h", "REDIS_PASSWORD": AZURE_KEY}, ("redis", "h:6379", AZURE_KEY, "redis", False)),
    ],
)  # fmt: skip
def test_a_set_of_variables_is_a_target(environ: dict[str, str], expected: tuple[str, str, str | None, str, bool]) -> None:
    assert told(only(environ)) == expected


@given(st.text(alphabet="abcXYZ019/+=#@:-_", max_size=42).map(lambda text: f"{text}Qz"))
def test_an_access_key_stands_unescaped_in_every_variable(key: str) -> None:
    for environ in (
        {"REDIS_URL": f"rediss://:{key}@h"}, {"REDIS_ADDR": f"rediss://:{key}@h"}, {"KVMON_TARGETS": f"rediss://:{key}@h"},
        {"AZURE_REDIS_HOST": "h", "AZURE_REDIS_PASSWORD": key}, {"REDIS_HOST": "h", "REDIS_PASSWORD": key},
    ):  # fmt: skip
        config = load(None, environ)
        assert config.targets[0].credentials.password == key
        assert key not in repr(config)


def test_every_set_that_is_there_gives_a_target_and_all_carry_labels() -> None:
    config = load(None, {
        "KVMON_TARGETS": "redis://one redis://two:7000 redis://two:7001", "REDIS_HOST": "h", "AZURE_REDIS_HOST": "a",
        "AZURE_MANAGED_REDIS_HOST": "m", "VALKEY_ENDPOINTS": "v", "REDIS_TYPE": "azure_managed",
    })  # fmt: skip
    names = ["one", "two", "two-7001", "redis", "azure_cache", "azure_managed", "valkey"]
    assert [target.name for target in config.targets] == names
    assert config.default_target == "azure_managed"
    assert not config.exporter_mode
    assert not any(target.bare for target in config.targets)


def test_an_empty_variable_counts_as_not_set() -> None:
    assert only({"REDIS_ADDR": "", "REDIS_URL": " ", "REDIS_HOST": "h", "REDIS_PASSWORD": ""}).credentials.password is None


def test_exporter_mode_is_one_bare_node_with_redis_exporters_settings(tmp_path: Path) -> None:
    for name in ("ca", "cert", "key"):
        (tmp_path / name).write_text("PEM")
    config = load(None, {
        "REDIS_ADDR": "rediss://h:6380", "REDIS_USER": "watcher", "REDIS_EXPORTER_CONNECTION_TIMEOUT": "1s",
        "REDIS_EXPORTER_TLS_CA_CERT_FILE": str(tmp_path / "ca"), "REDIS_EXPORTER_TLS_CLIENT_CERT_FILE": str(tmp_path / "cert"),
        "REDIS_EXPORTER_TLS_CLIENT_KEY_FILE": str(tmp_path / "key"), "REDIS_EXPORTER_TLS_SERVER_NAME": "name",
        "REDIS_EXPORTER_SKIP_TLS_VERIFICATION": "true", "REDIS_EXPORTER_WEB_LISTEN_ADDRESS": "0.0.0.0:9121",
        "REDIS_EXPORTER_LOG_FORMAT": "json", "REDIS_EXPORTER_INCL_CONFIG_METRICS": "false",
    })  # fmt: skip
    (target,) = config.targets
    assert (config.exporter_mode, target.bare, target.timeout, config.listen) == (True, True, 1.0, "0.0.0.0:9121")
    assert target.credentials.username == "watcher"
    assert target.tls is not None
    assert (target.tls.ca, target.tls.verify, target.tls.server_name) == (str(tmp_path / "ca"), "none", "name")


def test_a_password_file_is_plain_text_that_is_read_again_or_redis_exporters_map(tmp_path: Path) -> None:
    file = tmp_path / "password"
    environ = {"REDIS_ADDR": "redis://h:6379", "REDIS_USER": "u", "REDIS_PASSWORD_FILE": str(file)}
    file.write_text(AZURE_KEY + "\n")
    assert only(environ).credentials.password_file == str(file)
    file.write_text('{"redis://u@h:6379": "' + AZURE_KEY + '", "redis://other:1": "x"}')
    assert only(environ).credentials.password == AZURE_KEY
    assert only({**environ, "REDIS_PASSWORD": "wins"}).credentials.password == "wins"
    file.write_text('{"redis://other:1": "hunter2"}')
    assert mistakes(environ) == [
        f"environment REDIS_PASSWORD_FILE: the JSON map in {file} has no entry for redis://u@h:6379 "
        "(add it, or write the password alone into the file)"
    ]


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"REDIS_URL": "http://h"}, "environment REDIS_URL: targets[0].url: unknown scheme 'http': use one of redis://, rediss://, valkey://, valkeys://, unix://"),
        ({"REDIS_HOST": "h", "REDIS_PORT": "x"}, "environment REDIS_PORT: it is no port from 1 to 65535"),
        ({"REDIS_URL": "redis://h", "REDIS_TYPE": "mysql"}, "environment REDIS_TYPE: 'mysql' is no type of backend (use one of redis, azure_cache, azure_managed, valkey)"),
        ({"REDIS_URL": "redis://h", "REDIS_TYPE": "valkey"}, "environment REDIS_TYPE: it names the target 'valkey', and there is none (set VALKEY_ENDPOINTS)"),
        ({"REDIS_ADDR": "redis://h", "KVMON_TARGETS": "redis://i"}, "environment REDIS_ADDR: REDIS_ADDR asks for exporter mode (one node, series as redis_exporter's), KVMON_TARGETS for a target beside it (unset one of them; KVMON_TARGETS may name several nodes)"),
        ({"REDIS_ADDR": "h", "REDIS_EXPORTER_SCRIPT": "a"}, "environment REDIS_EXPORTER_SCRIPT: cannot read a: no such file or directory"),
        ({"REDIS_ADDR": "h", "REDIS_EXPORTER_IS_CLUSTER": "true"}, "environment REDIS_EXPORTER_IS_CLUSTER: this setting of redis_exporter is not supported (name each node in KVMON_TARGETS)"),
        ({"REDIS_ADDR": "h", "REDIS_PASSWORD_FILE": "/nowhere/x"}, "environment REDIS_PASSWORD_FILE: cannot read /nowhere/x: no such file or directory"),
        ({"REDIS_URL": "redis://h", "KVMON_INTERVL": "1s"}, "environment: KVMON_INTERVL: unknown variable (did you mean 'KVMON_INTERVAL'?)"),
        ({"REDIS_URL": "redis://h", "KVMON_INTERVAL": "15"}, "environment KVMON_INTERVAL: interval: 15 is no duration: write a number with its unit, such as 15s, 250ms or 1h30m"),
        ({"KVMON_TARGETS": "redis://a:x@h:99999"}, "environment KVMON_TARGETS: one of its URLs: its port is no number from 1 to 65535"),
        ({"KVMON_TARGETS": "a=redis://h a=redis://i"}, "environment KVMON_TARGETS: targets[1].name: another target is called 'a' already (the first is at environment KVMON_TARGETS)"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_variable_names_it(environ: dict[str, str], message: str) -> None:
    assert message in mistakes(environ)


def test_scalars_of_the_file_have_variables_that_beat_it(tmp_path: Path) -> None:
    file = tmp_path / "kvmon.yaml"
    file.write_text("interval: 10s\nlog: {level: error}\ntargets: [{name: a, url: 'redis://h'}]\n")
    config = load(str(file), {
        "KVMON_INTERVAL": "20s", "KVMON_LOG__LEVEL": "debug", "KVMON_COLLECTORS__SLOWLOG__ENABLED": "off", "KVMON_LISTEN": ":1",
        "KVMON_SERVICE_HOST": "10.0.0.1", "KVMON_PORT_9121_TCP": "tcp://10.0.0.1:9121", "KVMON_PORT": "tcp://10.0.0.1:9121",
    })  # fmt: skip
    assert (config.interval, config.log.level, config.listen) == (20.0, "debug", "0.0.0.0:1")
    assert "slowlog" not in [collector.name for collector in config.collectors_of(config.targets[0]).enabled()]


def test_a_file_that_names_targets_is_not_added_to(tmp_path: Path) -> None:
    file = tmp_path / "kvmon.yaml"
    file.write_text("targets: [{name: a, url: 'redis://h'}]\n")
    assert names(load(str(file), {"REDIS_URL": "redis://x"})) == ["a"]
    file.write_text("interval: 10s\n")
    assert names(load(str(file), {"REDIS_URL": "redis://x"})) == ["redis"]


def names(config: Config) -> list[str]:
    return [target.name for target in config.targets]


def test_a_provider_that_withholds_config_is_not_asked_how_many_databases_it_has() -> None:
    config = load(
        None, {"AZURE_REDIS_HOST": "cache.redis.cache.windows.net", "AZURE_REDIS_PASSWORD": "secret", "REDIS_URL": "redis://h"}
    )
    asked = {target.name: config.collectors_of(target).info.databases for target in config.targets}

    assert asked == {"azure_cache": 16, "redis": None}
