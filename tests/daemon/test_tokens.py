"""Signing in with tokens: replaced in time, on connections in use, without a failed poll."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.servers.daemon import INHERITED, Daemon
from tests.servers.kinds import available
from tests.servers.server import Server, supports_tls
from tests.servers.tls import Certificates
from tests.servers.waiting import until

FAKES = Path(__file__).parent / "fakes"
TLS_KIND = next((kind for kind in available() if supports_tls(kind)), "redis-7.0")
OBJECT = "0b1e7c1e-oid"
RIGHTS = "+ping +info +client|setname +slowlog +latency +config|get +memory|stats +client|list +acl|log +get +set ~kvmon:canary:*"

assert "PYTHONPATH" in INHERITED


class Entra:
    """A server whose user has the token as password, a fake identity, and a daemon between them."""

    def __init__(self, server: Server, file: Path, daemon: Daemon) -> None:
        self.server = server
        self.file = file
        self.daemon = daemon
        self.number = 1

    def rotate(self, life: int) -> None:
        """A new token; the old one is accepted until the new one was used."""
        old, self.number = self.number, self.number + 1
        self.server.command("ACL", "SETUSER", OBJECT, f">token-{self.number}")
        signed = self.auths()
        self.file.write_text(f"token-{self.number} {life}")
        until(lambda: self.auths() >= signed + 2, what=f"signing in anew\n{self.daemon.logs[-2000:]}")  # the poller and the probe
        self.server.command("ACL", "SETUSER", OBJECT, f"<token-{old}")

    def auths(self) -> int:
        line = self.server.info("commandstats").get("cmdstat_auth", "calls=0,")
        return int(line.partition("calls=")[2].partition(",")[0])


@pytest.fixture
def entra(
    start_server: Callable[..., Server], start_daemon: Callable[..., Daemon], certificates: Certificates, tmp_path: Path
) -> Callable[[str], Entra]:
    def start(text: str) -> Entra:
        server = start_server(TLS_KIND, tls=certificates, users={OBJECT: f"on >token-1 resetchannels -@all {RIGHTS}"})
        file = tmp_path / "token"
        file.write_text(text)
        target: dict[str, Any] = {
            "name": "it",
            "url": server.url,
            "auth": "entra",
            "username": OBJECT,
            "probe": {"interval": "100ms"},
        }
        target["tls"] = {"ca": certificates["ca.pem"]}
        environment = {"FAKE_TOKEN_FILE": str(file), "PYTHONPATH": f"{FAKES}:{Path(__file__).parents[2]}"}
        return Entra(server, file, start_daemon({"interval": "250ms", "targets": [target]}, environment=environment))

    return start


@pytest.mark.parametrize("times", [3, pytest.param(25, marks=pytest.mark.slow)])
def test_tokens_are_replaced_on_connections_in_use(entra: Callable[[str], Entra], times: int) -> None:
    seen = entra("token-1 2")
    seen.daemon.until("redis_up", 1, target="it")
    seen.daemon.until("kvmon_probe_success", 1, target="it", op="write")
    for _ in range(times):
        seen.rotate(life=2)
    failures = [
        sample for sample in seen.daemon.samples("kvmon_collector_failures_total") if sample.labels["collector"] == "poll"
    ]
    assert failures == []
    opened = [sample for sample in seen.daemon.samples("kvmon_breaker_transitions_total") if sample.value > 1]
    assert opened == []
    clients = seen.server.command("CLIENT", "LIST")
    ages = [int(line.partition(" age=")[2].partition(" ")[0]) for line in clients.splitlines() if " name=kvmon " in line]
    assert len(ages) >= 2
    assert min(ages) >= 2, clients
    expiry = seen.daemon.value("kvmon_credential_expiry_timestamp_seconds", target="it")
    assert expiry is not None
    assert expiry > 1.7e9
    assert seen.daemon.value("kvmon_credential_refresh_failures_total", target="it") == 0
    assert "token-" not in seen.daemon.logs + seen.daemon.get("/metrics").text + json.dumps(seen.daemon.get("/v1/targets").json())


def test_an_identity_provider_that_is_ill_is_asked_until_it_is_well(entra: Callable[[str], Entra]) -> None:
    seen = entra("")
    seen.daemon.until("redis_up", 0, target="it")
    until(lambda: (seen.daemon.value("kvmon_credential_refresh_failures_total", target="it") or 0) >= 1)
    assert seen.daemon.samples("kvmon_credential_expiry_timestamp_seconds") == []
    assert "the identity provider is ill" in seen.daemon.logs
    seen.file.write_text("token-1 3600")
    seen.daemon.until("redis_up", 1, target="it")


def watchers(server: Server) -> list[int]:
    """The ids of the user's connections."""
    lines = server.command("CLIENT", "LIST").splitlines()
    return [int(line.partition(" ")[0].removeprefix("id=")) for line in lines if " user=watcher " in line]


def test_a_password_file_may_change_any_time(
    start_server: Callable[..., Server], start_daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    server = start_server(users={"watcher": "on >one resetchannels -@all +@all"})
    file = tmp_path / "password"
    file.write_text("one\n")
    target = {"name": "it", "url": server.url, "username": "watcher", "password_file": str(file)}
    daemon = start_daemon({"interval": "200ms", "targets": [target]})
    daemon.until("redis_up", 1, target="it")
    old = "one"
    for new in ("two", "three", "four"):
        server.command("ACL", "SETUSER", "watcher", f">{new}")
        file.write_text(f"{new}\n")
        server.command("ACL", "SETUSER", "watcher", f"<{old}")
        newest = max(watchers(server))
        server.command("CLIENT", "KILL", "USER", "watcher")
        until(lambda: max(watchers(server), default=0) > newest, what="the poller back")  # noqa: B023
        old = new
    failures = [sample for sample in daemon.samples("kvmon_collector_failures_total") if sample.labels["collector"] == "poll"]
    assert failures == []
