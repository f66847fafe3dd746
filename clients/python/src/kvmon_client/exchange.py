"""One request and its answer, as a part of a conversation."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

from kvmon_client.effects import Close, Effect, Open, Receive, Send
from kvmon_client.http import AnswerReader, BrokenAnswer, Server

CONNECT_WITHIN = 2.0
LARGEST = 64 << 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; names of headers are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def begin(server: Server, request: bytes, within: float) -> Generator[Effect, Any, tuple[AnswerReader, bytes]]:
    """Connect, ask, and wait for the head of the answer: its reader and the first of the body. Raises OSError."""
    yield Open(server.host, server.port, server.tls, CONNECT_WITHIN)
    yield Send(request)
    reader = AnswerReader()
    first = b""
    while not reader.status:
        first = yield from more(reader, within)
    return reader, first


def more(reader: AnswerReader, within: float) -> Generator[Effect, Any, bytes]:
    """The next piece of the body, which may be empty. Raises OSError, also where the answer ends in the middle."""
    data = yield Receive(within)
    if data:
        return reader.feed(data)
    reader.end()
    return b""


def exchange(server: Server, request: bytes, within: float) -> Generator[Effect, Any, Answer]:
    """The whole answer; `within` is for each piece of it. Raises OSError."""
    reader, first = yield from begin(server, request, within)
    body = bytearray(first)
    while not reader.complete:
        body += yield from more(reader, within)
        if len(body) > LARGEST:
            raise BrokenAnswer("the answer is too large")
    yield Close()
    return Answer(reader.status, reader.headers, bytes(body))
