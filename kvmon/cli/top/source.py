"""What the daemon says, asked again and again in a thread of its own, so that keys are heard while it is slow."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import time
from typing import Any
from urllib.parse import quote

from kvmon.cli.daemon import ask, follow
from kvmon.cli.top.rows import Row, row_of
from kvmon.errors import UsageError

PATIENCE = 10.0
"""Seconds that an answer may take."""

AGAIN = 2.0
"""Seconds until the stream of events is opened again."""

PAST = "commands,hit_ratio,memory,clients,get,set,cpu,network_in,network_out,lag"
"""The lines of one target."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What the daemon said last. `at` is wall seconds, 0 before the first answer; `failure` why there is no newer one."""

    rows: Sequence[Row] = ()
    documents: Mapping[str, Any] = field(default_factory=dict)
    detail: Mapping[str, Any] | None = None
    at: float = 0.0
    failure: str = ""


def read(url: str, opened: str | None) -> Frame:
    """Ask for everything once, and for one target in depth. Raises UsageError."""

    def get(path: str) -> Any:
        return ask(url, path, timeout=PATIENCE)

    targets = get("/v1/targets?lines=commands&span=10m")["targets"]
    breakers = get("/v1/breakers")["breakers"]
    by_target: dict[str, list[Any]] = {}
    for breaker in breakers:
        by_target.setdefault(breaker["target"], []).append(breaker)
    rows = [row_of(target, by_target.get(target["name"], ())) for target in targets]
    detail = None
    if opened is not None:
        name = quote(opened, safe="")
        detail = {
            **get(f"/v1/targets?target={name}&lines={PAST}&span=10m")["targets"][0],
            "breakers": by_target.get(opened, []),
            "topology": get(f"/v1/topology/{name}"),
            "slowlog": get(f"/v1/slowlog/{name}")["entries"],
            "events": get(f"/v1/incidents?target={name}&limit=1&events=20")["events"],
        }
    return Frame(rows, {"targets": targets, "breakers": breakers}, detail, time())


class Source:
    """`frame` is the latest; `tell` is called from its threads when there is another."""

    def __init__(self, url: str, interval: float, tell: Callable[[], None]) -> None:
        self.frame = Frame()
        self._url = url
        self._interval = interval
        self._tell = tell
        self._opened: str | None = None
        self._wanted = threading.Event()

    def start(self) -> None:
        """Daemon threads: they end with the command."""
        for work in (self._poll, self._follow):
            threading.Thread(target=work, daemon=True).start()

    def show(self, opened: str | None) -> None:
        """This target is looked at in depth, or none is."""
        if opened != self._opened:
            self._opened = opened
            self._wanted.set()

    def _poll(self) -> None:
        while True:
            self._wanted.clear()
            opened = self._opened
            try:
                self.frame = read(self._url, opened)
            except (UsageError, OSError, ValueError, LookupError) as error:
                self.frame = replace(self.frame, failure=str(error))
            self._tell()
            self._wanted.wait(self._interval)

    def _follow(self) -> None:
        """What became ill is not waited for: the page's stream tells at once."""
        pause = threading.Event()
        while True:
            try:
                for name, _ in follow(self._url, "/v1/page/events"):
                    if name == "trouble":
                        self._wanted.set()
            except (UsageError, OSError, ValueError):
                pass  # the poll says so
            pause.wait(AGAIN)
