"""What the server's access control refused."""

from __future__ import annotations

from kvmon.model.metrics.spec import COUNTER, Spec

ENTRIES = Spec(
    "kvmon_acl_log_entries_total",
    "Refusals that kvmon saw in the ACL log, by reason: auth, command, key, channel.",
    COUNTER,
    labels=("reason",),
    source="ACL LOG",
)

ROWS = (ENTRIES,)
