"""Collectors: one question each. This is the list."""

from __future__ import annotations

from typing import Any

from pydantic import model_validator

from kvmon.options import Options
from kvmon.watch.collectors.acl import Acl
from kvmon.watch.collectors.base import Collector
from kvmon.watch.collectors.clients import Clients
from kvmon.watch.collectors.cluster_info import ClusterInfo
from kvmon.watch.collectors.commandlog import Commandlog
from kvmon.watch.collectors.config import Config
from kvmon.watch.collectors.info import Info
from kvmon.watch.collectors.info_reply import UNSAID
from kvmon.watch.collectors.keys import Keys
from kvmon.watch.collectors.latency import Latency
from kvmon.watch.collectors.memory import Memory
from kvmon.watch.collectors.modules import Modules
from kvmon.watch.collectors.scripts import Scripts
from kvmon.watch.collectors.search import Search
from kvmon.watch.collectors.sentinel import Sentinel
from kvmon.watch.collectors.slot_stats import SlotStats
from kvmon.watch.collectors.slowlog import Slowlog

OFF = ("off", "no", "false")
"""How a file says that a collector is not wanted, besides `enabled: false`."""

ON = ("on", "yes", "true")


class Collectors(Options):
    """What is asked of each node, in this order; `slowlog: off` switches one off, `search: on` or a mapping one on."""

    info: Info = Info()
    cluster_info: ClusterInfo = ClusterInfo()
    config: Config = Config()
    slowlog: Slowlog = Slowlog()
    commandlog: Commandlog = Commandlog()
    latency: Latency = Latency()
    memory: Memory = Memory()
    clients: Clients = Clients()
    modules: Modules = Modules()
    acl: Acl = Acl()
    sentinel: Sentinel = Sentinel()
    slot_stats: SlotStats = SlotStats()
    keys: Keys = Keys()
    search: Search = Search()
    scripts: Scripts = Scripts()

    @model_validator(mode="before")
    @classmethod
    def _words(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: _switched(options) for name, options in value.items()}

    def enabled(self) -> tuple[Collector, ...]:
        """Those that are wanted in polls; INFO is always among them and first, as the others stand on it."""
        others = [getattr(self, name) for name in type(self).model_fields if name not in ("info", "keys")]
        info = self.info
        if not self.config.enabled and info.databases is None:
            info = info.model_copy(update={"databases": UNSAID})  # then it asks no CONFIG GET of its own either
        return info, *(collector for collector in others if collector.enabled)


def _switched(options: Any) -> Any:
    """Who says something of a collector wants it, unless the word is `off`: some are off until they are spoken of."""
    if options is False or (isinstance(options, str) and options.lower() in OFF):
        return {"enabled": False}
    if options is True or (isinstance(options, str) and options.lower() in ON):
        return {"enabled": True}
    return {"enabled": True, **options} if isinstance(options, dict) else options
