"""`/api/v2`: Alertmanager's API over kvmon's own notifier, so that `amtool` and whoever else speaks it works."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web

from kvmon.tell.server.keys import VIEW
from kvmon.tell.server.problems import Problem
from kvmon.tell.server.timestamps import timestamp

if TYPE_CHECKING:
    from kvmon.judge.promql.work import Work
    from kvmon.tell.notify.held import Held
    from kvmon.tell.notify.inhibit import Inhibitor
    from kvmon.tell.notify.matchers import Matcher
    from kvmon.tell.notify.notifier import Notifier
    from kvmon.tell.notify.route import Route

log = structlog.get_logger("kvmon")

# The parts of the notifier are imported where they are used: who does not notify does not load them.


async def alerts(request: web.Request) -> web.Response:
    """The alerts that fire, by fingerprint."""
    asked = await _Asked.of(request)

    def work() -> Work[list[str]]:
        found = []
        for held in asked.firing():
            shown = asked.shown(held)
            if shown is not None:
                found.append(json.dumps(shown))
            yield
        return found

    return await asked.answer(work())


async def groups(request: web.Request) -> web.Response:
    """The alerts that fire as they are told together."""
    asked = await _Asked.of(request)

    def work() -> Work[list[str]]:
        found = []
        firing = {held.fingerprint: held for held in asked.firing()}
        for group in sorted(asked.notifier.dispatcher.groups.values(), key=lambda group: (group.labels, group.route.receiver)):
            if not asked.wants(group.route.receiver):
                continue
            muted = asked.muted_by(group.route)
            inside = []
            for ident in sorted(group.alerts & firing.keys()):
                shown = asked.shown(firing[ident], muted)
                if shown is not None:
                    inside.append(json.dumps(shown))
                yield
            if inside:
                around = {"labels": dict(group.labels), "receiver": {"name": group.route.receiver}}
                found.append(f'{json.dumps(around)[:-1]}, "alerts": [{", ".join(inside)}]}}')
        return found

    return await asked.answer(work())


async def receivers(request: web.Request) -> web.Response:
    """Their names."""
    return web.json_response([{"name": name} for name in notifier_of(request).routing.receivers])


async def status(request: web.Request) -> web.Response:
    """The configuration without secrets, and who we are. kvmon forms no cluster."""
    notifier, view = notifier_of(request), request.app[VIEW]
    unknown = dict.fromkeys(("branch", "buildDate", "buildUser", "goVersion", "revision"), "")
    return web.json_response(
        {
            "cluster": {"status": "disabled", "peers": []},
            "config": {"original": notifier.routing.original},
            "uptime": timestamp(view.started),
            "versionInfo": {**unknown, "version": f"kvmon {view.version}"},
        }
    )


class _Asked:
    """What a request about alerts wants to see."""

    def __init__(self, request: web.Request, inhibitor: Inhibitor) -> None:
        self.notifier = notifier_of(request)
        self._now = request.app[VIEW].clock.time()
        self._filters = filters_of(request)
        self._wanted = {name: _flag(request, name) for name in ("active", "silenced", "inhibited", "muted")}
        self._inhibitor = inhibitor
        self._receiver = _pattern(request.query.get("receiver", ""))

    @classmethod
    async def of(cls, request: web.Request) -> _Asked:
        return cls(request, await notifier_of(request).inhibitor())

    async def answer(self, work: Work[list[str]]) -> web.Response:
        """A list of documents, which may be thousands: made a few milliseconds at a time."""
        text = await self.notifier.pace.run(work)
        return web.Response(text=f"[{', '.join(text)}]", content_type="application/json")

    def wants(self, receiver: str) -> bool:
        return self._receiver is None or self._receiver.fullmatch(receiver) is not None

    def firing(self) -> list[Held]:
        held = self.notifier.dispatcher.alerts.values()
        return sorted((one for one in held if not one.resolved(self._now)), key=lambda one: one.fingerprint)

    def muted_by(self, route: Route) -> Sequence[str]:
        return self.notifier.routing.muted_by(route, self._now)

    def shown(self, held: Held, muted: Sequence[str] = ()) -> dict[str, Any] | None:
        """Its document; None where it is not wanted. Only a group knows by which intervals it is muted."""
        names = list(dict.fromkeys(route.receiver for route in self.notifier.routing.route.match(held.labels)))
        if not all(one.matches(held.labels) for one in self._filters) or not any(self.wants(name) for name in names):
            return None
        silenced = self.notifier.silenced_by(held.labels)
        by = self._inhibitor.by(held.labels)
        inhibited = [by] if by is not None else []
        state = "suppressed" if silenced or inhibited or muted else "active"
        hidden = (
            (silenced and not self._wanted["silenced"])
            or (inhibited and not self._wanted["inhibited"])
            or (muted and not self._wanted["muted"])
            or (state == "active" and not self._wanted["active"])
        )
        if hidden:
            return None
        notice = held.notice
        return {
            "labels": dict(notice.labels), "annotations": dict(notice.annotations), "startsAt": timestamp(notice.starts_at),
            "endsAt": timestamp(notice.ends_at), "updatedAt": timestamp(held.updated_at), "generatorURL": notice.generator_url,
            "fingerprint": held.fingerprint, "receivers": [{"name": name} for name in names],
            "status": {"state": state, "silencedBy": silenced, "inhibitedBy": inhibited, "mutedBy": list(muted)},
        }  # fmt: skip


def notifier_of(request: web.Request) -> Notifier:
    """Kvmon's own; a Problem where there is none."""
    found = request.app[VIEW].notifier()
    if found is None:
        raise Problem(HTTPStatus.NOT_FOUND, "kvmon does not notify by itself: alerting has neither config_file nor route.")
    return found


def filters_of(request: web.Request) -> list[Matcher]:
    """The matchers of `filter`; a Problem where one is none."""
    from kvmon.tell.notify.matchers import parse_matchers

    texts: Sequence[str] = request.query.getall("filter", [])
    try:
        return [matcher for text in texts for matcher in parse_matchers(text)]
    except ValueError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, str(error)) from None


def _pattern(text: str) -> Any | None:
    if not text:
        return None
    from kvmon.tell.notify.matchers import compiled

    try:
        return compiled(text)
    except ValueError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, f"receiver: {error}") from None


def _flag(request: web.Request, name: str) -> bool:
    return request.query.get(name, "true").lower() not in ("false", "0")
