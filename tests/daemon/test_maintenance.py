"""What Azure Cache for Redis announces comes into metrics, log and journal."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from tests.servers.daemon import Daemon
from tests.servers.server import Server
from tests.servers.waiting import until

CHANNEL = "AzureRedisEvents"
SCHEDULED = (
    "NotificationType|NodeMaintenanceScheduled|StartTimeInUTC|2026-11-27T10:00:00|IsReplica|False|IPAddress||SSLPort|15001"
)
STARTING = SCHEDULED.replace("Scheduled", "Starting")
ENDED = "NotificationType|NodeMaintenanceEnded|StartTimeInUTC|2026-11-27T10:00:00|IsReplica|False|IPAddress||SSLPort|15001"


def test_announced_maintenance_is_told(
    start_server: Callable[..., Server], start_daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    server = start_server()
    target = {"name": "it", "url": server.url, "provider": "azure-cache"}
    daemon = start_daemon({"interval": "1s", "state_dir": str(tmp_path), "targets": [target]})

    def told(message: str) -> bool:
        return bool(server.command("PUBLISH", CHANNEL, message) == 1)

    until(lambda: told(SCHEDULED), what="somebody listens")
    daemon.until("kvmon_maintenance_events_total", 1, target="it", kind="NodeMaintenanceScheduled")
    assert daemon.value("kvmon_maintenance_start_timestamp_seconds", target="it") == 1795773600
    assert daemon.value("kvmon_maintenance_listening", target="it") == 1
    assert "the provider announces maintenance" in daemon.logs
    # The connection is lost and made anew.
    server.command("CLIENT", "KILL", "TYPE", "pubsub")

    def heard() -> bool:
        # One that is published to the dying connection is lost, though the server counts a receiver.
        told(ENDED)
        return bool(daemon.samples("kvmon_maintenance_events_total", target="it", kind="NodeMaintenanceEnded"))

    until(heard, what="somebody listens again")
    assert daemon.samples("kvmon_maintenance_start_timestamp_seconds") == []
    daemon.terminate()
    (journal,) = [file for file in tmp_path.iterdir() if file.suffix == ".db"]
    with sqlite3.connect(journal) as connection:
        rows = connection.execute("SELECT subject, target FROM events WHERE kind = 'maintenance' ORDER BY id").fetchall()
    connection.close()
    assert list(dict.fromkeys(rows)) == [("NodeMaintenanceScheduled", "it"), ("NodeMaintenanceEnded", "it")]


def test_breakers_are_told_of_it_too(valkey: Server, start_daemon: Callable[..., Daemon]) -> None:
    daemon = start_daemon({"targets": [{"name": "it", "url": valkey.url, "provider": "azure-cache"}]})

    def maintained() -> list[bool]:
        return [each["maintenance"] for each in daemon.get("/v1/breakers/it").json()["breakers"]]

    until(lambda: valkey.command("PUBLISH", CHANNEL, STARTING) == 1, what="somebody listens")
    until(lambda: maintained() == [True, True], what="the breakers expect it")
    valkey.command("PUBLISH", CHANNEL, ENDED)
    until(lambda: maintained() == [False, False], what="it is over")
