"""Nothing that is secret is shown: not in logs, not in errors, not on any page."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from kvmon.config.options import FileOptions
from kvmon.config.target_options import TargetOptions
from kvmon.config.webfile import WebFile
from kvmon.tell.notify.alertmanager_file import AlertmanagerFile
from kvmon.tell.sinks.datadog.options import DatadogOptions
from tests.daemon.canaries import PRIVATE, TOKEN, filled, places, unlock
from tests.servers.daemon import INHERITED, Daemon
from tests.servers.server import Server
from tests.servers.waiting import until
from tests.tell.sinks.datadog.intake import Fault, Intake


def pages(target: str) -> tuple[str, ...]:
    return (
        "/", f"/targets/{target}", "/alerts", "/breakers", "/metrics", f"/metrics?target={target}", "/health",
        f"/health/{target}", "/livez?verbose", "/readyz?verbose", "/discover", "/openapi.json", f"/scrape?target={target}",
        "/api/health/redis", "/api/metrics/redis", "/v1/targets", "/v1/breakers", f"/v1/slowlog/{target}",
        f"/v1/topology/{target}", "/v1/incidents", "/v1/none", "/api/v2/status", "/api/v2/receivers",
        "/api/v1/status/buildinfo", "/scrape?target=redis://:canary-typed@127.0.0.1:1",
    )  # fmt: skip


HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"Authorization": f"Bearer {TOKEN}"},
    {"Authorization": "Bearer canary-guessed"},
    {"Authorization": "Basic " + base64.b64encode(b"ann:canary-login").decode()},
    {"Authorization": "Basic " + base64.b64encode(b"ann:canary-mistyped").decode()},
)
SPARED = {"GlobalOptions.smtp_auth_password_file", "GlobalOptions.slack_api_url_file"}
"""Each of these excludes the option without `_file`; receivers have the like."""

COMMANDS = (
    ("doctor", "it", "--audit"),
    ("doctor", "watched", "--json"),
    ("keys", "wrong"),
    ("migrate", "it", "away"),
    ("diff", "http://user:canary-typed@127.0.0.1:1/metrics", "it"),
)


def test_every_option_that_takes_a_secret_has_a_canary(tmp_path: Path) -> None:
    given = unlock(tmp_path)
    targets = [*given.pop("targets"), {"name": "it", "url": "redis://h", "password": "canary-redis"}]
    datadog = ({"api_key": "canary", "proxy": "http://user:canary@h:1"}, {"api_key_file": str(tmp_path / "key")})
    read = [
        FileOptions.model_validate(given),
        *map(TargetOptions.model_validate, targets),
        *map(DatadogOptions.model_validate, datadog),
        AlertmanagerFile.model_validate(json.loads((tmp_path / "alertmanager.yml").read_text())),
        WebFile.model_validate(json.loads((tmp_path / "web.yml").read_text())),
    ]
    wanted = set().union(*(places(model) for model in (FileOptions, TargetOptions, AlertmanagerFile, WebFile)))
    assert {"TokenOptions.token", "WebFile.basic_auth_users", "Webhook.signing_secret_file", "HttpSource.password"} <= wanted
    assert wanted - set(filled(read)) == SPARED


def told(*arguments: str, **environment: str) -> str:
    """What a command says."""
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "kvmon", *arguments],
        capture_output=True, text=True, env={**kept, **environment}, timeout=120, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    return done.stdout + done.stderr


def command(daemon: Daemon, *arguments: str) -> str:
    """What it says with the daemon's configuration."""
    return told(*arguments, "--config", str(daemon.file))


@pytest.mark.parametrize(
    "environment",
    [
        {
            "REDIS_URL": "redis://:canary-url@127.0.0.1:1",
            "AZURE_REDIS_HOST": "localhost", "AZURE_REDIS_PASSWORD": "canary-azure",
            "AZURE_MANAGED_REDIS_HOST": "localhost", "AZURE_MANAGED_REDIS_PASSWORD": "canary-managed",
            "VALKEY_ENDPOINTS": "127.0.0.1:1", "VALKEY_PASSWORD": "canary-valkey",
            "KVMON_TARGETS": "more=redis://u:canary-more@127.0.0.1:1",
        },
        pytest.param(
            {"REDIS_ADDR": "redis://127.0.0.1:1", "REDIS_USER": "u", "REDIS_PASSWORD": "canary-password"}, marks=pytest.mark.slow
        ),
    ],
    ids=["targets", "exporter mode"],
)  # fmt: skip
def test_what_the_environment_keeps_secret_is_not_shown(
    environment: dict[str, str], start_daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    more = {"KVMON_LOG__LEVEL": "debug", "KVMON_STATE_DIR": str(tmp_path), "KVMON_INTERVAL": "1s", "KVMON_TIMEOUT": "500ms"}
    daemon = start_daemon(environment={**environment, **more}, ready=False)
    until(lambda: "target is down" in daemon.logs, what="something to tell")
    shown = [daemon.get(page).text for page in pages("redis")]
    daemon.terminate()
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "kvmon", "config"],
        capture_output=True,
        text=True,
        env={**kept, **environment},
        timeout=60,
        check=True,
    )
    shown += [daemon.logs, done.stdout + done.stderr]
    assert not [text for text in shown if "canary-" in text.replace("canary-typed", "")]
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"canary-" in path.read_bytes()]


@pytest.mark.timeout(600)  # some 150 answers and ten commands
@pytest.mark.parametrize("way", ["api_key", pytest.param("api_key_file", marks=pytest.mark.slow)])
def test_no_secret_is_shown(
    way: str, start_server: Callable[..., Server], start_daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    server = start_server(password="canary-redis")
    key = tmp_path / "key"
    key.write_text("canary-secret")
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
        sections = unlock(tmp_path)
        configuration = {
            "interval": "1s",
            "state_dir": str(tmp_path / "state"),
            "log": {"level": "debug"},
            "datadog": {
                way: "canary-secret" if way == "api_key" else str(key),
                "api": intake.url,
                "interval": "1s",
                "proxy": f"{intake.url.replace('//', '//user:canary-proxy@')}",
            },
            **sections,
            "targets": [
                {"name": "it", "url": server.url, "password": "canary-redis"},
                {"name": "wrong", "url": server.url, "password": "canary-wrong"},
                *sections["targets"],
            ],
        }
        daemon = start_daemon(configuration, ready=False)
        process = psutil.Process(daemon.process.pid)
        until(lambda: daemon.logs.count("a notification was not delivered") >= 12, what="receivers are tried")
        until(lambda: len(intake.statuses) >= 4, what=f"the answers with the key\n{daemon.logs}")
        for page in pages("it"):
            for headers in HEADERS:
                answer = daemon.get(page, headers=headers)
                shown += [answer.text, str(answer.headers)]
        shown += [command(daemon, *words) for words in (("config",), ("check",), ("metrics", "--unmapped", "wrong"))]
        shown += [command(daemon, *words) for words in COMMANDS if way == "api_key_file"]
        for mistake in (
            {"datadog": {**configuration["datadog"], "sight": "eu"}},
            {"datadog": {**configuration["datadog"], "proxy": "canary-proxy"}},
            {"datadog": {"api_key": ["canary-secret"]}},
            {"targets": [{"name": "it", "url": "redis://user:canary-url@127.0.0.1:99999"}]},
        ):
            daemon.write({**configuration, **mistake})
            before = daemon.logs.count("was not taken")
            daemon.reload()
            until(lambda before=before: daemon.logs.count("was not taken") > before, what="a configuration refused")  # type: ignore[misc]
            shown.append(command(daemon, "config"))
        shown.append(" ".join(process.cmdline()))
        assert process.rlimit(psutil.RLIMIT_CORE)[0] == 0, "what is in memory is not written to a disk by a crash"
        daemon.terminate()
        shown.append(daemon.logs)
    assert "Datadog does not take what is sent" in daemon.logs, "there was something to say"
    assert sum("kvmon_up" in text for text in shown) >= 2
    for text in shown:
        assert not [secret for secret in PRIVATE if secret in text]
        found = text.find("canary-")
        assert found < 0, text[max(0, found - 300) : found + 300]
    names = [
        path.name
        for path in (tmp_path / "state").rglob("*")
        if path.is_file() and any(secret.encode() in path.read_bytes() for secret in ("canary-", *PRIVATE))
    ]
    assert names == [], "nor is any kept"
