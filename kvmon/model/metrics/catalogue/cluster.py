"""Rows of a cluster's node: its state, its slots, its messages; and rows made for fields that a newer server adds."""

from __future__ import annotations

import re
from functools import lru_cache

from kvmon.model.metrics.catalogue.rows import row, rows
from kvmon.model.metrics.spec import COUNTER, GAUGE, Kind, Spec

_SOURCE = "CLUSTER INFO"
MESSAGES = (
    "ping", "pong", "meet", "fail", "publish", "publishshard", "auth-req", "auth-ack", "update", "mfstart", "module",
)  # fmt: skip
"""Types of messages on the cluster bus, as CLUSTER INFO spells them."""

_INFO = rows(
    "INFO cluster", GAUGE,
    ("cluster_enabled", "=", "", "Whether cluster mode is on."),
    ("cluster_connections", "=", "", "Connections of the cluster bus."),
)  # fmt: skip
_NODE = rows(
    _SOURCE, GAUGE,
    ("cluster_state", "=", "", "Whether the cluster serves (1) or this node sees it fail (0)."),
    ("cluster_slots_assigned", "=", "", "Slots that belong to some node; 16384 in a healthy cluster."),
    ("cluster_slots_ok", "=", "", "Slots whose node is well."),
    ("cluster_slots_pfail", "=", "", "Slots whose node does not answer this one."),
    ("cluster_slots_fail", "=", "", "Slots whose node the cluster holds for failed."),
    ("cluster_nodes_pfail", "=", "", "Nodes that do not answer this one."),
    ("cluster_nodes_fail", "=", "", "Nodes that the cluster holds for failed."),
    ("cluster_voting_nodes_pfail", "=", "", "Nodes with a vote that do not answer this one."),
    ("cluster_voting_nodes_fail", "=", "", "Nodes with a vote that the cluster holds for failed."),
    ("cluster_known_nodes", "=", "", "Nodes this one knows of, those in handshake included."),
    ("cluster_size", "=", "", "Primaries that own slots."),
    ("cluster_current_epoch", "=", "", "The newest epoch this node knows of."),
    ("cluster_my_epoch", "=", "", "The configuration epoch of this node or its primary."),
)  # fmt: skip
_TRAFFIC = rows(
    _SOURCE, COUNTER,
    ("cluster_messages_sent_total", "cluster_stats_messages_sent", "", "Messages sent on the cluster bus."),
    ("cluster_messages_received_total", "cluster_stats_messages_received", "", "Messages received on the cluster bus."),
    ("cluster_stats_bytes_sent", "=", "bytes", "Bytes sent on the cluster bus."),
    ("cluster_stats_bytes_received", "=", "bytes", "Bytes received on the cluster bus."),
    ("cluster_stats_pubsub_bytes_sent", "=", "bytes", "Bytes of published messages sent on the cluster bus."),
    ("cluster_stats_pubsub_bytes_received", "=", "bytes", "Bytes of published messages received on the cluster bus."),
    ("cluster_stats_module_bytes_sent", "=", "bytes", "Bytes of modules' messages sent on the cluster bus."),
    ("cluster_stats_module_bytes_received", "=", "bytes", "Bytes of modules' messages received on the cluster bus."),
)  # fmt: skip


def _message(kind: str, direction: str) -> Spec:
    return Spec(
        name=f"redis_cluster_stats_messages_{kind.replace('-', '_')}_{direction}",
        help=f"Messages of type {kind} {direction} on the cluster bus.",
        kind=Kind.COUNTER, field=f"cluster_stats_messages_{kind}_{direction}", source=_SOURCE,
    )  # fmt: skip


ROWS = (
    *_INFO,
    *_NODE,
    *_TRAFFIC,
    *(_message(kind, direction) for kind in MESSAGES for direction in ("sent", "received")),
)

_BY_FIELD = {spec.field: spec for spec in ROWS}
_STRANGE = re.compile(r"[^a-zA-Z0-9_]")


@lru_cache(maxsize=512)  # bounded: a server chooses these names
def cluster_row(field: str) -> Spec:
    """The row of a field that begins with `cluster_`; one is made for a field that has none, as redis_exporter does."""
    known = _BY_FIELD.get(field)
    return known or row(
        _STRANGE.sub("_", field), f"The field {_STRANGE.sub('_', field)} of INFO or CLUSTER INFO.", source=_SOURCE
    )
