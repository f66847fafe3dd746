"""Many who look at one page cost one rendering, and nobody is shown what is no longer so."""

from __future__ import annotations

import asyncio
import gzip
from collections import Counter
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from kvmon.model.evidence import Verdicts
from kvmon.model.targets.target import Target
from kvmon.tell.server.app import make_app
from kvmon.tell.server.pages.sharing import FRESH, KEPT, RENDERINGS, shared
from kvmon.tell.server.view import SlowCommand
from tests.tell.server.pages.test_pages import verdict
from tests.tell.server.seen import Seen, seen
from tests.tell.server.test_server import door

PLAIN = {"Accept-Encoding": "identity"}


@dataclass
class Counting(Seen):
    """Counts what a rendering asks for."""

    renderings: Counter[str] = field(default_factory=Counter)

    def slow_commands(self, target: Target) -> list[SlowCommand]:
        self.renderings[target.name] += 1
        return []


def counting() -> Counting:
    other = seen()
    return Counting(other.known, board=other.board)


async def test_many_viewers_in_one_second_cost_one_rendering() -> None:
    view = counting()
    async with door(view) as client:

        async def page(path: str) -> str:
            return str(await (await client.get(path, headers=PLAIN)).text())

        pages = await asyncio.gather(*(page("/targets/sessions") for _ in range(30)), page("/targets/jobs"))
        assert (view.renderings["sessions"], view.renderings["jobs"]) == (1, 1)
        assert len(set(pages)) == 2
        view.clock.advance(FRESH)
        await page("/targets/sessions")
        assert view.renderings["sessions"] == 2


async def test_it_is_compressed_for_who_takes_that() -> None:
    view = counting()
    async with door(view) as client:
        plain = await client.get("/targets/sessions", headers=PLAIN)
        zipped = await client.get("/targets/sessions", headers={"Accept-Encoding": "gzip, br"})
        assert zipped.headers["Content-Encoding"] == "gzip"
        assert plain.headers["Vary"] == zipped.headers["Vary"] == "Accept-Encoding"
        assert gzip.decompress(await zipped.read()) == await plain.read()
        assert view.renderings["sessions"] == 1


async def test_what_became_ill_is_shown_at_once() -> None:
    view = counting()
    async with door(view) as client:
        assert "is down" in await (await client.get("/", headers=PLAIN)).text()
        view.judged = Verdicts("epoch", 7, [verdict()])
        view.feed.changed(verdict())
        assert "sessions is down" in await (await client.get("/", headers=PLAIN)).text()


async def test_who_leaves_takes_the_page_from_nobody() -> None:
    made = asyncio.Event()

    async def render(request: web.Request) -> web.Response:
        await made.wait()
        return web.Response(text=request.path)

    app = make_app(seen())
    answer = shared(render)
    first, second = (asyncio.ensure_future(answer(make_mocked_request("GET", "/", app=app))) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    made.set()
    assert (await second).body == b"/"
    assert first.cancelled()


async def test_ever_other_searches_are_not_kept_and_mistakes_are_told_to_all() -> None:
    view = counting()
    async with door(view) as client:
        for number in range(2 * KEPT):
            assert (await client.get(f"/?q=x{number}")).status == 200
        assert len(client.app[RENDERINGS]) == KEPT
        view.clock.advance(FRESH)
        assert [(await client.get("/targets/nobody")).status for _ in range(2)] == [404, 404]
        assert len(client.app[RENDERINGS]) == 1
