"""One rendering for all who look at the same page in the same second: many viewers cost what one does."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps

from aiohttp import web

from kvmon.tell.exposition.formats import takes_gzip
from kvmon.tell.server.keys import VIEW
from kvmon.tell.server.pages.mark import Mark, mark

FRESH = 1.0
"""Seconds that a rendering serves, unless something became ill or well meanwhile."""

KEPT = 32
"""Renderings at most: who asks for ever other searches must not fill the memory."""

Handler = Callable[[web.Request], Awaitable[web.Response]]


@dataclass(slots=True)
class _Rendering:
    begun: float
    mark: Mark
    page: asyncio.Future[web.Response]
    zipped: bytes = b""

    def answer(self, page: web.Response, *, zipped: bool) -> web.Response:
        """What one of those who look is sent: a response can be sent only once. It is compressed once, too."""
        headers = {**page.headers, "Vary": "Accept-Encoding"}
        body = page.body
        if zipped and isinstance(body, bytes):
            body = self.zipped = self.zipped or gzip.compress(body, compresslevel=5, mtime=0)
            headers["Content-Encoding"] = "gzip"
        return web.Response(status=page.status, headers=headers, body=body)


RENDERINGS: web.AppKey[dict[str, _Rendering]] = web.AppKey("renderings", dict)


def prepare(app: web.Application) -> None:
    """Make the place where this application keeps them."""
    app[RENDERINGS] = {}
    app.on_cleanup.append(_end)


async def _end(app: web.Application) -> None:
    for each in app[RENDERINGS].values():
        each.page.cancel()


def shared(render: Handler) -> Handler:
    """The same handler, asked once where several look. What it shows must depend on the path and the query alone."""

    @wraps(render)
    async def answer(request: web.Request) -> web.Response:
        view, kept = request.app[VIEW], request.app[RENDERINGS]
        now, state = view.clock.monotonic(), mark(view)
        for path in [path for path, each in kept.items() if now - each.begun >= FRESH or each.mark != state]:
            del kept[path]
        found = kept.get(request.path_qs)
        if found is None:
            found = _Rendering(now, state, asyncio.ensure_future(render(request)))
            found.page.add_done_callback(_heard)
            if len(kept) < KEPT:
                kept[request.path_qs] = found
        # Who leaves while it is made must not take it from the others.
        page = await asyncio.shield(found.page)
        return found.answer(page, zipped=takes_gzip(request.headers.get("Accept-Encoding", "")))

    return answer


def _heard(page: asyncio.Future[web.Response]) -> None:
    """What went wrong is told to those who wait; asyncio need not complain where all of them have left."""
    if not page.cancelled():
        page.exception()
