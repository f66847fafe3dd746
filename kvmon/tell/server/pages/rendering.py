"""Templates, and what every page has in common."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from kvmon.tell.server.keys import VIEW
from kvmon.tell.server.pages import texts
from kvmon.tell.server.pages.ease import at_ease
from kvmon.tell.server.timestamps import timestamp

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

STATIC = Path(__file__).with_name("static")

ASSETS = {"kvmon.css": "text/css", "kvmon.js": "text/javascript", "icon.svg": "image/svg+xml"}

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""What a browser may load for a page: nothing that is not ours, and nothing inline."""


_TICKED = re.compile("`([^`]+)`")


@cache
def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("kvmon.tell.server.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        bytes=texts.bytes_text, rate=texts.rate_text, ratio=texts.ratio_text, fine=texts.fine_text, number=texts.number_text,
        short=texts.short_text, span=texts.seconds_text, ago=texts.ago_text, clock=texts.clock_text, day=texts.day_text,
        time=timestamp, ticked=ticked,
    )  # fmt: skip
    return made


def ticked(text: str) -> Markup:
    """Words between backticks as code; everything else is text, whatever is in it."""
    from markupsafe import Markup, escape

    return Markup(_TICKED.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - it was escaped a moment ago


async def page(request: web.Request, template: str, *, live: bool = True, **values: object) -> web.Response:
    """A page. A live one follows what happens, by script or else by loading itself again."""
    view = request.app[VIEW]
    pieces = _templates().get_template(template).generate(
        now=view.clock.time(), started=view.started, version=view.version, live=live,
        refresh=max(1, round(view.options.refresh)), here=request.path, tokens=bool(view.options.tokens), **values,
    )  # fmt: skip
    text = "".join([piece async for piece in at_ease(pieces, view.clock)])
    headers = {"Content-Security-Policy": POLICY}
    return web.Response(text=text, content_type="text/html", charset="utf-8", headers=headers)


async def asset(request: web.Request) -> web.Response:
    """The style sheet, the script, the icon. Their address has the version in it, so they may be kept."""
    name = request.match_info["name"]
    if name not in ASSETS:
        raise web.HTTPNotFound
    keep = "max-age=86400" if "v" in request.query else "no-cache"
    return web.Response(text=_read(name), content_type=ASSETS[name], charset="utf-8", headers={"Cache-Control": keep})


async def icon(request: web.Request) -> web.Response:  # noqa: ARG001 - a handler takes its request
    """What browsers ask for beside what is no page."""
    return web.Response(text=_read("icon.svg"), content_type="image/svg+xml", charset="utf-8")


@cache
def _read(name: str) -> str:
    return (STATIC / name).read_text("utf-8")
