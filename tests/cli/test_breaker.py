"""`kvmon breaker` and `kvmon why` ask a running daemon."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from tests.cli.running import Terminal
from tests.servers.daemon import Daemon
from tests.servers.server import Server
from tests.servers.waiting import until

PROBE = {"timeout": "10s", "interval": "200ms", "write_every": "200ms"}


def say_something_large(valkey: Server, daemon: Daemon) -> None:
    """Have something in the logs of large requests and replies, and wait until the daemon has read it."""
    thresholds = ("commandlog-request-larger-than", "commandlog-reply-larger-than")
    with valkey.client() as client:
        client.command("CONFIG", "SET", thresholds[0], "0", thresholds[1], "0")
        client.command("PING")
        client.command("CONFIG", "SET", thresholds[0], "1000000", thresholds[1], "1000000")  # or what kvmon asks fills them
    until(lambda: daemon.samples("kvmon_commandlog_entries_total", log="large-request"), what="a large request")
    until(lambda: daemon.samples("kvmon_commandlog_entries_total", log="large-reply"), what="a large reply")


def test_a_breaker_is_shown_and_its_opening_is_explained(
    valkey: Server, start_daemon: Callable[..., Daemon], terminal: Terminal
) -> None:
    target = {"name": "it", "url": valkey.url, "probe": PROBE, "collectors": {"commandlog": {"every": "1s"}}}
    daemon = start_daemon({"interval": "1s", "targets": [target]})
    until(lambda: terminal("breaker", "it", "--url", daemon.url).out.count("closed  allow") == 2, what="both closed")
    say_something_large(valkey, daemon)
    shown = terminal("breaker", "--url", daemon.url)
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.split()[:8] == ["target", "op", "shard", "state", "advice", "reason", "since", "mode"]
    assert terminal("breaker", "--would-have", "--url", daemon.url).out.startswith("They would have denied nothing")
    fine = terminal("why", "it", "--url", daemon.url)
    assert (fine.code, fine.out.splitlines()[0]) == (0, "it: nothing is wrong.")

    watching = subprocess.Popen(
        [sys.executable, "-m", "kvmon", "breaker", "it", "--watch", "--url", daemon.url], stdout=subprocess.PIPE, text=True
    )
    try:
        assert watching.stdout is not None
        assert {watching.stdout.readline().split()[1] for _ in range(2)} == {"read", "write"}
        with valkey.client() as client:
            client.command("CONFIG", "SET", "slowlog-log-slower-than", "0")
            client.command("SET", "secret-key", "secret-value")
        valkey.config_set("maxmemory-policy", "noeviction")
        valkey.config_set("maxmemory", "1")
        line = watching.stdout.readline().split()
        assert line[:4] == ["it", "write", "open", "deny"]
        assert line[4] == "oom"
    finally:
        watching.terminate()
        watching.wait(30)
        assert watching.stdout is not None
        watching.stdout.close()

    denied = terminal("breaker", "it", "--url", daemon.url)
    assert denied.code == 1
    (incident,) = until(lambda: daemon.get("/v1/incidents?target=it").json()["incidents"], what="the incident")
    assert "secret" not in daemon.get("/v1/incidents?target=it").text, "neither keys nor values are kept"
    assert (incident["op"], incident["reason"]) == ("write", "oom")
    (node,) = incident["nodes"]
    assert node["then"]["values"]["redis_memory_max_bytes"] == 1
    assert node["before"]["values"]["redis_up"] == 1
    assert node["series"]["memory"]["values"][-1] > 0, "the last minutes are kept with it"
    assert node["large_commands"].keys() == {"large-request", "large-reply"}
    why = terminal("why", "it", "--url", daemon.url)
    assert why.code == 1
    assert "writing fails since" in why.out
    assert "its memory is full" in why.out
    assert "went from closed to open: oom" in why.out
    assert "What to do:" in why.out
    valkey.config_set("maxmemory", "0")
    until(lambda: terminal("breaker", "it", "--url", daemon.url).code == 0, what="it closes again")
    until(lambda: "to closed" in terminal("why", "it", "--url", daemon.url).out.rpartition("half_open")[2], what="it is kept")
    head, *rows = terminal("breaker", "it", "--would-have", "--url", daemon.url).out.splitlines()
    assert head.split() == ["target", "op", "openings", "denied", "longest", "reasons"]
    assert [row.split()[:3] for row in rows] == [["it", "write", "1"]]


def test_without_a_daemon_it_says_what_to_do(terminal: Terminal) -> None:
    for arguments in (["breaker"], ["breaker", "--watch"], ["why", "it"]):
        outcome = terminal(*arguments, "--url", "http://127.0.0.1:1")
        assert outcome.code == 2
        assert "kvmon run" in outcome.err
    assert terminal("breaker", "--url", "ftp://x").code == 2


def test_what_the_daemon_refuses_is_said(valkey: Server, start_daemon: Callable[..., Daemon], terminal: Terminal) -> None:
    daemon = start_daemon({"targets": [{"name": "it", "url": valkey.url}]})
    outcome = terminal("breaker", "nobody", "--url", daemon.url)
    assert outcome.code == 2
    assert "There is no target 'nobody'" in outcome.err
    for query in ("limit=0", "limit=x", "limit=1000", "target=nobody"):
        assert daemon.get(f"/v1/incidents?{query}").status in (400, 404)
