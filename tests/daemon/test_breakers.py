"""Servers fail in several ways, and the breakers of the daemon say what an application should do."""

from __future__ import annotations

import itertools
import json
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.servers.daemon import Daemon
from tests.servers.ports import free_port
from tests.servers.server import Server
from tests.servers.waiting import until

Start = Callable[..., Daemon]


def probing(server: Server, **more: object) -> dict[str, object]:
    return {
        "targets": [
            {"name": "it", "url": server.url, "probe": {"timeout": "10s", "interval": "500ms", "write_every": "500ms", **more}}
        ]
    }


def document(daemon: Daemon, op: str) -> dict[str, object]:
    (found,) = daemon.get(f"/v1/breakers/it/{op}").json()["breakers"]
    assert isinstance(found, dict)
    return found


def send(daemon: Daemon, method: str, path: str, body: object, token: str = "") -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(daemon.url + path, method=method, data=json.dumps(body).encode(), headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code


def reach(daemon: Daemon, op: str, state: str) -> dict[str, object]:
    until(lambda: document(daemon, op)["state"] == state, what=f"{op} {state}")
    return document(daemon, op)


def test_a_killed_server_opens_both_and_its_restart_closes_them(valkey: Server, start_daemon: Start) -> None:
    daemon = start_daemon(probing(valkey))
    for op in ("read", "write"):
        assert reach(daemon, op, "closed")["advice"] == "allow"
    assert daemon.get("/v1/breakers/it/write/allow").text == "allow\n"
    valkey.kill()
    for op in ("read", "write"):
        found = reach(daemon, op, "open")
        assert (found["advice"], found["permit_ratio"]) == ("deny", 0.0)
        until(lambda op=op: document(daemon, op)["reason_class"] == "refused", what="the reason")  # type: ignore[misc]
    refused = daemon.get("/v1/breakers/it/write/allow")
    assert (refused.status, refused.text) == (503, "deny\n")
    assert int(refused.headers["Retry-After"]) >= 1
    daemon.until("kvmon_breaker_state", 1, target="it", op="read", state="open")
    daemon.until("kvmon_probe_success", 0, target="it", op="read")
    valkey.restart()
    for op in ("read", "write"):
        reach(daemon, op, "closed")
    daemon.until("kvmon_probe_success", 1, target="it", op="write")


def test_a_full_server_opens_writing_only(valkey: Server, start_daemon: Start) -> None:
    daemon = start_daemon(probing(valkey))
    reach(daemon, "read", "closed")
    reach(daemon, "write", "closed")
    valkey.config_set("maxmemory-policy", "noeviction")
    valkey.config_set("maxmemory", "1")
    assert reach(daemon, "write", "open")["reason_class"] == "oom"
    assert document(daemon, "read")["state"] == "closed"
    valkey.config_set("maxmemory", "0")
    reach(daemon, "write", "closed")


def test_changes_are_streamed_and_written_to_a_file(valkey: Server, start_daemon: Start, tmp_path: Path) -> None:
    daemon = start_daemon({**probing(valkey), "state_dir": str(tmp_path / "state")})
    reach(daemon, "write", "closed")
    file = tmp_path / "state" / "breakers.json"

    def written() -> dict[str, object]:
        return {each["op"]: each["state"] for each in json.loads(file.read_text())["breakers"]}

    until(lambda: file.exists() and written() == {"read": "closed", "write": "closed"}, what="the file")
    before = json.loads(file.read_text())
    with urllib.request.urlopen(f"{daemon.url}/v1/events", timeout=60) as stream:
        assert stream.readline() == b"retry: 2000\n"
        valkey.kill()
        for line in stream:
            if line.startswith(b"data: ") and b'"state":"open"' in line:
                break
    until(lambda: written() == {"read": "open", "write": "open"}, what="the file to follow")
    after = json.loads(file.read_text())
    assert after["boot"] == before["boot"]
    assert after["written_at"] > before["written_at"]
    (verdict,) = [each for each in after["breakers"] if each["op"] == "write"]
    assert daemon.value("kvmon_breaker_transitions_total", target="it", op="write") == verdict["generation"] == 2
    assert "a breaker changed" in daemon.logs
    with closing(sqlite3.connect(tmp_path / "state" / "journal.db")) as journal:
        query = "SELECT data FROM events WHERE kind = 'breaker' AND subject = 'write' ORDER BY id"
        until(lambda: [json.loads(data)["after"] for (data,) in journal.execute(query)] == ["closed", "open"], what="the journal")
    until(lambda: json.loads(file.read_text())["written_at"] > after["written_at"] + 1, what="the file renewed without news")


def test_a_decision_survives_a_restart_and_is_told(valkey: Server, start_daemon: Start, tmp_path: Path) -> None:
    configuration = {**probing(valkey), "state_dir": str(tmp_path / "state")}
    daemon = start_daemon(configuration)
    reach(daemon, "write", "closed")
    body = {"state": "forced_open", "ttl": "1h", "reason": "upgrade", "by": "me"}
    assert send(daemon, "PUT", "/v1/breakers/it/write/override", body) == 200
    assert daemon.get("/v1/breakers/it/write/allow").status == 503
    assert document(daemon, "write")["state"] == "closed", "the breaker goes on judging"
    daemon.terminate()
    again = start_daemon(configuration)
    until(lambda: document(again, "write")["mode"] == "forced_open", what="the decision kept")
    again.until("kvmon_breaker_overridden", 1, target="it", op="write", mode="forced_open")
    assert send(again, "DELETE", "/v1/breakers/it/write/override", None) == 200
    assert document(again, "write")["advice"] == "allow"
    with closing(sqlite3.connect(tmp_path / "state" / "journal.db")) as journal:
        kinds = [row[0] for row in journal.execute("SELECT kind FROM events WHERE target = 'it' ORDER BY id")]
    assert kinds.count("override") == 2
    assert "breaker" in kinds


def test_what_applications_report_opens_a_breaker_once_a_probe_says_so_too(valkey: Server, start_daemon: Start) -> None:
    daemon = start_daemon(probing(valkey, interval="1h", write_every="1h"))
    reach(daemon, "write", "closed")
    valkey.config_set("maxmemory-policy", "noeviction")
    valkey.config_set("maxmemory", "1")
    batches = itertools.count()

    def alarm() -> bool:
        outcomes = [{"target": "it", "op": "write", "class": "oom", "count": 30}]
        report = {"reporter": "app", "batch": str(next(batches)), "window_ms": 0, "outcomes": outcomes}
        assert send(daemon, "POST", "/v1/reports", report) in (202, 429)
        return document(daemon, "write")["state"] == "open"

    until(alarm, what="what the application says found true")
    assert document(daemon, "write")["reason_class"] == "oom"
    assert document(daemon, "read")["state"] == "closed"


def test_what_is_forged_replayed_or_too_large_is_counted_and_changes_nothing(valkey: Server, start_daemon: Start) -> None:
    tokens = ["the-right-one", {"token": "only-for-reading", "scopes": ["read"]}]
    daemon = start_daemon({**probing(valkey), "web": {"tokens": tokens}})
    before = reach(daemon, "write", "closed")
    failed = [{"target": "it", "op": "write", "class": "timeout", "count": 19}]
    report = {"reporter": "app", "batch": "1", "window_ms": 0, "outcomes": failed}
    override = {"state": "forced_open", "ttl": "1h", "reason": "because", "by": "somebody"}
    refused = [("", 401), ("the-wrong-one", 401), ("only-for-reading", 403)]
    for token, status in refused:
        assert send(daemon, "POST", "/v1/reports", {**report, "outcomes": failed * 100}, token) == status
        assert send(daemon, "PUT", "/v1/breakers/it/write/override", override, token) == status
    assert send(daemon, "POST", "/v1/reports", {**report, "batch": "x" * 100_000}, "the-right-one") == 413
    assert {send(daemon, "POST", "/v1/reports", report, "the-right-one") for _ in range(10)} == {202}

    def calls() -> object:
        evidence = document(daemon, "write")["evidence"]
        return evidence["reports"]["calls"]  # type: ignore[index]

    until(calls, what="reports are in the evidence with the next probe")
    assert calls() == 19, "one more would have raised an alarm"
    after = document(daemon, "write")
    same = ("state", "advice", "mode", "generation", "suspect", "override")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    counted = {"denied": 3, "too_large": 1, "accepted": 1, "duplicate": 9}
    assert {result: daemon.value("kvmon_breaker_reports_total", result=result) for result in counted} == counted
    assert daemon.value("kvmon_breaker_overrides_total", result="denied") == 3


def test_where_many_fail_at_once_and_the_control_too_nothing_is_concluded(start_daemon: Start) -> None:
    ports = [free_port() for _ in range(4)]
    targets = [
        {"name": f"t{number}", "url": f"redis://127.0.0.{number + 2}:{port}", "probe": {"interval": "200ms"}}
        for number, port in enumerate(ports[:3])
    ]
    daemon = start_daemon({"targets": targets, "control": f"127.0.0.1:{ports[3]}"})
    daemon.until("kvmon_breaker_tilt", 1, reason="network")
    assert daemon.get("/v1/breakers").json()["monitor"] == {"tilt": "network"}
    assert "open" not in {each["state"] for each in daemon.get("/v1/breakers").json()["breakers"]}
    daemon.write({"targets": targets, "control": f"127.0.0.1:{daemon.port}"})
    daemon.reload()
    until(lambda: {each["state"] for each in daemon.get("/v1/breakers/t0/read").json()["breakers"]} == {"open"}, what="open")


def test_what_no_target_wants_is_not_imported() -> None:
    parts = "('kvmon.judge.breakers.b', 'kvmon.judge.breakers.entry', 'kvmon.watch.probes', 'kvmon.daemon.probing')"
    code = f"import sys, kvmon.cli.run, kvmon.daemon.main; print([n for n in sys.modules if n.startswith({parts})])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout == "[]\n"


@pytest.mark.slow
def test_a_server_that_hangs_opens_both(valkey: Server, start_daemon: Start) -> None:
    daemon = start_daemon(probing(valkey, timeout="800ms"))
    reach(daemon, "read", "closed")
    reach(daemon, "write", "closed")
    valkey.pause()
    for op in ("read", "write"):
        assert reach(daemon, op, "open")["reason_class"] == "timeout"
    valkey.resume()
    for op in ("read", "write"):
        reach(daemon, op, "closed")


def test_probing_begins_and_ends_with_a_reload(valkey: Server, start_daemon: Start) -> None:
    plain = {"targets": [{"name": "it", "url": valkey.url, "probe": "off"}]}
    daemon = start_daemon(plain)
    assert document(daemon, "read")["state"] == "unknown"
    assert daemon.get("/v1/breakers/it/read/allow").status == 200
    assert daemon.samples("kvmon_probe_success") == []
    daemon.write(probing(valkey))
    daemon.reload()
    reach(daemon, "read", "closed")
    daemon.write(plain)
    daemon.reload()
    reach(daemon, "read", "unknown")
    assert daemon.terminate()[0] == 0


def test_what_was_open_when_the_daemon_ended_is_unknown_and_then_tried_before_it_closes(
    valkey: Server, start_daemon: Start, tmp_path: Path
) -> None:
    configuration = {**probing(valkey), "state_dir": str(tmp_path / "state")}
    daemon = start_daemon(configuration)
    reach(daemon, "read", "closed")
    valkey.kill()
    reach(daemon, "read", "open")
    daemon.terminate()
    valkey.restart()
    again = start_daemon(configuration)
    assert reach(again, "read", "closed")["generation"] == 2, "half-open lay in between"

    def changes() -> list[tuple[str, str]]:
        with closing(sqlite3.connect(tmp_path / "state" / "journal.db")) as journal:
            rows = journal.execute("SELECT data FROM events WHERE kind = 'breaker' AND subject = 'read' ORDER BY id").fetchall()
        return [(data["before"], data["after"]) for (text,) in rows for data in [json.loads(text)]]

    # What happened is written a moment after it was told.
    until(lambda: changes()[-2:] == [("unknown", "half_open"), ("half_open", "closed")], what="the journal has it")
