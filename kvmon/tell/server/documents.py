"""Breakers as documents: what `/v1/breakers`, its events and its file have in common."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from kvmon.model.evidence import Verdict, Verdicts
from kvmon.tell.server.timestamps import timestamp

VALID_FOR_MS = 10_000
"""How long an answer may be believed, counted from its receipt."""

LEASE = {"Kvmon-Valid-For": str(VALID_FOR_MS)}


def envelope(now: Verdicts, wall: float, *, index: int | None = None, chosen: Sequence[Verdict] | None = None) -> dict[str, Any]:
    """The document of all verdicts, or of the chosen ones with an index of their own, at this wall time."""
    return {
        "schema": "kvmon.breakers/1",
        "epoch": now.epoch,
        "index": now.index if index is None else index,
        "generated_at": timestamp(wall),
        "valid_for_ms": VALID_FOR_MS,
        "monitor": monitor(now),
        "breakers": [breaker(verdict) for verdict in (now.all if chosen is None else chosen)],
    }


def monitor(now: Verdicts) -> dict[str, Any]:
    """Whether kvmon trusts itself."""
    return {"tilt": now.tilt or None}


def breaker(verdict: Verdict) -> dict[str, Any]:
    """The document of one."""
    return {
        "target": verdict.target,
        "op": verdict.op,
        "shard": verdict.shard,
        "slots": [list(ends) for ends in verdict.slots],
        "state": verdict.state,
        "mode": verdict.mode,
        "advice": verdict.advice,
        "permit_ratio": verdict.permit_ratio,
        "retry_after_ms": verdict.retry_after_ms,
        "since": timestamp(verdict.since) if verdict.since else None,
        "generation": verdict.generation,
        "reason_class": verdict.reason_class or None,
        "index": verdict.index,
        "suspect": verdict.suspect,
        "flapping": verdict.flapping,
        "degraded": verdict.degraded,
        "maintenance": verdict.maintenance,
        "reporter": verdict.reporter or None,
        "override": _override(verdict),
        "thresholds": {
            "consecutive": verdict.thresholds.consecutive,
            "failure_ratio": verdict.thresholds.failure_ratio,
            "min_failures": verdict.thresholds.min_failures,
        },
        "evidence": {
            "reports": {
                "reporters": verdict.told.reporters,
                "window_s": verdict.thresholds.window,
                "calls": verdict.told.calls,
                "failure_ratio": verdict.told.failure_ratio,
            },
            "probe": {
                "consecutive_failures": verdict.failures,
                "last_outcome": verdict.last_outcome or None,
                "last": timestamp(verdict.last) if verdict.last else None,
                "latency_ms": verdict.latency_ms,
                "last_ok": timestamp(verdict.last_ok) if verdict.last_ok else None,
            },
        },
    }


def _override(verdict: Verdict) -> dict[str, Any] | None:
    found = verdict.override
    if found is None:
        return None
    return {"state": found.mode, "until": timestamp(found.until), "reason": found.reason, "by": found.by}


def packed(document: dict[str, Any]) -> bytes:
    """On one line, as an event needs it."""
    return json.dumps(document, separators=(",", ":")).encode()
