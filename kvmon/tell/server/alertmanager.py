"""`/api/v2`: Alertmanager's API over kvmon's own notifier, so that `amtool` and whoever else speaks it works."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from kvmon.tell.server.access import must_be_allowed_to_change
from kvmon.tell.server.keys import VIEW
from kvmon.tell.server.problems import Problem
from kvmon.tell.server.timestamps import timestamp

if TYPE_CHECKING:
    from kvmon.tell.notify.held import Held
    from kvmon.tell.notify.inhibit import Inhibitor
    from kvmon.tell.notify.matchers import Matcher
    from kvmon.tell.notify.notifier import Notifier
    from kvmon.tell.notify.silences import Silence

log = structlog.get_logger("kvmon")

# The parts of the notifier are imported where they are used: who does not notify does not load them.


async def alerts(request: web.Request) -> web.Response:
    """The alerts that fire, by fingerprint."""
    asked = _Asked(request)
    return web.json_response([shown for held in asked.firing() if (shown := asked.shown(held)) is not None])


async def groups(request: web.Request) -> web.Response:
    """The alerts that fire as they are told together."""
    asked = _Asked(request)
    found = []
    for group in sorted(asked.notifier.dispatcher.groups.values(), key=lambda group: (group.labels, group.route.receiver)):
        if not asked.wants(group.route.receiver):
            continue
        inside = [asked.shown(held) for held in asked.firing() if held.fingerprint in group.alerts]
        shown = [one for one in inside if one is not None]
        if shown:
            found.append({"labels": dict(group.labels), "receiver": {"name": group.route.receiver}, "alerts": shown})
    return web.json_response(found)


async def receivers(request: web.Request) -> web.Response:
    """Their names."""
    return web.json_response([{"name": name} for name in _notifier(request).routing.receivers])


async def status(request: web.Request) -> web.Response:
    """The configuration without secrets, and who we are. kvmon forms no cluster."""
    notifier, view = _notifier(request), request.app[VIEW]
    unknown = dict.fromkeys(("branch", "buildDate", "buildUser", "goVersion", "revision"), "")
    return web.json_response(
        {
            "cluster": {"status": "disabled", "peers": []},
            "config": {"original": notifier.routing.original},
            "uptime": timestamp(view.started),
            "versionInfo": {**unknown, "version": f"kvmon {view.version}"},
        }
    )


async def silences(request: web.Request) -> web.Response:
    """All silences whose matchers fit every `filter`; active ones first, by when they end."""
    now = request.app[VIEW].clock.time()
    filters = _filters(request)
    states = ("active", "pending", "expired")
    found = [
        silence
        for silence in _notifier(request).silences.values()
        if all(one.matches({matcher.name: matcher.value for matcher in silence.matchers}) for one in filters)
    ]
    found.sort(key=lambda silence: (states.index(silence.state(now)), silence.ends_at))
    return web.json_response([_document(silence, now) for silence in found])


async def silence(request: web.Request) -> web.Response:
    """One silence."""
    found = _notifier(request).silences.get(request.match_info["silence"])
    if found is None:
        return web.Response(status=HTTPStatus.NOT_FOUND)
    return web.json_response(_document(found, request.app[VIEW].clock.time()))


async def set_silence(request: web.Request) -> web.Response:
    """A new silence, or a change of one; the id of the one that holds."""
    from kvmon.tell.notify.silences import SilenceRefused

    must_be_allowed_to_change(request)
    notifier = _notifier(request)
    try:
        wanted = SilenceBody.model_validate_json(await request.read()).silence()
        ident = await notifier.set_silence(wanted)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return _refused(f"{where} in body: {first['msg']}" if where else first["msg"])
    except SilenceRefused as error:
        return _refused(f"Failed to create silence: {error}")
    except ValueError as error:
        return _refused(str(error))
    except KeyError:
        return web.json_response("silence not found", status=HTTPStatus.NOT_FOUND)
    log.info("a silence was set", id=ident, by=wanted.created_by, comment=wanted.comment)
    return web.json_response({"silenceID": ident})


async def expire_silence(request: web.Request) -> web.Response:
    """End a silence now."""
    must_be_allowed_to_change(request)
    ident = request.match_info["silence"]
    try:
        await _notifier(request).expire_silence(ident)
    except KeyError:
        return web.Response(status=HTTPStatus.NOT_FOUND)
    log.info("a silence was ended", id=ident)
    return web.Response()


class _PostedMatcher(BaseModel):
    name: str = Field(min_length=1)
    value: str
    isRegex: bool  # noqa: N815 - Alertmanager's word
    isEqual: bool = True  # noqa: N815 - as above

    def matcher(self) -> Matcher:
        from kvmon.tell.notify.matchers import Op, make_matcher

        regular = Op.REGEX if self.isEqual else Op.NOT_REGEX
        return make_matcher(self.name, regular if self.isRegex else Op.EQUAL if self.isEqual else Op.NOT_EQUAL, self.value)


class SilenceBody(BaseModel):
    """The body of POST /api/v2/silences."""

    id: str = ""
    matchers: list[_PostedMatcher] = Field(min_length=1)
    startsAt: AwareDatetime  # noqa: N815 - as above
    endsAt: AwareDatetime  # noqa: N815 - as above
    createdBy: str  # noqa: N815 - as above
    comment: str

    def silence(self) -> Silence:
        """As the notifier knows it. Raises SilenceRefused."""
        from kvmon.tell.notify.silences import Silence

        matchers = tuple(one.matcher() for one in self.matchers)
        return Silence(self.id, matchers, _at(self.startsAt), _at(self.endsAt), self.createdBy, self.comment)


class _Asked:
    """What a request about alerts wants to see."""

    def __init__(self, request: web.Request) -> None:
        self.notifier = _notifier(request)
        self._now = request.app[VIEW].clock.time()
        self._filters = _filters(request)
        self._wanted = {name: _flag(request, name) for name in ("active", "silenced", "inhibited", "muted")}
        self._inhibitor: Inhibitor = self.notifier.inhibitor()
        self._receiver = _pattern(request.query.get("receiver", ""))

    def wants(self, receiver: str) -> bool:
        return self._receiver is None or self._receiver.fullmatch(receiver) is not None

    def firing(self) -> list[Held]:
        held = self.notifier.dispatcher.alerts.values()
        return sorted((one for one in held if not one.resolved(self._now)), key=lambda one: one.fingerprint)

    def shown(self, held: Held) -> dict[str, Any] | None:
        """Its document; None where it is not wanted."""
        names = list(dict.fromkeys(route.receiver for route in self.notifier.routing.route.match(held.labels)))
        if not all(one.matches(held.labels) for one in self._filters) or not any(self.wants(name) for name in names):
            return None
        silenced = self.notifier.silenced_by(held.labels)
        by = self._inhibitor.by(held.labels)
        inhibited = [by] if by is not None else []
        state = "suppressed" if silenced or inhibited else "active"
        hidden = (
            (silenced and not self._wanted["silenced"])
            or (inhibited and not self._wanted["inhibited"])
            or (state == "active" and not self._wanted["active"])
        )
        if hidden:
            return None
        notice = held.notice
        return {
            "labels": dict(notice.labels), "annotations": dict(notice.annotations), "startsAt": timestamp(notice.starts_at),
            "endsAt": timestamp(notice.ends_at), "updatedAt": timestamp(held.updated_at), "generatorURL": notice.generator_url,
            "fingerprint": held.fingerprint, "receivers": [{"name": name} for name in names],
            "status": {"state": state, "silencedBy": silenced, "inhibitedBy": inhibited, "mutedBy": []},
        }  # fmt: skip


def _notifier(request: web.Request) -> Notifier:
    found = request.app[VIEW].notifier()
    if found is None:
        raise Problem(HTTPStatus.NOT_FOUND, "kvmon does not notify by itself: alerting has neither config_file nor route.")
    return found


def _filters(request: web.Request) -> list[Matcher]:
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


def _document(silence: Silence, now: float) -> dict[str, Any]:
    return {
        "id": silence.id, "status": {"state": silence.state(now)},
        "matchers": list(_matchers(silence.matchers)),
        "startsAt": timestamp(silence.starts_at), "endsAt": timestamp(silence.ends_at),
        "updatedAt": timestamp(silence.updated_at), "createdBy": silence.created_by, "comment": silence.comment,
    }  # fmt: skip


def _matchers(matchers: Iterable[Matcher]) -> Iterable[dict[str, Any]]:
    for one in matchers:
        yield {"name": one.name, "value": one.value, "isRegex": "~" in one.op, "isEqual": not one.op.startswith("!")}


def _at(moment: datetime) -> float:
    return moment.timestamp()


def _refused(text: str) -> web.Response:
    """As Alertmanager says it: a text, which `amtool` shows."""
    return web.json_response(text, status=HTTPStatus.BAD_REQUEST)
