"""`POST /v1/reports`: how calls of applications ended, batched."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from kvmon.model.evidence import Outcome, Report
from kvmon.tell.server.access import must_be_allowed_to_change
from kvmon.tell.server.bodies import Body, read
from kvmon.tell.server.documents import breaker
from kvmon.tell.server.keys import VIEW
from kvmon.tell.server.view import View

Name = Annotated[str, Field(min_length=1, max_length=64)]
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


class OutcomeBody(Body):
    """Calls of one op that ended alike."""

    target: Name
    op: Literal["read", "write"]
    shard: Annotated[str, Field(max_length=128)] = ""
    outcome: Annotated[Word, Field(alias="class")]
    count: Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
    latency_ms_sum: Annotated[float, Field(ge=0.0, allow_inf_nan=False)] = 0.0


class ReportBody(Body):
    """A batch."""

    reporter: Name
    batch: Name
    window_ms: Annotated[int, Field(ge=0, le=60_000)] = 1_000
    outcomes: Annotated[tuple[OutcomeBody, ...], Field(max_length=500)]


async def reports(request: web.Request) -> web.Response:
    """202 with how many calls were of breakers that there are. The same batch again is counted once.

    `breakers` are the documents that are other ones for this reporter: its own calls fail, while others' work.
    """
    view = request.app[VIEW]
    with view.inbox.refusals("report"):
        must_be_allowed_to_change(request)
        body = await read(request, ReportBody)
        view.inbox.check_pace(body.reporter)
    outcomes = tuple(
        Outcome(each.target, each.op, each.shard, each.outcome, each.count, each.latency_ms_sum) for each in body.outcomes
    )
    report = Report(body.reporter, body.batch, body.window_ms / 1000, outcomes)
    if not view.inbox.is_new(report):
        view.inbox.count("report", "duplicate")
        return _answer(view, report, 0)
    view.inbox.count("report", "accepted")
    return _answer(view, report, view.report(report))


def _answer(view: View, report: Report, accepted: int) -> web.Response:
    alone = [breaker(verdict) for verdict in view.verdicts(report.reporter).all if verdict.reporter]
    return web.json_response({"accepted": accepted, "breakers": alone}, status=HTTPStatus.ACCEPTED)
