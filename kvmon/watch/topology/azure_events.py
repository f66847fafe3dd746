"""AzureRedisEvents: Azure Cache for Redis tells of maintenance of its nodes. Pure.

Source of the format: Microsoft's documentation of the channel, and StackExchange.Redis' reader of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

CHANNEL = "AzureRedisEvents"

KINDS = (
    "NodeMaintenanceScheduled", "NodeMaintenanceStarting", "NodeMaintenanceStart", "NodeMaintenanceFailoverComplete",
    "NodeMaintenanceEnded", "NodeMaintenanceScaleComplete",
)  # fmt: skip
"""What is told today; anything else is other."""


@dataclass(frozen=True, slots=True)
class Maintenance:
    """What a message says. `kind` is of KINDS or other, `starts` wall seconds or None, `node` an address as far as it is told."""

    kind: str
    starts: float | None
    replica: bool
    node: str


def read(message: bytes) -> Maintenance | None:
    """`NotificationType|NodeMaintenanceStarting|StartTimeInUTC|2026-11-27T10:00:00|IsReplica|False|…`; None where it is none."""
    words = message.decode(errors="replace").strip().split("|")
    fields = dict(zip(words[::2], words[1::2], strict=False))
    kind = fields.get("NotificationType", "")
    if not kind:
        return None
    host, port = fields.get("IPAddress", ""), fields.get("SSLPort", "") or fields.get("NonSSLPort", "")
    return Maintenance(
        kind if kind in KINDS else "other",
        _seconds(fields.get("StartTimeInUTC", "")),
        fields.get("IsReplica", "").lower() == "true",
        ":".join(part for part in (host, port) if part and part != "0"),
    )


def _seconds(text: str) -> float | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (time if time.tzinfo is not None else time.replace(tzinfo=UTC)).timestamp()
