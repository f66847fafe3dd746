"""`/runbooks/NAME`: what to do about an alert, one click away from it. The texts of `docs/runbooks` come with the package."""

from __future__ import annotations

import re
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web

from kvmon.tell.server.pages.rendering import STATIC, page
from kvmon.tell.server.problems import Problem

if TYPE_CHECKING:
    from markdown_it.token import Token

PACKAGED = STATIC / "runbooks"
CLONED = Path(__file__).parents[4] / "docs" / "runbooks"
_NAME = re.compile(r"[A-Za-z0-9]{1,80}")


@cache
def names() -> frozenset[str]:
    """The alerts that there is a text for."""
    return frozenset(path.stem for path in _folder().glob("*.md"))


def link(url: str) -> str:
    """Where the runbook that an annotation names is to be read: here where it is one of ours; empty where it is no address."""
    name = urlsplit(url).path.rpartition("/")[2].removesuffix(".md") if url.endswith(".md") else ""
    if name in names():
        return f"/runbooks/{name}"
    return url if url.startswith(("https://", "http://")) else ""


async def runbook(request: web.Request) -> web.Response:
    """One of them."""
    name = request.match_info["name"]
    if name not in names():
        raise Problem(HTTPStatus.NOT_FOUND, f"There is no runbook {name[:80]!r}.")
    return await page(request, "runbook.html", name=name, body=rendered(name), live=False)


async def runbook_index(request: web.Request) -> web.Response:
    """All of them."""
    return await page(request, "runbooks.html", names=sorted(names()), live=False)


@cache
def rendered(name: str) -> str:
    """Its HTML. Markup in the text is shown, not obeyed."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse((_folder() / f"{name}.md").read_text("utf-8"))
    for token in tokens:
        for inner in token.children or ():
            if inner.type == "link_open":
                _lead(inner)
    return str(parser.renderer.render(tokens, parser.options, {}))


def _lead(token: Token) -> None:
    """A link between runbooks leads to the page of the other; one into the source tree leads nowhere from here."""
    target = str(token.attrs.get("href", ""))
    name = target.removesuffix(".md").removeprefix("./")
    if target.endswith(".md") and _NAME.fullmatch(name) and name in names():
        token.attrs["href"] = f"/runbooks/{name}"
    elif not target.startswith(("https://", "http://", "#")):
        del token.attrs["href"]


def _folder() -> Path:
    return PACKAGED if PACKAGED.is_dir() else CLONED
