"""The latest page of every node, and bodies joined from them."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from kvmon.model.metrics.sample import Sample
from kvmon.model.metrics.spec import Spec
from kvmon.model.snapshot import Snapshot
from kvmon.model.targets.target import Node
from kvmon.tell.exposition.alone import Alone
from kvmon.tell.exposition.families import family
from kvmon.tell.exposition.formats import Dialect
from kvmon.tell.exposition.lines import node_labels
from kvmon.tell.exposition.page import Page
from kvmon.tell.exposition.shared import Shared

Key = tuple[str, str]
GZIP = 31  # zlib's window bits for a gzip header and checksum
KEPT = 8_000_000  # characters: with thousands of nodes some put comes before the next scrape anyway
PART = 4_000  # lines
LEVEL = 1  # three quarters of what level 6 saves, for a third of its time


class Board:
    """What a scrape reads. Bodies are kept until the next put; `dropped` counts duplicates and values that were not finite."""

    def __init__(self) -> None:
        self.dropped = 0
        self._shared = Shared()
        self._own = Page("", self._shared)
        self._alone, self._own_alone = Alone(), Alone()
        self._pages: dict[Key, Page] = {}
        self._snapshots: dict[Key, Snapshot] = {}
        self._joined: dict[Dialect, str] = {}
        self._squeezed: dict[Dialect, _Squeezed] = {}

    def put(self, snapshot: Snapshot) -> None:
        """Take the place of the node's last snapshot."""
        node = snapshot.node
        page = self._pages.get(node.key)
        last = self._snapshots.get(node.key)
        if page is None or last is None or (last.node.target is not node.target and last.node.target != node.target):
            # A reload may have given the target other labels.
            page = self._pages[node.key] = Page(node_labels(node.target, node.instance), self._shared)
        self.dropped += page.put(snapshot.samples)
        self._snapshots[node.key] = snapshot
        self._changed()

    def forget(self, key: Key) -> None:
        """The node is no more; a key that is not known is fine."""
        self._pages.pop(key, None)
        self._snapshots.pop(key, None)
        self._changed()

    def latest(self, key: Key) -> Snapshot | None:
        """The node's last snapshot; None before its first poll."""
        return self._snapshots.get(key)

    def snapshots(self) -> list[Snapshot]:
        """The last snapshot of every node."""
        return list(self._snapshots.values())

    @property
    def size(self) -> int:
        """How many nodes it has."""
        return len(self._pages)

    def _changed(self) -> None:
        self._joined.clear()
        self._squeezed.clear()

    def render(
        self,
        dialect: Dialect,
        *,
        targets: Collection[str] | None = None,
        names: Collection[str] | None = None,
        own: Sequence[Sample] = (),
        more: str = "",
    ) -> bytes:
        """A body: all nodes, or those of the named targets; all families, or those of the given names.

        `own` are samples without node labels, `more` families that are text already.
        """
        if targets is None and names is None and not self._meet(own):
            text = self._all(dialect) + self._own_text(dialect, own)
        else:
            chosen = [page for key, page in self._pages.items() if targets is None or key[0] in targets]
            text = join([*chosen, *self._own_pages(own)], dialect, names)
        return (text + more + end(dialect)).encode()

    def parts(self, dialect: Dialect, *, own: Sequence[Sample] = (), more: str = "") -> Iterator[bytes]:
        """The whole body in parts of some thousand lines, so that whoever sends it can let others run in between.

        A put between two parts is fine: a family always comes whole, from one moment.
        """
        pages = [*self._pages.values(), *self._own_pages(own)]
        specs = sorted({spec for page in pages for spec in page.layout.places}, key=lambda spec: spec.name)
        every = {spec.name for spec in specs}
        lines: list[str] = []
        for spec in specs:
            lines += family(spec, pages, dialect, every)
            if len(lines) >= PART:
                yield _text(lines).encode()
                lines = []
        yield (_text(lines) + more + end(dialect)).encode()

    def render_gzip(self, dialect: Dialect, *, own: Sequence[Sample] = (), more: str = "") -> bytes:
        """The whole body, compressed: what the nodes gave is compressed once for each poll."""
        if self._meet(own):
            press = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
            return press.compress(self.render(dialect, own=own, more=more)) + press.flush()
        kept = self._squeezed.get(dialect)
        if kept is None:
            kept = _Squeezed(self._all(dialect).encode())
            self._squeezed[dialect] = kept
        return kept.with_tail((self._own_text(dialect, own) + more + end(dialect)).encode())

    def _all(self, dialect: Dialect) -> str:
        text = self._joined.get(dialect)
        if text is None:
            text = join(list(self._pages.values()), dialect, None, self._alone)
            if len(text) <= KEPT:
                self._joined[dialect] = text
        return text

    def _own_text(self, dialect: Dialect, own: Sequence[Sample]) -> str:
        return join(self._own_pages(own), dialect, None, self._own_alone)

    def _own_pages(self, own: Sequence[Sample]) -> list[Page]:
        """Mostly they are those of the last request with other values: nodes that are probed have dozens each."""
        if not own:
            return []
        self._own.put(own)
        return [self._own]

    def _meet(self, own: Sequence[Sample]) -> bool:
        specs = {sample.spec for sample in own}
        return any(not specs.isdisjoint(page.layout.places) for page in self._pages.values()) if specs else False


def render_alone(snapshot: Snapshot, dialect: Dialect) -> bytes:
    """One node's body without `target` and `instance`, as redis_exporter gives it."""
    node = snapshot.node
    bare = Node(replace(node.target, bare=True), node.address)
    return (join([_page(snapshot.samples, node_labels(bare.target, ""))], dialect, None) + end(dialect)).encode()


def join(pages: Sequence[Page], dialect: Dialect, names: Collection[str] | None, alone: Alone | None = None) -> str:
    """Families by name, each with the lines of all pages. A family that `names` leaves out is not looked at.

    `alone` is for a page that is the only one, where that is to be asked for again and again.
    """
    if len(pages) == 1 and dialect is Dialect.CLASSIC and names is None:
        return (alone or Alone()).text(pages[0])
    layouts = list({id(page.layout): page.layout for page in pages}.values())
    specs: Sequence[Spec] = tuple(layouts[0].places) if layouts else ()
    if len(layouts) > 1:
        specs = sorted({spec for layout in layouts for spec in layout.places}, key=lambda spec: spec.name)
    every = {spec.name for spec in specs}
    lines: list[str] = []
    for spec in specs:
        if names is None or wanted(spec.name, names):
            lines += family(spec, pages, dialect, every)
    return _text(lines)


def _text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n" if lines else ""


def wanted(name: str, names: Collection[str]) -> bool:
    """Whether a filter names this family, or a series of it."""
    return name in names or any(f"{name}{suffix}" in names for suffix in ("_bucket", "_sum", "_count"))


def end(dialect: Dialect) -> str:
    """What the body ends with."""
    return "# EOF\n" if dialect is Dialect.OPENMETRICS else ""


def _page(samples: Sequence[Sample], common: str) -> Page:
    page = Page(common, Shared())
    page.put(samples)
    return page


class _Squeezed:
    """A compressed beginning, to which any end can be given without compressing the beginning again."""

    def __init__(self, body: bytes) -> None:
        self._press = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
        self._head = self._press.compress(body)

    def with_tail(self, tail: bytes) -> bytes:
        press = self._press.copy()
        return self._head + press.compress(tail) + press.flush()
