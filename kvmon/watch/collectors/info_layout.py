"""The shape of an INFO reply: which line holds which field, and where its samples stand. Nodes of one kind share theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from weakref import WeakValueDictionary

from kvmon.model.metrics.sample import Sample
from kvmon.watch.collectors import info_whole
from kvmon.watch.collectors.info_lines import Reader, command, number, reader_of
from kvmon.watch.collectors.info_whole import Whole, empty_databases

SERVER_FIELDS = frozenset({
    "role", "redis_mode", "server_mode", "cluster_enabled", "redis_version", "valkey_version", "server_name", "run_id",
})  # fmt: skip
"""Fields that Server is made of."""

UNIMPORTANT = frozenset({
    "redis_git_sha1", "redis_git_dirty", "redis_build_id", "arch_bits", "process_supervised", "tcp_port", "uptime_in_days",
    "lru_clock", "executable", "config_file", "monotonic_clock", "multiplexing_api", "atomicvar_api", "gcc_version",
    "run_id", "redis_version", "valkey_version", "master_replid", "master_replid2", "master_host", "master_port", "os",
    "slave_read_only", "redis_mode", "server_mode", "maxmemory_policy", "availability_zone",
})  # fmt: skip
"""Fields that may look like numbers and are none, or say what another field says."""


class Limits(NamedTuple):
    """How much is shown.

    `databases` are shown even if empty; so many `commands` and kinds of `errors` have series of their own; `sizes`: keys by size.
    """

    databases: int
    commands: int
    errors: int
    sizes: bool


KNOWN_READERS = 8192
_readers: dict[bytes, Reader | None] = {}


class Layout:
    """Of one shape of reply. `heads` are the beginnings of its lines up to and with the colon."""

    __slots__ = (
        "__weakref__",
        "extras",
        "heads",
        "index",
        "module_lines",
        "overflow",
        "readers",
        "server_lines",
        "starts",
        "unmapped",
        "wholes",
    )

    def __init__(self, lines: Sequence[bytes], heads: tuple[bytes, ...], limits: Limits) -> None:
        self.heads = heads
        self.index: dict[str, int] = {}
        readers: list[Reader | None] = []
        summaries = {head[25:] for head in heads if head.startswith(b"latency_percentiles_usec_")}
        left = {b"cmdstat_": limits.commands, b"errorstat_": limits.errors, b"latency_percentiles_usec_": limits.commands}
        overflow: dict[bytes, list[int]] = {b"cmdstat_": [], b"errorstat_": []}
        for place, head in enumerate(heads):
            if not head.endswith(b":"):
                readers.append(None)
                continue
            name = _known(head)[1]
            if self.index.setdefault(name, place) != place:
                readers.append(None)  # the first of a field counts
                continue
            if not limits.sizes and b"_distrib_" in head:
                readers.append(None)
                continue
            family = next((beginning for beginning in left if head.startswith(beginning)), b"")
            if family:
                left[family] -= 1
                if left[family] < 0:
                    overflow.get(family, []).append(place)
                    readers.append(None)
                    continue
            readers.append(_reader(head, with_summary=family == b"cmdstat_" and head[8:] in summaries))
        self.readers = tuple(readers)
        self.overflow = tuple((family, tuple(places)) for family, places in overflow.items() if places)
        self.module_lines = tuple(place for place, head in enumerate(heads) if head == b"module:")
        self.server_lines = self._places(SERVER_FIELDS) | frozenset(self.module_lines)
        self.extras: list[Sample] = self._empty(limits.databases)
        link = frozenset(name for name in self.index if info_whole.PRIMARY.fullmatch(name)) | info_whole.PRIMARY_ALSO
        self.wholes: tuple[tuple[Whole, frozenset[int]], ...] = (
            (info_whole.identity, self._places((*info_whole.IDENTITY, "server_mode", *info_whole.LATER))),
            (info_whole.start, self._places(("uptime_in_seconds", "server_time_usec"))),
            (info_whole.primary, self._places(link)),
        )
        self.unmapped = tuple(self._unmapped(lines))
        self.starts: tuple[int, ...] = ()

    def shared(self, starts: tuple[int, ...]) -> tuple[int, ...]:
        """The equal tuple that another node of this layout has, if there is one."""
        if starts != self.starts:
            self.starts = starts
        return self.starts

    def _places(self, names: Sequence[str] | frozenset[str]) -> frozenset[int]:
        return frozenset(self.index[name] for name in names if name in self.index)

    def _empty(self, databases: int) -> list[Sample]:
        present = [name for name in self.index if name[:2] == "db" and name[2:].isdigit()]
        # A Sentinel has no databases, and says nothing of them.
        return [] if "sentinel_masters" in self.index else empty_databases(present, databases)

    def _unmapped(self, lines: Sequence[bytes]) -> list[str]:
        whole = {place for _, places in self.wholes for place in places}
        return [
            name
            for name, place in self.index.items()
            if self.readers[place] is None
            and place not in whole
            and name not in UNIMPORTANT
            and number(lines[place][len(self.heads[place]) :].removesuffix(b"%")) is not None
        ]


def _reader(head: bytes, *, with_summary: bool) -> Reader | None:
    key = head + b"+" if with_summary else head
    if key not in _readers:
        if len(_readers) >= KNOWN_READERS:
            _readers.clear()
        name = head[:-1].decode("utf-8", "replace")
        if name.startswith("cmdstat_"):
            _readers[key] = command(name.removeprefix("cmdstat_"), with_summary=with_summary)
        else:
            _readers[key] = reader_of(name)
    return _readers[key]


_names: dict[bytes, tuple[bytes, str]] = {}


def _known(head: bytes) -> tuple[bytes, str]:
    """One object of each head and name: commands come in another order from each server, so that few layouts are shared."""
    if len(_names) >= KNOWN_READERS:
        _names.clear()
    found = _names.get(head)
    if found is None:
        found = _names[head] = (head, head[:-1].decode("utf-8", "replace"))
    return found


_layouts: WeakValueDictionary[tuple[tuple[bytes, ...], Limits], Layout] = WeakValueDictionary()


def layout_of(lines: Sequence[bytes], limits: Limits) -> Layout:
    """The layout of these lines, made once for all replies of its shape, and gone with the last of them."""
    heads = tuple([_known(line[: line.find(b":") + 1] or line)[0] for line in lines])
    found = _layouts.get((heads, limits))
    if found is None:
        found = _layouts[heads, limits] = Layout(lines, heads, limits)
    return found
