"""`/alerts` and `/breakers`: what fires and who silenced it; whether to read and write, and who decided so."""

from __future__ import annotations

from aiohttp import web

from kvmon.tell.server.keys import VIEW
from kvmon.tell.server.pages.alarms import alarms
from kvmon.tell.server.pages.fleet import count
from kvmon.tell.server.pages.patient import STATES
from kvmon.tell.server.pages.rendering import page

SHOWN = 500
"""Alerts, and breakers, of one page."""


async def alert_list(request: web.Request) -> web.Response:
    """Firing, pending, silences."""
    view = request.app[VIEW]
    notifier, now = view.notifier(), view.clock.time()
    ringing = alarms(view)
    silences = sorted(notifier.silences.values(), key=lambda one: one.ends_at) if notifier is not None else []
    wanted = request.query.get("target", "")
    chosen = [alarm for alarm in ringing if not wanted or alarm.target == wanted]
    rules = sum(rule.alerts for status in view.rules() for rule in status.group.rules)
    broken = [
        (rule.name, state.error)
        for status in view.rules()
        for rule, state in zip(status.group.rules, status.states, strict=True)
        if state.error
    ]
    return await page(
        request, "alerts.html", firing=[alarm for alarm in chosen if alarm.state == "firing"][:SHOWN],
        pending=[alarm for alarm in chosen if alarm.state == "pending"][:SHOWN], total=len(chosen), wanted=wanted,
        silences=[one for one in silences if one.state(now) != "expired"], rules=rules, broken=broken,
        notifies=notifier is not None, ringing=count(ringing),
    )  # fmt: skip


async def breaker_list(request: web.Request) -> web.Response:
    """All of them, what denies first."""
    view = request.app[VIEW]
    verdicts = view.verdicts()
    found = sorted(
        verdicts.all,
        key=lambda one: (one.advice == "allow", STATES.index(one.state), one.mode == "auto", one.target, one.shard, one.op),
    )
    query = request.query.get("q", "")[:100].lower()
    chosen = [verdict for verdict in found if query in verdict.target]
    return await page(
        request, "breakers.html", verdicts=chosen[:SHOWN], total=len(chosen), query=query, tilt=verdicts.tilt,
        ringing=count(alarms(view)),
    )  # fmt: skip
