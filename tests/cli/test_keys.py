"""`kvmon keys`: what is in a key space, of every shard, and in part where it is stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.cli.running import Terminal
from tests.servers.client import Refused
from tests.servers.cluster import form
from tests.servers.daemon import INHERITED
from tests.servers.server import Server
from tests.servers.waiting import until
from tests.watch.scans.scanning import fill


def test_workloads_of_a_target_are_counted(terminal: Terminal, valkey: Server) -> None:
    fill(valkey, "session", 500, expiring="i % 2 == 0")
    fill(valkey, "api", 20)
    workloads = [{"name": "logins", "preset": "sessions"}, {"name": "calls", "keys": "api:*"}]
    terminal.write(json.dumps({"targets": [{"name": "it", "url": valkey.url, "workloads": workloads}]}))

    found = json.loads(terminal("keys", "it", "--config", "kvmon.yaml", "--json", "--ops", "100000").out)
    groups = {group["name"]: group for group in found["groups"]}
    assert found["complete"]
    assert (groups["logins"]["keys"], groups["calls"]["keys"], found["all"]["keys"]) == (500, 20, 520)
    assert groups["logins"]["ttl_coverage"] == 0.5
    assert groups["logins"]["memory_error_bytes"] == 0

    one = json.loads(terminal("keys", "it", "--config", "kvmon.yaml", "--json", "--workload", "calls").out)
    assert [group["name"] for group in one["groups"]] == ["calls"]
    wrong = terminal("keys", "it", "--config", "kvmon.yaml", "--workload", "cals")
    assert wrong.code == 2
    assert "did you mean 'calls'?" in wrong.err


def test_prefixes_and_the_biggest_keys_are_shown_as_text(terminal: Terminal, valkey: Server) -> None:
    fill(valkey, "session", 50)
    valkey.command("SET", "report:2024:all", "x" * 100_000)
    told = terminal("keys", valkey.url, "--top", "1", "--ops", "100000")

    assert told.code == 0
    assert told.err == ""
    lines = told.out.splitlines()
    assert any(line.split()[:2] == ["session:*", "50"] for line in lines)
    assert any(line.startswith("report:2024:all") and "never" in line for line in lines)
    deep = terminal("keys", valkey.url, "--prefix-depth", "2", "--ops", "100000").out
    assert "report:2024:*" in deep


def test_every_shard_of_a_cluster_is_counted_once(terminal: Terminal, start_server: Callable[..., Server]) -> None:
    primaries = [start_server(cluster=True) for _ in range(3)]
    replica = start_server(cluster=True)
    form(primaries, [replica])
    for number in range(300):
        for node in primaries:
            try:
                node.command("SET", f"session:{number}", "x")
            except Refused:
                continue
    found = json.loads(terminal("keys", primaries[0].url, "--json", "--ops", "100000").out)

    assert found["complete"]
    assert found["groups"][0]["keys"] == 300
    assert len(found["shards"]) == 3
    assert replica.address in {shard["instance"] for shard in found["shards"]}, "a replica bears it where there is one"


def test_an_unreachable_shard_is_said(terminal: Terminal, valkey: Server) -> None:
    valkey.kill()
    told = terminal("keys", valkey.url)

    assert told.code == 1
    assert "no node can be asked" in told.err


def test_ctrl_c_leaves_what_was_found_by_then(valkey: Server) -> None:
    fill(valkey, "session", 60_000)
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, "-m", "kvmon", "keys", valkey.url, "--json", "--ops", "50"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=kept, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    until(lambda: "cmdstat_scan" in valkey.info("commandstats"), what="the first SCAN")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)

    assert process.returncode == 130, err
    found = json.loads(out)
    assert not found["complete"]
    assert 0 <= found["progress"] < 1
    assert err == b""
