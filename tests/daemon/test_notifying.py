"""From a server that dies to a webhook that says so, and that it is back, though the daemon is killed in between."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.servers.daemon import Daemon
from tests.servers.hook import Answer, Got, Hook
from tests.servers.server import Server
from tests.servers.waiting import until

RULES = """
groups:
- name: availability
  rules:
  - alert: RedisDown
    expr: redis_up == 0
    labels: {severity: critical}
    annotations: {summary: "{{ $labels.target }} is down"}
"""


def configuration(folder: Path, hook: Hook, *urls: str) -> dict[str, Any]:
    (folder / "rules.yaml").write_text(RULES)
    way = {"url": f"{hook.url}/hook"}
    (folder / "alertmanager.yml").write_text(
        json.dumps(
            {
                "route": {"receiver": "team", "group_by": ["target"], "group_wait": "0s", "group_interval": "1s"},
                "receivers": [{"name": "team", "webhook_configs": [way]}],
            }
        )
    )
    return {
        "interval": "1s", "timeout": "500ms", "targets": [{"name": f"t{number}", "url": url} for number, url in enumerate(urls)],
        "rules": {"files": [str(folder / "rules.yaml")], "evaluation_interval": "1s"},
        "alerting": {"config_file": str(folder / "alertmanager.yml"), "external_url": "http://kvmon.example"},
        "state_dir": str(folder / "state"),
    }  # fmt: skip


def states(hook: Hook) -> list[tuple[str, str]]:
    return [(alert["labels"]["target"], alert["status"]) for body in hook.bodies() for alert in body["alerts"]]


@pytest.mark.slow
def test_a_death_and_a_return_are_told_though_the_daemon_is_killed_in_between(
    start_server: Callable[..., Server], start_daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    server = start_server()
    away = [True]

    def answer(_: Got) -> Answer:
        return Answer(503) if away[0] else Answer()

    with Hook(answer) as hook:
        settings = configuration(tmp_path, hook, server.url, "redis://127.0.0.1:1")
        daemon = start_daemon(settings)
        until(lambda: hook.refused, what="the first message is refused")
        daemon.process.send_signal(signal.SIGKILL)
        daemon.process.wait(60)
        away[0] = False
        daemon = start_daemon(settings)
        until(lambda: states(hook), what="it arrives after the crash")
        assert states(hook) == [("t1", "firing")]
        assert hook.got[0].headers["webhook-id"] == hook.refused[0].headers["webhook-id"]
        (alert,) = hook.bodies()[0]["alerts"]
        assert alert["annotations"] == {"summary": "t1 is down"}
        link = alert["generatorURL"].removeprefix("http://kvmon.example")
        until(lambda: 'id="alarm-RedisDown' in daemon.get(link).text, what="the link leads to what was found")
        daemon.until("kvmon_notifications_total", 1, receiver="team", result="delivered")
        (shown,) = daemon.get("/api/v2/alerts").json()
        assert (shown["labels"]["alertname"], shown["status"]["state"]) == ("RedisDown", "active")
        until(lambda: "firing" in daemon.get("/api/v1/alerts").text, what="it fires again for the rules, too")
        daemon.write({**settings, "targets": [{"name": "t0", "url": server.url}, {"name": "t1", "url": server.url}]})
        daemon.reload()
        until(lambda: ("t1", "resolved") in states(hook), what=f"its return is told\n{daemon.logs[-2000:]}")
        daemon.until("kvmon_notification_outbox", 0)
        assert states(hook) == [("t1", "firing"), ("t1", "resolved")]
