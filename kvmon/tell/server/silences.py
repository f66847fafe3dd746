"""Silences of `/api/v2`, as Alertmanager has them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from kvmon.tell.server.access import must_be_allowed_to_change
from kvmon.tell.server.alertmanager import filters_of, notifier_of
from kvmon.tell.server.keys import VIEW
from kvmon.tell.server.timestamps import timestamp

if TYPE_CHECKING:
    from kvmon.tell.notify.matchers import Matcher
    from kvmon.tell.notify.silences import Silence

log = structlog.get_logger("kvmon")


async def silences(request: web.Request) -> web.Response:
    """All silences whose matchers fit every `filter`; active ones first, by when they end."""
    now = request.app[VIEW].clock.time()
    filters = filters_of(request)
    states = ("active", "pending", "expired")
    found = [
        silence
        for silence in notifier_of(request).silences.values()
        if all(one.matches({matcher.name: matcher.value for matcher in silence.matchers}) for one in filters)
    ]
    found.sort(key=lambda silence: (states.index(silence.state(now)), silence.ends_at))
    return web.json_response([_document(silence, now) for silence in found])


async def silence(request: web.Request) -> web.Response:
    """One silence."""
    found = notifier_of(request).silences.get(request.match_info["silence"])
    if found is None:
        return web.Response(status=HTTPStatus.NOT_FOUND)
    return web.json_response(_document(found, request.app[VIEW].clock.time()))


async def set_silence(request: web.Request) -> web.Response:
    """A new silence, or a change of one; the id of the one that holds."""
    from kvmon.tell.notify.silences import SilenceRefused

    must_be_allowed_to_change(request)
    notifier = notifier_of(request)
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
        await notifier_of(request).expire_silence(ident)
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
