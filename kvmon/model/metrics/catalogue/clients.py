"""Rows of clients: how many there are, what they wait for, what their buffers hold."""

from __future__ import annotations

from kvmon.model.metrics.catalogue.rows import rows
from kvmon.model.metrics.spec import GAUGE

ROWS = rows(
    "INFO clients", GAUGE,
    ("connected_clients", "=", "", "Client connections, those of replicas not counted."),
    ("blocked_clients", "=", "", "Clients waiting in a blocking command such as BLPOP or XREAD BLOCK."),
    ("max_clients", "maxclients", "", "How many clients may be connected at once."),
    ("tracking_clients", "=", "", "Clients that use client-side caching."),
    ("clients_in_timeout_table", "=", "", "Blocked clients whose waiting ends at a set time."),
    ("pubsub_clients", "=", "", "Clients that are subscribed to channels or patterns."),
    ("watching_clients", "=", "", "Clients with keys under WATCH."),
    ("total_watched_keys", "=", "", "Keys under WATCH."),
    ("total_blocking_keys", "=", "", "Keys that clients are blocked on."),
    ("total_blocking_keys_on_nokey", "=", "", "Keys whose deletion would unblock a client."),
    ("client_longest_output_list", "=", "", "Longest list of pending replies of any client (up to Redis 4)."),
    ("client_biggest_input_buf", "=", "bytes", "Biggest query buffer of any client (up to Redis 4)."),
    ("client_recent_max_output_buffer_bytes", "client_recent_max_output_buffer", "bytes", "Biggest output buffer of any client lately."),
    ("client_recent_max_input_buffer_bytes", "client_recent_max_input_buffer", "bytes", "Biggest query buffer of any client lately."),
    ("paused_timeout_milliseconds", "=", "", "Milliseconds until clients that were paused go on; 0 when none is paused."),
)  # fmt: skip
