"""What a server says of itself that a probe needs: its role, whether it is one of a cluster, when it has loaded its data."""

from __future__ import annotations

from kvmon.model.conversation import Command, Reply

WHO: tuple[Command, ...] = (("INFO", "replication"), ("INFO", "cluster"))
"""What tells the role, and whether it is one of a cluster."""


def text_of(reply: Reply) -> str:
    """The text of a reply, empty where it has none."""
    return reply.decode(errors="replace") if isinstance(reply, bytes) else ""


def fields_of(info: str) -> dict[str, str]:
    """The fields of a section of INFO."""
    parts = (line.partition(":") for line in info.splitlines())
    return {name: value for name, colon, value in parts if colon}


def role_of(replication: str) -> str:
    """`primary` or `replica`, empty where INFO replication does not say."""
    if "role:" not in replication:
        return ""
    return "primary" if "role:master" in replication else "replica"


def ready_in(persistence: str) -> float | None:
    """Seconds until it has loaded its data, by its own estimate; None where INFO persistence does not say."""
    left = fields_of(persistence).get("loading_eta_seconds", "")
    return float(left) if left.isdigit() else None
