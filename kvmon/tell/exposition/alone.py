"""The classic text of a page that is the only one: most daemons watch one node, and are asked after every poll."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from kvmon.tell.exposition.families import classic_head
from kvmon.tell.exposition.page import Page
from kvmon.tell.exposition.shared import Head


class Alone:
    """Keeps what stands between the values for as long as the page's series are the same."""

    __slots__ = ("_between", "_heads", "_order")

    def __init__(self) -> None:
        self._heads: Sequence[Head] = ()
        self._order: Sequence[int] = ()
        self._between: Sequence[str] = ()

    def text(self, page: Page) -> str:
        """All families with their lines, each family under its HELP and TYPE."""
        if page.heads is not self._heads:
            self._heads = page.heads
            self._order = list(chain.from_iterable(page.layout.places.values()))
            self._between = _between(page)
        if not self._order:
            return ""
        values = map(page.values.__getitem__, self._order)
        return "".join(chain.from_iterable(zip(self._between, values, strict=True))) + "\n"


def _between(page: Page) -> list[str]:
    """What stands before each value: the end of the line before, the head of its family for the first, and the series."""
    found: list[str] = []
    for spec, places in page.layout.places.items():
        begin = f"{classic_head(spec)}\n"
        for place in places:
            head = page.heads[place]
            found.append(f"{chr(10) if found else ''}{begin}{head.before}{page.common}{head.after}")
            begin = ""
    return found
