"""Rows of a Sentinel: what it watches and whether it trusts its own clock."""

from __future__ import annotations

from kvmon.model.metrics.catalogue.rows import row, rows
from kvmon.model.metrics.spec import GAUGE, Spec

_SOURCE = "INFO sentinel"
_MASTER = ("master_name", "master_address")

STATUS = row(
    "sentinel_master_status", "Whether a Sentinel holds a primary for well; the status is also a label.",
    *_MASTER, "master_status", source=_SOURCE,
)  # fmt: skip
SLAVES = row("sentinel_master_slaves", "Replicas of a primary that a Sentinel knows of.", *_MASTER, source=_SOURCE)
SENTINELS = row("sentinel_master_sentinels", "Sentinels that watch a primary, this one included.", *_MASTER, source=_SOURCE)
CKQUORUM = row(
    "sentinel_master_ckquorum_status", "Whether the Sentinels that are left can agree to a failover, and lead it.",
    "master_name", "message", source="SENTINEL CKQUORUM",
)  # fmt: skip
OK_SENTINELS = row(
    "sentinel_master_ok_sentinels", "Sentinels of a primary that are not down, this one included.", *_MASTER,
    source="SENTINEL SENTINELS",
)  # fmt: skip
OK_SLAVES = row("sentinel_master_ok_slaves", "Replicas of a primary that are not down.", *_MASTER, source="SENTINEL SLAVES")
PEER = row(
    "sentinel_peer_info", "Another Sentinel as this one sees it.", *_MASTER, "name", "ip", "port", "runid", "flags",
    source="SENTINEL SENTINELS",
)  # fmt: skip


def _setting(name: str, text: str, unit: str = "") -> Spec:
    return row(f"sentinel_master_{name}", text, *_MASTER, source="SENTINEL MASTERS", unit=unit)


SETTINGS = (
    (_setting("setting_ckquorum", "Sentinels that have to agree that a primary is down."), "quorum", 1),
    (_setting("setting_failover_timeout", "Milliseconds that a failover may take.", "milliseconds"), "failover-timeout", 1),
    (_setting("setting_parallel_syncs", "Replicas that follow a new primary at the same time."), "parallel-syncs", 1),
    (
        _setting(
            "setting_down_after_milliseconds", "Milliseconds of silence after which a primary counts as down.", "milliseconds"
        ),
        "down-after-milliseconds",
        1,
    ),
    (_setting("config_epoch", "Which failover the Sentinel's knowledge of a primary comes from."), "config-epoch", 1),
    (
        _setting("last_ok_ping_reply_seconds", "Seconds since a primary answered a PING well.", "seconds"),
        "last-ok-ping-reply",
        0.001,
    ),
)
"""Rows, the fields of SENTINEL MASTERS they come from, and what to multiply these by."""

ROWS = (
    *rows(
        _SOURCE, GAUGE,
        ("sentinel_masters", "=", "", "Primaries that a Sentinel watches."),
        ("sentinel_tilt", "=", "", "Whether a Sentinel distrusts its clock and only looks on."),
        ("sentinel_tilt_since_seconds", "=", "seconds", "How long it has distrusted its clock; -1 if it does not."),
        ("sentinel_total_tilt", "=", "", "How often it distrusted its clock."),
        ("sentinel_running_scripts", "=", "", "Scripts that a Sentinel runs now."),
        ("sentinel_scripts_queue_length", "=", "", "Scripts that wait to be run."),
        ("sentinel_simulate_failure_flags", "=", "", "Failures that a Sentinel was told to simulate."),
    ),
    STATUS,
    SLAVES,
    SENTINELS,
    CKQUORUM,
    OK_SENTINELS,
    OK_SLAVES,
    PEER,
    *(spec for spec, _, _ in SETTINGS),
)  # fmt: skip
