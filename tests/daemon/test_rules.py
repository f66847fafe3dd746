"""The daemon evaluates rules over what it polls, and tells an Alertmanager."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.servers.daemon import Daemon
from tests.servers.server import Server
from tests.servers.waiting import until

RULES = """\
groups:
- name: fast
  interval: 1s
  rules:
  - record: gone
    expr: 1 - redis_up
  - alert: Gone
    expr: gone{target="web"} == 1
    for: 1s
    labels: {severity: critical}
    annotations: {summary: '{{ $labels.target }} is gone'}
"""


@contextmanager
def alertmanager() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Its URL, and the alerts that it was told."""
    told: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.extend(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def alerts(daemon: Daemon) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(daemon.get("/api/v1/alerts").text)["data"]["alerts"]
    return found


def reload(daemon: Daemon) -> int:
    """The status of the answer."""
    request = urllib.request.Request(f"{daemon.url}/-/reload", method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code


@pytest.mark.slow
def test_an_alert_from_its_beginning_through_reloads_to_its_end(
    start_server: Callable[..., Server], start_daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    server = start_server()
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    with alertmanager() as (url, told):
        daemon = start_daemon({
            "interval": "1s",
            "rules": {"files": [str(tmp_path / "*.yaml")]},
            "alerting": {"alertmanagers": [url]},
            "targets": [{"name": "web", "url": server.url, "probe": "off"}],
        })  # fmt: skip
        group = json.loads(daemon.get("/api/v1/rules").text)["data"]["groups"][0]
        assert [rule["name"] for rule in group["rules"]] == ["gone", "Gone"]
        until(lambda: daemon.samples("kvmon_rule_evaluations_total"), what="an evaluation")
        assert alerts(daemon) == []

        server.stop()
        until(lambda: [alert["state"] for alert in alerts(daemon)] == ["firing"], what=f"the alert\n{daemon.logs[-2000:]}")
        until(lambda: told, what="the Alertmanager told")
        where = told[0]["labels"]["instance"]
        assert told[0]["labels"] == {
            "alertname": "Gone", "severity": "critical", "target": "web", "instance": where, "job": "kvmon",
        }  # fmt: skip
        assert told[0]["annotations"] == {"summary": "web is gone"}
        (firing,) = daemon.samples("kvmon_alerts", state="firing")
        assert firing.value == 1

        rules.write_text(RULES.replace("for: 1s", "for: nonsense"))
        assert reload(daemon) == 422
        rules.write_text(RULES.replace("is gone", "has gone"))
        assert reload(daemon) == 200
        until(lambda: alerts(daemon)[0]["annotations"] == {"summary": "web has gone"}, what="the new text")
        assert alerts(daemon)[0]["state"] == "firing"

        rules.write_text(RULES.replace("== 1", "== 2"))
        assert reload(daemon) == 200
        until(lambda: alerts(daemon) == [], what="the end")
        until(lambda: told[-1]["endsAt"] > told[-1]["startsAt"] and len(told) > 1, what="the end told")


def test_a_mistake_in_a_rule_file_is_told_with_its_place(start_daemon: Callable[..., Daemon], tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(RULES.replace("expr: 1 - redis_up", "expr: 1 - "))
    daemon = start_daemon(
        {
            "rules": {"files": [str(tmp_path / "rules.yaml"), str(tmp_path / "no*.yaml")]},
            "targets": [{"name": "a", "url": "redis://x"}],
        },
        ready=False,
    )

    assert daemon.process.wait(60) == 2
    assert f'{tmp_path}/rules.yaml:6: group "fast", rule 1, "gone": could not parse expression' in daemon.logs
    assert "no file matches" in daemon.logs
