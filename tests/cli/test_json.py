"""`--json` of commands that list something; completion; who the command line says it is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bcrypt
import click
import pytest
import yaml

from kvmon.cli.commands import COMMANDS, Commands
from kvmon.model.metrics.catalogue import ALL
from tests.cli.running import Terminal
from tests.servers.daemon import INHERITED, Daemon
from tests.servers.hostile import listening
from tests.servers.server import Server
from tests.servers.waiting import until

RULES = "groups: [{name: g, rules: [{alert: A, expr: 'rate(x[15s]) > 1'}]}]"
PROBE = {"timeout": "10s", "interval": "200ms", "write_every": "200ms"}


def test_what_is_listed_offline(terminal: Terminal, valkey: Server) -> None:
    def document(*words: str, code: int = 0) -> Any:
        outcome = terminal(*words, "--json")
        assert (outcome.code, outcome.err) == (code, ""), outcome
        return json.loads(outcome.out)

    assert [row["name"] for row in document("metrics")] == [row.name for row in ALL]
    unmapped = document("metrics", "--unmapped", valkey.url)
    assert unmapped["instance"] == valkey.address
    assert unmapped["fields"] > 100
    terminal.write(yaml.safe_dump({"targets": [{"name": "it", "url": valkey.url, "password": "s3cret-word"}]}))
    config = document("config", "--config", "kvmon.yaml")
    assert config["targets"][0]["name"] == "it"
    assert "s3cret-word" not in json.dumps(config)
    assert document("check", "kvmon.yaml") == {"file": "kvmon.yaml", "ok": True, "targets": 1, "rules": 0, "mistakes": []}
    terminal.write("targets: [{name: it, ulr: 'redis://x'}]")
    wrong = document("check", "kvmon.yaml", code=2)
    assert wrong["ok"] is False
    assert wrong["mistakes"][0]["where"].startswith("kvmon.yaml")
    assert "url" in json.dumps(wrong["mistakes"])
    lines = document("acl")
    assert all(each["line"].startswith("ACL SETUSER kvmon") and each["servers"] for each in lines)
    terminal.write(RULES, "rules.yaml")
    terminal.write("groups: [{name: g, rules: [{alert: A, expr: 'up >'}]}]", "bad.yaml")
    checked = document("rules", "check", "rules.yaml", "bad.yaml", code=1)
    assert [(each["file"], each["ok"], each["rules"]) for each in checked] == [("rules.yaml", True, 1), ("bad.yaml", False, 0)]
    assert checked[0]["remarks"]
    assert "bad.yaml" in checked[1]["refused"]
    assert document("rules", "check", "rules.yaml", "--lint-fatal", code=3)[0]["ok"] is True
    terminal.write("rule_files: [rules.yaml]\ntests: []", "test.yaml")
    assert document("rules", "test", "test.yaml") == [{"file": "test.yaml", "ok": True, "problems": []}]


def test_every_command_that_tells_something_has_it() -> None:
    group = Commands()
    context = click.Context(group)
    commands = {name: group.get_command(context, name) for name in COMMANDS}
    rules = commands.pop("rules")
    assert isinstance(rules, click.Group)
    commands.update(rules.commands)
    without = [name for name, each in commands.items() if each and "as_json" not in {option.name for option in each.params}]
    assert without == ["run", "demo"]


def test_what_a_daemon_tells(terminal: Terminal, valkey: Server, start_daemon: Callable[..., Daemon]) -> None:
    daemon = start_daemon({"interval": "1s", "targets": [{"name": "it", "url": valkey.url, "probe": PROBE}]})
    until(lambda: terminal("breaker", "it", "--url", daemon.url).out.count("closed  allow") == 2, what="both closed")
    found = json.loads(terminal("breaker", "--json", "--url", daemon.url).out)
    assert {(each["op"], each["state"]) for each in found["breakers"]} == {("read", "closed"), ("write", "closed")}
    assert json.loads(terminal("breaker", "--would-have", "--json", "--url", daemon.url).out)["denied"] == []
    why = json.loads(terminal("why", "it", "--json", "--url", daemon.url).out)
    assert (why["good"], why["sentence"]) == (True, "it: nothing is wrong.")
    watching = subprocess.Popen(
        [sys.executable, "-m", "kvmon", "breaker", "--watch", "--json", "--url", daemon.url], stdout=subprocess.PIPE, text=True
    )
    try:
        assert watching.stdout is not None
        assert json.loads(watching.stdout.readline())["target"] == "it"
    finally:
        watching.kill()
        watching.wait(30)
        if watching.stdout:
            watching.stdout.close()


def test_a_comparison_is_a_document(terminal: Terminal, valkey: Server) -> None:
    page = b'# TYPE redis_up gauge\nredis_up 1\n# TYPE redis_nobody gauge\nredis_nobody{a="b"} 1\n'

    def exporter(connection: Any, _over: Any) -> None:
        with connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(page), page))

    with listening(exporter) as port:
        outcome = terminal("diff", f"http://127.0.0.1:{port}/metrics", valkey.url, "--json")
    found = json.loads(outcome.out)
    assert (outcome.code, found["good"]) == (1, False)
    assert found["missing"] == ['redis_nobody{a="b"}']
    assert found["equal"] == 1


def test_the_command_line_says_who_asks(
    terminal: Terminal, valkey: Server, start_daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    users = tmp_path / "web.yml"
    users.write_text(f"basic_auth_users: {{me: {bcrypt.hashpw(b'p@ss/word', bcrypt.gensalt(4)).decode()}}}")
    web = {"config_file": str(users), "tokens": ["a-long-token"]}
    daemon = start_daemon({"targets": [{"name": "it", "url": valkey.url, "probe": False}], "web": web})
    refused = terminal("breaker", "--url", daemon.url)
    assert refused.code == 2
    assert "A user and a password are needed" in refused.err
    assert terminal("breaker", "--url", daemon.url.replace("//", "//me:p%40ss%2Fword@")).code == 0
    assert terminal("breaker", "--url", daemon.url, environment={"KVMON_TOKEN": "a-long-token"}).code == 0
    wrong = terminal("breaker", "--url", daemon.url.replace("//", "//me:wr0ng@"))
    assert wrong.code == 2
    assert "wr0ng" not in wrong.err


def completed(words: str, shell: str) -> list[str]:
    """What click gives a shell for what is typed so far."""
    variables = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1), "_KVMON_COMPLETE": f"{shell}_complete"}
    if shell == "fish":
        variables["COMP_CWORD"] = words.rpartition(" ")[2]
    return kvmon(variables).splitlines()


def kvmon(variables: dict[str, str]) -> str:
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "kvmon"], env={**kept, **variables}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_commands_options_and_values_are_completed(shell: str, tmp_path: Path) -> None:
    assert "top" in " ".join(completed("kvmon to", shell))
    assert "--interval" in " ".join(completed("kvmon top --int", shell))
    assert "memory" in " ".join(completed("kvmon top --sort me", shell))
    program = shutil.which(shell)
    script = kvmon({"_KVMON_COMPLETE": f"{shell}_source"})
    assert "_KVMON_COMPLETE" in script
    if program is None:
        return  # its script is click's: what it asks for was tested above
    file = tmp_path / "completion"
    file.write_text(script)
    done = subprocess.run([str(program), "-n", str(file)], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
