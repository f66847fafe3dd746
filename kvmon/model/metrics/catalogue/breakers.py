"""Rows of breakers: what they conclude, and what applications and people tell them."""

from __future__ import annotations

from kvmon.model.metrics.spec import COUNTER, Spec

SOURCE = "breakers"
BREAKER = ("target", "op", "shard")

STATE = Spec("kvmon_breaker_state", "Whether the breaker is in this state.", labels=(*BREAKER, "state"), source=SOURCE)
PERMIT_RATIO = Spec(
    "kvmon_breaker_permit_ratio",
    "How much of the calls the breaker advises to let go.",
    labels=BREAKER,
    source=SOURCE,
    unit="ratio",
)
TRANSITIONS = Spec("kvmon_breaker_transitions_total", "Changes of the breaker's state.", COUNTER, labels=BREAKER, source=SOURCE)
OVERRIDDEN = Spec("kvmon_breaker_overridden", "Always 1, while somebody has decided.", labels=(*BREAKER, "mode"), source=SOURCE)
SUSPECT = Spec("kvmon_breaker_suspect", "Whether something failed and is being looked into.", labels=BREAKER, source=SOURCE)
FLAPPING = Spec("kvmon_breaker_flapping", "Whether the breaker opens again and again.", labels=BREAKER, source=SOURCE)
DEGRADED = Spec(
    "kvmon_breaker_degraded", "Whether the op succeeds, but takes ten times as long as usual.", labels=BREAKER, source=SOURCE
)
REPORTERS = Spec(
    "kvmon_breaker_reporters", "Applications that reported calls in the last 10 seconds.", labels=BREAKER, source=SOURCE
)
REPORTS = Spec(
    "kvmon_breaker_reports_total",
    "Reports of applications: accepted, duplicate, or refused as denied, invalid, too_large or limited.",
    COUNTER,
    labels=("result",),
    source=SOURCE,
)
OVERRIDES = Spec(
    "kvmon_breaker_overrides_total",
    "People's decisions about breakers: set, ended, or refused as denied or invalid.",
    COUNTER,
    labels=("result",),
    source=SOURCE,
)
TILT = Spec(
    "kvmon_breaker_tilt",
    "Whether kvmon distrusts itself and concludes nothing, by reason: lag, clock, network.",
    labels=("reason",),
    source=SOURCE,
)
FOLLOWERS = Spec("kvmon_breaker_followers", "Streams and waiting requests that follow breakers.", source=SOURCE)

ROWS: tuple[Spec, ...] = (
    STATE, PERMIT_RATIO, TRANSITIONS, OVERRIDDEN, SUSPECT, FLAPPING, DEGRADED, REPORTERS, REPORTS, OVERRIDES, TILT, FOLLOWERS,
)  # fmt: skip
"""All of them."""
