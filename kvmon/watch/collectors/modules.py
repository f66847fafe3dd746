"""INFO modules: what is loaded."""

from __future__ import annotations

import re
from typing import ClassVar

from kvmon.model.conversation import Answer, Conversation
from kvmon.model.metrics.catalogue.modules import COUNT, INFO
from kvmon.model.metrics.sample import Sample
from kvmon.options import Seconds
from kvmon.watch.collectors.base import Collector
from kvmon.watch.collectors.server import Server
from kvmon.watch.collectors.shapes import text

_PART = re.compile(r"(?:^|,)([a-z]+)=(\[[^\]]*\]|[^,]*)")


class Modules(Collector):
    """INFO modules."""

    name: ClassVar[str] = "modules"
    asks: ClassVar[tuple[str, ...]] = ("info",)
    every: Seconds = 300.0

    def first(self) -> None:
        """Nothing is remembered."""

    def needs(self, server: Server) -> bool:
        """Version 4 brought modules; a Sentinel has none."""
        return server.mode != "sentinel" and server.version >= (4, 0, 0)

    def ask(self, server: Server, memory: None) -> Conversation[None]:
        """One question."""
        del server
        (reply,) = yield [("INFO", "modules")]
        lines = text("INFO modules", reply).splitlines()
        modules = {line.removeprefix("module:"): None for line in lines if line.startswith("module:name=")}
        samples = [Sample(COUNT, len(modules))]
        seen = set()
        for module in modules:
            parts = dict(_PART.findall(module))
            labels = tuple(parts.get(name, "") for name in INFO.labels)
            if labels not in seen:
                seen.add(labels)
                samples.append(Sample(INFO, 1, labels))
        return Answer(samples, memory)
