"""Rows of tokens: how long those last that targets are signed in with; targets with `auth` only."""

from __future__ import annotations

from kvmon.model.metrics.spec import COUNTER, Spec

SOURCE = "identity"

EXPIRY = Spec(
    "kvmon_credential_expiry_timestamp_seconds", "When the token ends that the target is signed in with.", labels=("target",),
    source=SOURCE, unit="seconds",
)  # fmt: skip
FAILURES = Spec(
    "kvmon_credential_refresh_failures_total", "Tries to get a new token that failed.", COUNTER, labels=("target",), source=SOURCE
)

ROWS: tuple[Spec, ...] = (EXPIRY, FAILURES)
"""All of them."""
