"""LATENCY: spikes the server itself noticed, and how long each command takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from kvmon.model.conversation import Answer, Command, Conversation, Malformed, Reply
from kvmon.model.metrics.catalogue.latency import SPIKE_DURATION, SPIKE_LAST, SPIKE_MAX, SPIKE_SECONDS, SPIKES
from kvmon.model.metrics.sample import Sample
from kvmon.options import Seconds
from kvmon.watch.collectors.base import Collector
from kvmon.watch.collectors.latency_calls import Calls
from kvmon.watch.collectors.latency_histogram import Histograms, histograms
from kvmon.watch.collectors.latency_quantiles import quantiles
from kvmon.watch.collectors.refusals import Refusals
from kvmon.watch.collectors.server import Server
from kvmon.watch.collectors.shapes import array, integer, text

LATEST: Command = ("LATENCY", "LATEST")
HISTOGRAM: Command = ("LATENCY", "HISTOGRAM")
TIMES: Command = ("INFO", "commandstats")
MILLISECONDS = 1000
"""In a second."""


@dataclass(frozen=True, slots=True)
class LatencyMemory:
    """The histograms as they last came, what was called since, and which of the commands the server refuses.

    `quantiles` are those of the calls between the last two looks, in seconds; empty where there were none.
    """

    histograms: Histograms = field(default=Histograms(), repr=False)
    quantiles: Mapping[str, float] = field(default_factory=dict)
    calls: Calls = field(default_factory=Calls, repr=False)
    refusals: Refusals = field(default_factory=Refusals)


class Latency(Collector):
    """LATENCY LATEST and, from version 7 on, LATENCY HISTOGRAM. `histograms: false` leaves the latter out."""

    name: ClassVar[str] = "latency"
    asks: ClassVar[tuple[str, ...]] = ("latency|latest", "latency|histogram", "info")
    every: Seconds = 15.0
    histograms: bool = True

    def first(self) -> LatencyMemory:
        """Nothing seen."""
        return LatencyMemory()

    def needs(self, server: Server) -> bool:
        """A Sentinel has no latency monitor."""
        return server.mode != "sentinel"

    def rights(self, server: Server) -> tuple[str, ...]:
        """See Collector."""
        return self.asks if self._histograms(server) else self.asks[:1]

    def ask(self, server: Server, memory: LatencyMemory) -> Conversation[LatencyMemory]:
        """One round. The sums of the histograms are asked for beside them, so that sum and count are of one moment.

        Histograms of commands that were not called lately are not asked for: one that is called again comes a poll later.
        """
        commands = [LATEST, HISTOGRAM] if self._histograms(server) else [LATEST]
        questions = memory.refusals.allowed(commands)
        lately = memory.calls.lately if server.run_id == memory.calls.run_id else None
        sent = [(*HISTOGRAM, *(lately or ())) if question == HISTOGRAM else question for question in questions]
        if HISTOGRAM in questions:
            sent.append(TIMES)
            if lately == ():
                sent.remove(HISTOGRAM)
                questions.remove(HISTOGRAM)
        replies = yield sent
        given, refusals = memory.refusals.after(questions, replies)
        samples = _spikes(given["LATENCY LATEST"]) if "LATENCY LATEST" in given else []
        found = memory.histograms
        if "LATENCY HISTOGRAM" in given:
            found = histograms(given["LATENCY HISTOGRAM"], replies[-1], found, some=lately is not None)
        elif lately != ():
            return Answer(samples, LatencyMemory(refusals=refusals))
        samples += found.samples
        calls = memory.calls.after(server.run_id, replies[-1])
        return Answer(samples, LatencyMemory(found, quantiles(memory.histograms, found), calls, refusals))

    def _histograms(self, server: Server) -> bool:
        return self.histograms and server.version >= (7, 0, 0)


def _spikes(reply: Reply) -> list[Sample]:
    samples = []
    for item in array("LATENCY LATEST", reply):
        parts = array("LATENCY LATEST", item)
        if len(parts) < 4:
            raise Malformed(f"LATENCY LATEST: an event has {len(parts)} parts, at least 4 were expected")
        event = (text("LATENCY LATEST", parts[0]),)
        numbers = [integer("LATENCY LATEST", part) for part in parts[1:6]]
        samples += [
            Sample(SPIKE_LAST, numbers[0], event),
            Sample(SPIKE_DURATION, numbers[1] / MILLISECONDS, event),
            Sample(SPIKE_MAX, numbers[2] / MILLISECONDS, event),
        ]
        if len(numbers) == 5:
            samples += [Sample(SPIKE_SECONDS, numbers[3] / MILLISECONDS, event), Sample(SPIKES, numbers[4], event)]
    return samples
