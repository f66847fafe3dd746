"""One INFO reply, read as the difference to the one before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, compress, count
from operator import ne
from typing import Any

from kvmon.model.conversation import Malformed
from kvmon.model.metrics.catalogue import commands as command_rows
from kvmon.model.metrics.sample import Sample
from kvmon.watch.collectors.info_layout import Layout, Limits, layout_of
from kvmon.watch.collectors.info_lines import number, parts
from kvmon.watch.collectors.info_whole import kept
from kvmon.watch.collectors.server import Server, server_of

LINES = 20_000
"""More lines than this are no INFO."""

UNSAID = 16
"""How many databases a server has that was not asked."""

OTHERS = {
    b"cmdstat_": (
        (command_rows.CALLS, b"calls", 1.0),
        (command_rows.DURATION, b"usec", 1e6),
        (command_rows.REJECTED, b"rejected_calls", 1.0),
        (command_rows.FAILED, b"failed_calls", 1.0),
    ),
    b"errorstat_": ((command_rows.ERRORS, b"count", 1.0),),
}

_COMMON: dict[bytes, bytes] = {}
_COMMON_KEPT = 4096


class Fields(Mapping[str, str]):
    """The plain fields of a reply by name, decoded when asked for; `modules` and `databases` are added."""

    __slots__ = ("_index", "_lines", "more")

    def __init__(self, lines: Sequence[bytes], index: Mapping[str, int], more: Mapping[str, str]) -> None:
        self._lines = lines
        self._index = index
        self.more = more

    def __getitem__(self, name: str) -> str:
        place = self._index.get(name)
        if place is None:
            return self.more[name]
        line = self._lines[place]
        return line[line.find(b":") + 1 :].decode("utf-8", "replace")

    def get(self, name: str, default: Any = None) -> Any:
        """As Mapping's, without the exception: a hundred fields are asked for in every poll."""
        place = self._index.get(name)
        if place is None:
            return self.more.get(name, default)
        line = self._lines[place]
        return line[line.find(b":") + 1 :].decode("utf-8", "replace")

    def __contains__(self, name: object) -> bool:
        return name in self._index or name in self.more

    def __iter__(self) -> Iterator[str]:
        return chain(self._index, (name for name in self.more if name not in self._index))

    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass(frozen=True, slots=True, eq=False)
class InfoReply:
    """What is remembered of a reply: its lines, their samples in the same order, and what all lines together say.

    `samples` has those of the lines first; `starts` says where those of each line begin, and where the last ones end.
    """

    lines: list[bytes]
    layout: Layout
    samples: list[Sample]
    starts: tuple[int, ...]
    wholes: tuple[Sequence[Sample], ...]
    fields: Fields
    server: Server


def read(body: bytes, previous: InfoReply | None, limits: Limits, *, now: float) -> InfoReply:
    """Read a reply. Lines that are as before keep their samples: the very same objects. Raises Malformed."""
    lines = body.split(b"\r\n") if b"\r\n" in body else body.split(b"\n")
    if len(lines) > LINES:
        raise Malformed(f"INFO: {len(lines)} lines, at most {LINES} are read")
    if previous is not None and len(lines) == len(previous.lines):
        found = _changed(lines, previous, now)
        if found is not None:
            return found
    return _anew(lines, previous, limits, now)


def _changed(lines: list[bytes], previous: InfoReply, now: float) -> InfoReply | None:
    """The reply if it has the shape of the one before; None if it has to be read from the start."""
    places = list(compress(count(), map(ne, lines, previous.lines)))
    if not places:
        return previous
    layout, starts = previous.layout, previous.starts
    if not layout.server_lines.isdisjoint(places):
        return None
    heads, readers = layout.heads, layout.readers
    samples = previous.samples[: starts[-1]]
    merged = previous.lines.copy()  # the old object of an equal line stays, the new one goes: one reply in memory, not two
    for place in places:
        line = lines[place]
        head = heads[place]
        if not line.startswith(head) or head[-1:] != b":":
            return None
        merged[place] = line
        reader = readers[place]
        if reader is None:
            continue
        new = reader(line[len(head) :])
        begin, end = starts[place], starts[place + 1]
        if len(new) != end - begin:
            return None
        if len(new) == 1:
            samples[begin] = new[0]
        else:
            samples[begin:end] = kept(new, samples[begin:end])
    fields = Fields(merged, layout.index, previous.fields.more)
    wholes = tuple(
        [
            old if sources.isdisjoint(places) else kept(whole(fields, old, now), old)
            for (whole, sources), old in zip(layout.wholes, previous.wholes, strict=True)
        ]
    )
    samples = _together(samples, wholes, layout, merged)
    return InfoReply(merged, layout, samples, starts, wholes, fields, previous.server)


def _anew(lines: list[bytes], previous: InfoReply | None, limits: Limits, now: float) -> InfoReply:
    if b"cluster_enabled:1" in lines:
        limits = limits._replace(databases=1)  # the others, where a cluster has them, are shown when they hold keys
    layout = layout_of(lines, limits)
    if not layout.index:
        raise Malformed("INFO: the reply has no fields")
    before = _samples_by_line(previous) if previous is not None else {}
    samples: list[Sample] = []
    starts = [0]
    for place, (line, reader) in enumerate(zip(lines, layout.readers, strict=True)):
        if reader is not None:
            # The same line may be read in another way now: with a summary, or as one too many.
            samples += kept(reader(line[len(layout.heads[place]) :]), before.get(line, ()))
        starts.append(len(samples))
        if line.endswith(b":0"):
            lines[place] = _common(line)
    more = {"modules": ",".join(_modules(lines, layout)), "databases": str(limits.databases)}
    fields = Fields(lines, layout.index, more)
    olds = previous.wholes if previous is not None else ((),) * len(layout.wholes)
    wholes = tuple([kept(whole(fields, old, now), old) for (whole, _), old in zip(layout.wholes, olds, strict=True)])
    server = server_of(fields)
    if previous is not None and previous.server == server:
        server = previous.server
    samples = _together(samples, wholes, layout, lines)
    return InfoReply(lines, layout, samples, layout.shared(tuple(starts)), wholes, fields, server)


def _together(samples: list[Sample], wholes: Iterable[Sequence[Sample]], layout: Layout, lines: Sequence[bytes]) -> list[Sample]:
    for made in wholes:
        samples += made
    samples += layout.extras
    for family, places in layout.overflow:
        samples += _others(family, [lines[place] for place in places])
    return samples


def _samples_by_line(reply: InfoReply) -> dict[bytes, list[Sample]]:
    starts, samples = reply.starts, reply.samples
    return {line: samples[starts[place] : starts[place + 1]] for place, line in enumerate(reply.lines)}


def _modules(lines: Sequence[bytes], layout: Layout) -> list[str]:
    found = (parts(lines[place].partition(b":")[2]).get(b"name", b"") for place in layout.module_lines)
    return sorted({name.decode("utf-8", "replace") for name in found if name})


def _others(family: bytes, lines: Sequence[bytes]) -> list[Sample]:
    """The sum of those that are too many to have a series each."""
    values = [parts(line.partition(b":")[2]) for line in lines]
    return [
        Sample(spec, sum(number(each.get(key, b"")) or 0.0 for each in values) / factor, ("other",))
        for spec, key, factor in OTHERS[family]
    ]


def _common(line: bytes) -> bytes:
    """One object for the lines that most servers have in common."""
    if len(_COMMON) >= _COMMON_KEPT:
        _COMMON.clear()
    return _COMMON.setdefault(line, line)
