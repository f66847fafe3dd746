"""A DogStatsD that listens and reads every datagram by the grammar; what does not follow it is kept as wrong."""

from __future__ import annotations

import math
import re
import socket
import threading
from pathlib import Path
from typing import NamedTuple, Self

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]*")
METRIC = re.compile(r"([^:|\n]+):([^|\n]+)\|(c|g|ms|h|s|d)((?:\|.*)?)")
EVENT = re.compile(r"_e\{(\d+),(\d+)\}:(.*)")
CHECK = re.compile(r"_sc\|([^|]+)\|([0-3])((?:\|.*)?)")


class Metric(NamedTuple):
    name: str
    value: float
    kind: str
    tags: frozenset[str]
    timestamp: int | None = None

    def tag(self, name: str) -> str | None:
        return next((tag.partition(":")[2] for tag in self.tags if tag.partition(":")[0] == name), None)


class Event(NamedTuple):
    title: str
    text: str
    fields: dict[str, str]
    tags: frozenset[str]


class Check(NamedTuple):
    name: str
    status: int
    tags: frozenset[str]


def parse(line: str) -> Metric | Check | Event:
    """Raises ValueError for what is no metric, no service check and no event."""
    if line.startswith("_e{"):
        return _event(line)
    found = CHECK.fullmatch(line)
    if found:
        return Check(found[1], int(found[2]), _tags(found[3]))
    found = METRIC.fullmatch(line)
    if not found or not NAME.fullmatch(found[1]):
        raise ValueError(line)
    value = float(found[2])
    if not math.isfinite(value):
        raise ValueError(line)
    stamps = [int(part[1:]) for part in found[4].split("|") if part.startswith("T")]
    if stamps and found[3] not in "gc":
        raise ValueError(line)
    return Metric(found[1], value, found[3], _tags(found[4]), *stamps)


def _event(line: str) -> Event:
    """By the lengths, in bytes, as the text may hold anything."""
    found = EVENT.fullmatch(line)
    if not found:
        raise ValueError(line)
    content = found[3].encode()
    title_ends = int(found[1])
    text_ends = title_ends + 1 + int(found[2])
    if content[title_ends : title_ends + 1] != b"|" or content[text_ends : text_ends + 1] not in (b"", b"|"):
        raise ValueError(line)
    rest = content[text_ends:].decode()
    fields = {part[0]: part[2:] for part in rest.split("|") if part[1:2] == ":"}
    if not set(fields) <= set("dhkpstc") or fields.get("t", "info") not in ("error", "warning", "info", "success"):
        raise ValueError(line)
    title, text = content[:title_ends].decode(), content[title_ends + 1 : text_ends].decode()
    return Event(title.replace("\\n", "\n"), text.replace("\\n", "\n"), fields, _tags(rest))


def _tags(rest: str) -> frozenset[str]:
    for part in rest.split("|"):
        if part.startswith("#"):
            tags = part[1:].split(",")
            if not all(tag and len(tag) <= 200 for tag in tags):
                raise ValueError(rest)
            return frozenset(tags)
    return frozenset()


class Listener:
    """Listens on UDP, or on the unix socket `path` (with `stream`: in frames), until closed."""

    def __init__(self, path: Path | None = None, *, stream: bool = False) -> None:
        self.wrong: list[str] = []
        self.longest = 0
        self._found: list[Metric | Check | Event] = []
        self._socket = socket.socket(
            socket.AF_UNIX if path else socket.AF_INET, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM
        )
        self._socket.bind(str(path) if path else ("127.0.0.1", 0))
        self._socket.settimeout(0.1)
        if stream:
            self._socket.listen()
        self._stream = stream
        self.url = f"unix://{path}" if path else f"udp://127.0.0.1:{self._socket.getsockname()[1]}"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    @property
    def metrics(self) -> list[Metric]:
        return [each for each in list(self._found) if isinstance(each, Metric)]

    @property
    def checks(self) -> list[Check]:
        return [each for each in list(self._found) if isinstance(each, Check)]

    @property
    def events(self) -> list[Event]:
        return [each for each in list(self._found) if isinstance(each, Event)]

    def named(self, name: str, **tags: str) -> list[Metric]:
        """All of this name with at least these tags, in the order in which they came."""
        wanted = {f"{key}:{value}" for key, value in tags.items()}
        return [each for each in self.metrics if each.name == name and wanted <= each.tags]

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                if self._stream:
                    self._frames(self._socket.accept()[0])
                else:
                    self._read(self._socket.recv(65_536))
            except TimeoutError:
                continue

    def _frames(self, connection: socket.socket) -> None:
        """Packets behind their length, four bytes, the lowest first."""
        connection.settimeout(0.1)
        with connection:
            held = b""
            while not self._stop.is_set():
                try:
                    more = connection.recv(65_536)
                except TimeoutError:
                    continue
                if not more:
                    return
                held += more
                while len(held) >= 4 and len(held) >= (end := 4 + int.from_bytes(held[:4], "little")):
                    self._read(held[4:end])
                    held = held[end:]

    def _read(self, packet: bytes) -> None:
        self.longest = max(self.longest, len(packet))
        for line in packet.decode().splitlines():
            try:
                self._found.append(parse(line))
            except ValueError:
                self.wrong.append(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(20)
        self._socket.close()
