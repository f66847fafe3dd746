"""redis_exporter's command lines keep working, or say what to use instead."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kvmon.cli.settings import Settings
from kvmon.config import Config
from tests.cli.running import Terminal

Taken = Callable[..., tuple[Config, str | None]]


@pytest.fixture
def taken(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Taken:
    """The configuration that `kvmon run` with these arguments would hand to the daemon."""
    import kvmon.daemon.start

    def run(*words: str, **environment: str) -> tuple[Config, str | None]:
        found: list[tuple[Config, str | None]] = []

        def instead(load: Callable[[], Config], *, listen: str | None = None) -> int:
            found.append((load(), listen))
            return 0

        with monkeypatch.context() as patch:
            patch.setattr(kvmon.daemon.start, "run_daemon", instead)
            outcome = terminal("run", *words, environment=environment)
        assert outcome.code == 0, outcome.err
        return found[0]

    return run


def test_a_command_line_of_redis_exporter_means_the_same(taken: Taken) -> None:
    config, listen = taken(
        "--redis.addr=rediss://cache:6380", "--redis.user=watcher", "--redis.password=a/b+=#@", "--web.listen-address=:9999",
        "--connection-timeout=2s", "--skip-tls-verification", "--namespace=valkey", "--debug", "--log-format=txt",
        "--set-client-name=true", "--include-system-metrics",
    )  # fmt: skip
    (target,) = config.targets
    assert target.bare
    assert config.exporter_mode
    assert (str(target.addresses[0]), target.timeout) == ("cache:6380", 2.0)
    assert (target.credentials.username, target.credentials.password) == ("watcher", "a/b+=#@")
    assert target.tls is not None
    assert target.tls.verify == "none"
    assert (config.namespace, config.log.level, config.log.format) == ("valkey", "debug", "console")
    assert (config.listen, listen) == ("0.0.0.0:9999", None)


def test_one_dash_is_enough_as_in_go(taken: Taken) -> None:
    config, _ = taken("-redis.addr", "redis://one:7000", "-debug=false")
    assert str(config.targets[0].addresses[0]) == "one:7000"
    assert config.log.level == "info"


def test_a_flag_beats_the_environment(taken: Taken) -> None:
    config, _ = taken("--redis.addr=redis://flag", "--log-level=warn", REDIS_ADDR="redis://variable", KVMON_LOG__LEVEL="error")
    assert str(config.targets[0].addresses[0]) == "flag:6379"
    assert config.log.level == "warning"


def test_scripts_are_read_from_their_files(taken: Taken, terminal: Terminal) -> None:
    terminal.write("return {'a', 1}", "a.lua")
    config, _ = taken("--redis.addr=redis://h", "--script=a.lua", "--check-keys=x*")
    collectors = config.collectors_of(config.targets[0])
    assert [(each.name, each.lua) for each in collectors.scripts.run] == [("a.lua", "return {'a', 1}")]
    assert collectors.scripts.read_only == "where-possible"
    assert collectors.keys.patterns == ("x*",)
    assert "a.lua" in config.files
    config, _ = taken("--redis.addr=redis://h", "--script=a.lua", "--lua-script-read-only")
    assert config.collectors_of(config.targets[0]).scripts.read_only == "always"
    code, _, err = terminal("run", "--redis.addr=redis://h", "--script=no.lua")
    assert (code, err) == (2, "--script: cannot read no.lua: no such file or directory\n")


def test_a_timeout_longer_than_the_interval_is_cut_in_exporter_mode(taken: Taken) -> None:
    config, _ = taken("--redis.addr=redis://h", "--connection-timeout=30s")
    assert config.targets[0].timeout == 15.0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--is-cluster",), "--is-cluster of redis_exporter is not supported: name each node in KVMON_TARGETS"),
        (
            ("--basic-auth-password", "x"),
            "--basic-auth-password of redis_exporter is not supported: use web.config_file in the configuration file",
        ),
        (("--web.telemetry-path=/m",), "--web.telemetry-path of redis_exporter is not supported: the path is always /metrics"),
        (("--redis.addr", "redis://h", "--config", "x"), "--config and --redis.addr both say what to watch: keep one"),
        (("--log-level", "loud"), "Invalid value for --log-level: 'loud' is no level: use one of debug, info, warning, error"),
    ],
)
def test_what_has_no_meaning_here_says_what_to_use(terminal: Terminal, words: tuple[str, ...], message: str) -> None:
    code, _, err = terminal("run", *words)
    assert (code, err) == (2, f"kvmon run: {message.rstrip('.')}; see kvmon run -h\n")


def test_a_wrong_value_is_told_with_its_flag_and_without_the_password(terminal: Terminal) -> None:
    code, _, err = terminal("run", "--redis.addr=redis://:hunter2@h:99999")
    assert (code, err) == (2, "--redis.addr: targets[0].url: its port is no number from 1 to 65535\n")
    code, _, err = terminal("run", "--redis.addr=redis://h", "--connection-timeout=15")
    assert (code, err) == (
        2,
        "--connection-timeout: '15' is no duration: write a number with its unit, such as 15s, 250ms or 1h30m\n",
    )


ORPHAN = "this setting of redis_exporter is about the node of REDIS_ADDR, which is not what is watched"


@pytest.mark.parametrize(
    ("words", "environment", "where"),
    [
        (("--check-keys=a*",), {"REDIS_URL": "redis://h"}, "--check-keys"),
        (("--script=a.lua",), {"REDIS_URL": "redis://h"}, "--script"),
        (("--skip-tls-verification",), {"KVMON_TARGETS": "rediss://h"}, "--skip-tls-verification"),
        (("--redis.user=x",), {"REDIS_HOST": "h"}, "--redis.user"),
        ((), {"REDIS_HOST": "h", "REDIS_EXPORTER_COUNT_KEYS": "a*"}, "environment REDIS_EXPORTER_COUNT_KEYS"),
        (("--config=kvmon.yaml", "--check-single-keys=a"), {}, "--check-single-keys"),
        (("--config=kvmon.yaml",), {"REDIS_EXPORTER_CHECK_STREAMS": "a*"}, "environment REDIS_EXPORTER_CHECK_STREAMS"),
    ],
)
def test_what_is_about_its_node_is_refused_where_another_is_watched(
    terminal: Terminal, words: tuple[str, ...], environment: dict[str, str], where: str
) -> None:
    terminal.write("targets: [{name: a, url: 'redis://h'}]\n")
    code, _, err = terminal("run", *words, environment=environment)
    assert code == 2
    assert err.startswith(f"{where}: {ORPHAN}")


def test_what_asks_for_nothing_may_stay(taken: Taken) -> None:
    more = {"REDIS_EXPORTER_SKIP_TLS_VERIFICATION": "false", "REDIS_EXPORTER_SET_CLIENT_NAME": "true", "REDIS_USER": "x"}
    config, _ = taken("--namespace=valkey", "--redis.password=p", REDIS_HOST="h", **more)
    assert config.namespace == "valkey"
    assert config.targets[0].credentials.password == "p"


def test_a_reload_reads_the_environment_and_the_flags_again(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.environ", {})
    terminal.write("targets: [{name: a, url: 'redis://h'}]\n")
    settings = Settings("kvmon.yaml", {"KVMON_NAMESPACE": "x"}, {"KVMON_NAMESPACE": "--namespace"})
    assert settings.load().target("a") is not None
    terminal.write("targets: [{name: b, url: 'redis://h'}]\n")
    again = settings.load()
    assert (again.target("a"), again.namespace) == (None, "x")
