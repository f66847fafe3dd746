"""Which collectors of a node are due, which are off, and what each knew and said last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from kvmon.model.metrics.sample import Sample
from kvmon.model.snapshot import Capability, Failure
from kvmon.model.targets.providers import told_by
from kvmon.model.targets.target import Node
from kvmon.watch.collectors.base import Collector
from kvmon.watch.collectors.server import Server
from kvmon.watch.poller.capabilities import capability
from kvmon.watch.poller.rounds import Talk

RETRY = 600.0
"""Seconds after which a refused collector is tried again, unless permission was refused: that would fill the ACL log."""

_log = structlog.get_logger()


class Entry:
    """One collector's state. `asked` is the monotonic time of the poll that it last answered in, `off` why it is not asked."""

    __slots__ = ("asked", "collector", "memory", "needed", "off", "off_at", "samples", "told", "why")

    def __init__(self, collector: Collector) -> None:
        self.collector = collector
        self.memory: Any = collector.first()
        self.samples: Sequence[Sample] = ()
        self.asked: float | None = None
        self.needed = True
        self.off = ""
        self.off_at = 0.0
        self.told = self.why = ""


class Roster:
    """The collectors of one node, in their order."""

    def __init__(self, node: Node, collectors: Sequence[Collector], remembered: Mapping[str, Any] | None = None) -> None:
        self._node = node
        self.provider = node.target.provider
        self.entries = tuple(Entry(collector) for collector in collectors)
        for entry in self.entries:
            entry.memory = (remembered or {}).get(entry.collector.name, entry.memory)
        self._server: Server | None = None

    def meet(self, server: Server, fields: Mapping[str, str]) -> None:
        """Choose by what the server is; another process than before is asked everything again. `fields` are INFO's."""
        if self._server is not None and server.run_id != self._server.run_id:
            for entry in self.entries:
                entry.asked, entry.off = None, ""
        if server != self._server:
            self.provider = told_by(self._node.target.provider, fields)
            for entry in self.entries:
                entry.needed = entry.collector.needs(server) and entry.collector.name not in self.provider.withholds
        self._server = server

    def capabilities(self) -> list[Capability]:
        """What of the node can be asked; nothing before its first answer."""
        if self._server is None:
            return []
        return [capability(entry.collector, self._server, self.provider, entry) for entry in self.entries]

    def reconnected(self, now: float, *, after_outage: bool) -> None:
        """Refusals may have been lifted. Not asked at each reconnect: a server that drops idle clients makes that each poll."""
        for entry in self.entries:
            if entry.off and (after_outage or now - entry.off_at >= RETRY):
                entry.off = ""

    def due(self, now: float) -> list[Entry]:
        """Those to be asked in the poll that begins now, INFO aside."""
        chosen = []
        slack = self._node.target.interval / 2
        for entry in self.entries:
            if entry.off and entry.off != "noperm" and now - entry.off_at >= RETRY:
                entry.off = ""
            if not entry.needed or entry.off or entry.collector.name == "info":
                continue
            # By the half of an interval: a poll that is a little early must not wait for the next one.
            if entry.asked is None or now + slack >= entry.asked + entry.collector.every:
                chosen.append(entry)
        return chosen

    def settle(self, entry: Entry, talk: Talk, now: float) -> Failure | None:
        """Take over what a conversation came to; the failure if it is one."""
        if talk.answer is not None:
            entry.samples, entry.memory = talk.answer
            entry.asked = now
            if entry.told:
                _log.info("collector works again", **self._names(entry))
                entry.told = ""
            return None
        failure = talk.failure
        if failure is None:
            return None
        entry.samples = ()
        entry.why = failure.message
        if talk.lasting:
            entry.off, entry.off_at = failure.reason, now
        if entry.told != failure.reason:
            entry.told = failure.reason
            _log.info("collector gives nothing", **self._names(entry), reason=failure.reason, error=failure.message)
        return failure

    def _names(self, entry: Entry) -> dict[str, str]:
        return {"target": self._node.target.name, "instance": self._node.instance, "collector": entry.collector.name}
