"""Nothing that is secret is shown: not in logs, not in errors, not on any page."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.daemon import INHERITED, Daemon
from tests.servers.server import Server
from tests.servers.waiting import until
from tests.tell.sinks.datadog.intake import Fault, Intake

PAGES = (
    "/", "/targets/it", "/alerts", "/breakers", "/metrics", "/metrics?target=it", "/health", "/health/it", "/livez?verbose",
    "/readyz?verbose",
    "/discover", "/openapi.json", "/scrape?target=it", "/api/health/redis", "/api/metrics/redis", "/v1/targets", "/v1/breakers",
    "/v1/slowlog/it", "/v1/topology/it", "/v1/incidents", "/v1/none", "/api/v2/status", "/api/v2/receivers",
    "/api/v1/status/buildinfo", "/scrape?target=redis://:canary-typed@127.0.0.1:1",
)  # fmt: skip
TOKEN = "canary-token"


def command(daemon: Daemon, *arguments: str) -> str:
    """What a command says, with the daemon's configuration."""
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "kvmon", *arguments, "--config", str(daemon.file)],
        capture_output=True, text=True, env=kept, timeout=120, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    return done.stdout + done.stderr


@pytest.mark.parametrize("way", ["api_key", "api_key_file"])
def test_no_secret_is_shown(
    way: str, start_server: Callable[..., Server], start_daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    server = start_server(password="canary-redis")
    key = tmp_path / "key"
    key.write_text("canary-secret")
    slack = tmp_path / "slack"
    slack.write_text("http://127.0.0.1:1/canary-slack")
    shown: list[str] = []
    with Intake(key="canary-secret") as intake:
        # The answers show the key again, and one of them is no JSON.
        echo = '{"errors":["what is canary-secret?"]}'
        intake.faults = [
            Fault(500, body=echo),
            Fault(200, body="<p>canary-secret</p>"),
            Fault(400, body=echo),
            Fault(403, body=echo),
        ]
        configuration = {
            "interval": "1s",
            "state_dir": str(tmp_path / "state"),
            "log": {"level": "debug"},
            "web": {"tokens": [TOKEN]},
            "datadog": {
                way: "canary-secret" if way == "api_key" else str(key),
                "api": intake.url,
                "interval": "1s",
                "proxy": f"{intake.url.replace('//', '//user:canary-proxy@')}",
            },
            "alerting": {"config_file": str(tmp_path / "alertmanager.yml")},
            "targets": [
                {"name": "it", "url": server.url.replace("//:canary-redis@", "//"), "password": "canary-redis"},
                {"name": "away", "url": "redis://user:canary-url@127.0.0.1:1"},
                {"name": "wrong", "url": server.url.replace("canary-redis", "canary-wrong")},
            ],
        }
        (tmp_path / "alertmanager.yml").write_text(json.dumps({
            "route": {"receiver": "all"},
            "receivers": [{
                "name": "all",
                "webhook_configs": [{"url": "http://user:canary-hook@127.0.0.1:1/canary-path"}],
                "pagerduty_configs": [{"routing_key": "canary-pager"}],
            }],
        }))  # fmt: skip
        daemon = start_daemon(configuration)
        until(lambda: len(intake.statuses) >= 4, what=f"the answers with the key\n{daemon.logs}")
        for page in PAGES:
            shown.append(daemon.get(page).text)
            shown.append(daemon.get(page, headers={"Authorization": f"Bearer {TOKEN}"}).text)
        shown += [command(daemon, *words) for words in (("config",), ("check",), ("metrics", "--unmapped", "wrong"))]
        for mistake in (
            {"datadog": {**configuration["datadog"], "sight": "eu"}},  # type: ignore[dict-item] # a mapping
            {"datadog": {**configuration["datadog"], "proxy": "canary-proxy"}},  # type: ignore[dict-item] # a mapping
            {"datadog": {"api_key": ["canary-secret"]}},
            {"targets": [{"name": "it", "url": "redis://user:canary-url@127.0.0.1:99999"}]},
        ):
            daemon.write({**configuration, **mistake})
            before = daemon.logs.count("was not taken")
            daemon.reload()
            until(lambda before=before: daemon.logs.count("was not taken") > before, what="a configuration refused")  # type: ignore[misc]
            shown.append(command(daemon, "config"))
        daemon.terminate()
        shown.append(daemon.logs)
    assert "Datadog does not take what is sent" in daemon.logs, "there was something to say"
    assert sum("kvmon_up" in text for text in shown) >= 2
    for text in shown:
        found = text.find("canary-")
        assert found < 0, text[max(0, found - 300) : found + 300]
    names = [path.name for path in (tmp_path / "state").rglob("*") if path.is_file() and b"canary-" in path.read_bytes()]
    assert names == [], "nor is any kept"
