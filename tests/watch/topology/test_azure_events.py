"""Announcements of maintenance, as Azure writes them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kvmon.watch.topology.azure_events import KINDS, Maintenance, read


def test_an_announcement_is_read() -> None:
    text = b"NotificationType|NodeMaintenanceStarting|StartTimeInUTC|2026-11-27T10:00:00|IsReplica|True|IPAddress|10.0.0.4"
    assert read(text + b"|SSLPort|15001|NonSSLPort|13001") == Maintenance(
        "NodeMaintenanceStarting", 1795773600.0, replica=True, node="10.0.0.4:15001"
    )


def test_what_is_missing_or_new_is_no_mistake() -> None:
    assert read(b"NotificationType|NodeUpgradePlanned|StartTimeInUTC|soon") == Maintenance("other", None, replica=False, node="")
    assert read(b"hello") is None
    assert read(b"") is None


@given(st.binary())
def test_anything_may_be_published(message: bytes) -> None:
    found = read(b"NotificationType|" + message)
    assert found is None or found.kind in (*KINDS, "other")
