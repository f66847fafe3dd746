"""Nothing that is secret is shown: not in logs, not in errors, not on any page."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import bcrypt
import psutil
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
HEADERS = (
    {},
    {"Authorization": f"Bearer {TOKEN}"},
    {"Authorization": "Bearer canary-guessed"},
    {"Authorization": "Basic " + base64.b64encode(b"ann:canary-login").decode()},
    {"Authorization": "Basic " + base64.b64encode(b"ann:canary-mistyped").decode()},
)
HASH = bcrypt.hashpw(b"canary-login", bcrypt.gensalt(4)).decode()
SIGNING = "whsec_" + base64.b64encode(b"canary-signing-canary-signing").decode()
PRIVATE = {HASH, HASH.partition("$2b$04$")[2], SIGNING.removeprefix("whsec_")}
"""What is as secret as canaries are, and looks otherwise."""


def unlock(folder: Path) -> dict[str, object]:
    """Files and sections whose only purpose is to hold secrets."""
    (folder / "account").write_text("canary-account")
    (folder / "web.yml").write_text(json.dumps({"basic_auth_users": {"ann": HASH}}))
    (folder / "map.json").write_text(json.dumps({"redis://mapped@127.0.0.1:1": "canary-mapped"}))
    (folder / "found.json").write_text(
        json.dumps([{"targets": ["redis://user:canary-found@127.0.0.1:1"]}, {"targets": ["redis://u:canary-lost@127.0.0.1:x"]}])
    )
    (folder / "rules.yml").write_text(
        json.dumps({"groups": [{"name": "g", "rules": [{"alert": "Always", "expr": "vector(1)"}]}]})
    )
    dead = "http://user:canary-hook@127.0.0.1:1/canary-path"
    receivers = {
        "name": "all",
        "webhook_configs": [
            {"url": dead},
            {
                "url": "http://127.0.0.1:1",
                "signing_secrets": [SIGNING],
                "http_config": {"authorization": {"credentials": "canary-bearer"}},
            },
            {"url": "http://127.0.0.1:1", "http_config": {"basic_auth": {"username": "u", "password": "canary-basic"}}},
        ],
        "pagerduty_configs": [{"routing_key": "canary-pager", "url": "http://127.0.0.1:1"}],
        "slack_configs": [{"channel": "#a"}, {"channel": "#b", "api_url_file": str(folder / "slack")}],
        "email_configs": [{"to": "a@example.net", "auth_password": "canary-mail", "auth_username": "u"}],
    }
    (folder / "slack").write_text("http://127.0.0.1:1/canary-slack-file")
    (folder / "alertmanager.yml").write_text(json.dumps({
        "global": {
            "smtp_smarthost": "127.0.0.1:1", "smtp_from": "k@example.net", "smtp_auth_password": "canary-smtp",
            "slack_api_url": "http://127.0.0.1:1/canary-slack",
        },
        "route": {"receiver": "all", "group_wait": "0s"},
        "receivers": [receivers],
    }))  # fmt: skip
    return {
        "web": {"tokens": [TOKEN, {"token": "canary-reporter", "scopes": ["reports"]}], "config_file": str(folder / "web.yml")},
        "alerting": {"config_file": str(folder / "alertmanager.yml"), "alertmanagers": ["http://u:canary-am@127.0.0.1:1"]},
        "rules": {"files": [str(folder / "rules.yml")], "evaluation_interval": "1s"},
        "credentials": [
            {"hosts": ["secured.example"], "username": "u", "password": "canary-rule"},
            {"file": str(folder / "map.json")},
        ],
        "discovery": {
            "files": [str(folder / "found.json")],
            "http": [
                "http://u:canary-sd@127.0.0.1:1/a",
                {"url": "http://127.0.0.1:1/b", "token": "canary-sd-token"},
                {"url": "http://127.0.0.1:1/c", "username": "u", "password": "canary-sd-password"},
            ],
            "kubernetes": [{"role": "pod", "api": "http://127.0.0.1:1", "token_file": str(folder / "account")}],
            "defaults": {"password": "canary-default"},
        },
    }  # fmt: skip


def command(daemon: Daemon, *arguments: str) -> str:
    """What a command says, with the daemon's configuration."""
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "kvmon", *arguments, "--config", str(daemon.file)],
        capture_output=True, text=True, env=kept, timeout=120, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    return done.stdout + done.stderr


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
            **unlock(tmp_path),
            "targets": [
                {"name": "it", "url": server.url.replace("//:canary-redis@", "//"), "password": "canary-redis"},
                {"name": "away", "url": "redis://user:canary-url@127.0.0.1:1"},
                {"name": "wrong", "url": server.url.replace("canary-redis", "canary-wrong")},
            ],
        }
        daemon = start_daemon(configuration, ready=False)
        process = psutil.Process(daemon.process.pid)
        until(lambda: daemon.logs.count("a notification was not delivered") >= 5, what="receivers are tried")
        until(lambda: len(intake.statuses) >= 4, what=f"the answers with the key\n{daemon.logs}")
        for page in PAGES:
            for headers in HEADERS:
                answer = daemon.get(page, headers=headers)
                shown += [answer.text, str(answer.headers)]
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
