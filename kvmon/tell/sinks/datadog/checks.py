"""Service checks: whether a server can be reached, and whether a replica follows its primary."""

from __future__ import annotations

from kvmon.model.snapshot import Snapshot
from kvmon.tell.sinks.datadog.point import ServiceCheck, Status
from kvmon.tell.sinks.datadog.tags import node_tags, tag

CAN_CONNECT = "redis.can_connect"
LINK = "redis.replication.master_link_status"
DENIED = ("auth", "noperm")
"""Words for a server that is there and does not let us in."""


def checks(snapshot: Snapshot) -> list[ServiceCheck]:
    """The verdicts of one poll. As with the Agent, whether it can be reached is told without its role."""
    tags = node_tags(snapshot.node)
    failure, facts = snapshot.failure, snapshot.facts
    if failure is not None or not snapshot.up:
        reason, message = (failure.reason, failure.message) if failure is not None else ("", "")
        status = Status.WARNING if reason == "loading" else Status.UNKNOWN if reason in DENIED else Status.CRITICAL
        return [ServiceCheck(CAN_CONNECT, status, tags, message)]
    loading = facts.get("loading") == "1"
    found = [ServiceCheck(CAN_CONNECT, Status.WARNING if loading else Status.OK, tags, "loading" if loading else "")]
    if facts.get("role") == "slave":
        link = facts.get("master_link_status", "")
        syncing = facts.get("master_sync_in_progress") == "1"
        status = Status.OK if link == "up" else Status.WARNING if syncing else Status.CRITICAL
        found.append(ServiceCheck(LINK, status, (*tags, tag("redis_role", "slave"))))
    return found
