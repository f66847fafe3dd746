"""One comparison from the command line: both sides found, gone through with a bar, progress kept in a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Any

from kvmon.cli.migrate.bar import bar_of
from kvmon.clock import SystemClock
from kvmon.config.urls import read_url
from kvmon.daemon.migration_sides import side_of
from kvmon.daemon.surroundings import every_node
from kvmon.diagnose.migration.looking import Looker
from kvmon.diagnose.migration.report import report
from kvmon.diagnose.migration.sides import Side
from kvmon.diagnose.migration.verdicts import Tally
from kvmon.diagnose.migration.walk import Walk
from kvmon.diagnose.once import poll_once
from kvmon.errors import TargetError, UsageError
from kvmon.model.conversation import Malformed, Unsupported
from kvmon.model.snapshot import Snapshot
from kvmon.model.targets.target import Node
from kvmon.watch.collectors import Collectors
from kvmon.watch.patterns.glob import matcher
from kvmon.watch.scans.pacing import Budget

WRITE = 5.0
"""Seconds between two writings of the state."""


class Run:
    """`report` may be asked for at any time, also after it was stopped. Raises UsageError where the state is another run's."""

    def __init__(
        self, sides: Sequence[tuple[Node, Collectors]], words: tuple[str, str], given: dict[str, Any], state: Path | None
    ) -> None:
        self._ends = sides
        self._given = given
        self._state = state
        self._clock = SystemClock()
        self._began = self._written = monotonic()
        self._before = 0.0
        self._halvings = max(0, (given["halvings"] or 1).bit_length() - 1)
        self._what = {
            "between": [_plain(word) for word in words],
            "choice": [self._halvings, given["pattern"], given["db"], given["one_way"], given["tolerance"]],
        }
        self._kept = self._read()
        self._tally = _wellformed(self._kept, state) if self._kept else Tally()
        self._walk: Walk | None = None
        self._failure = ""

    async def run(self, *, bar: bool) -> None:
        """Compare until all is done, or cannot be."""
        sides: list[Side] = []
        try:
            for node, collectors in self._ends:
                sides.append(await self._side(node, collectors))
            source, destination = sides
            given = self._given
            looker = Looker(
                source, destination, self._tally, clock=self._clock, settle=given["settle"], tolerance=given["tolerance"]
            )
            wanted = matcher(given["pattern"].encode("utf-8", "surrogateescape")) if given["pattern"] else lambda _: True
            walk = self._walk = Walk(
                looker, halvings=self._halvings, wanted=wanted, db=given["db"], extra=not given["one_way"], stepped=self._stepped
            )
            if self._kept:
                walk.go_on(self._kept)
            with bar_of(walk, wanted=bar):
                await walk.run()
        except (TargetError, Unsupported, Malformed) as error:
            self._failure = str(error)
        finally:
            for side in sides:
                await side.close()
            self._write()

    def report(self) -> dict[str, Any]:
        """What was found by now."""
        names = [
            node.target.name if "://" not in word else word
            for (node, _), word in zip(self._ends, self._what["between"], strict=True)
        ]
        seconds = self._before + monotonic() - self._began
        return report(names, self._walk, self._tally, seconds, one_of=2**self._halvings, failure=self._failure)

    async def _side(self, node: Node, collectors: Collectors) -> Side:
        found: dict[tuple[str, str], Snapshot] = {}
        nodes: list[Node] = []

        async def look(node: Node) -> Snapshot:
            nodes.append(node)
            found[node.key] = snapshot = await poll_once(node, collectors)
            return snapshot

        topology = await every_node(node.target, look, clock=self._clock)
        budget = Budget(self._given["ops"], self._given["share"])
        failed = next((each.failure.message for each in found.values() if each.failure is not None), "")
        try:
            return side_of(
                node.target, nodes, topology, found.get, budget=budget, clock=self._clock, replicas=self._given["replicas"]
            )
        except TargetError as error:
            raise type(error)(error.reason, f"{error}{f': {failed}' if failed else ''}") from None

    def _stepped(self) -> None:
        if monotonic() - self._written >= WRITE:
            self._write()

    def _write(self) -> None:
        self._written = monotonic()
        if self._state is None or self._walk is None:
            return
        if self._walk.done:
            self._state.unlink(missing_ok=True)
            return
        document = {**self._what, **self._walk.document(), "seconds": self._before + monotonic() - self._began}
        draft = self._state.with_name(self._state.name + ".new")
        try:
            draft.write_text(json.dumps(document), "utf-8")
            draft.replace(self._state)
        except OSError as error:
            raise UsageError(f"--state: {self._state} cannot be written: {error.strerror}") from None

    def _read(self) -> dict[str, Any]:
        if self._state is None or not self._state.exists():
            return {}
        try:
            document: dict[str, Any] = json.loads(self._state.read_text("utf-8"))
            same = all(document[name] == value for name, value in self._what.items())
            self._before = float(document["seconds"])
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise UsageError(f"--state: {self._state} is no state of kvmon migrate ({error}): name another file") from None
        if not same:
            raise UsageError(f"--state: {self._state} is of another comparison: name another file, or delete it")
        return document


def _wellformed(document: dict[str, Any], state: Path | None) -> Tally:
    try:
        return Tally.read(document["tally"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(f"--state: {state} is damaged ({error}): delete it to begin anew") from None


def _plain(word: str) -> str:
    """A URL without what must not be written or shown."""
    return f"{'rediss' if read_url(word).tls else 'redis'}://{read_url(word).address}" if "://" in word else word
