"""The other side of a conversation, without sockets and with a clock that only moves when told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from kvmon_client.board import Board
from kvmon_client.effects import Conversation, Load, Open, Receive, Rest, Send

Piece = bytes | float | OSError
"""What arrives, seconds that pass, or what goes wrong."""

Script = Callable[[str, dict[str, str], bytes], Iterable[Piece]]
"""The answer to a request: its first line, headers and body."""


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Over(Exception):
    """The play has lasted long enough."""


class Play:
    """Drives a conversation against a script until `until` is true; `requests` are what was asked."""

    def __init__(self, script: Script, clock: Clock, file: Callable[[], bytes] | None = None) -> None:
        self.clock = clock
        self.requests: list[str] = []
        self.bodies: list[bytes] = []
        self.rests: list[float] = []
        self._script = script
        self._file = file
        self._pieces: Iterator[Piece] = iter(())
        self._open = False

    def run(self, conversation: Conversation, until: Callable[[], bool], effects: int = 2_000) -> None:
        answer: bytes | None = None
        error: OSError | None = None
        for _ in range(effects):
            try:
                effect = conversation.throw(error) if error else conversation.send(answer)
            except StopIteration:
                return
            answer, error = None, None
            try:
                answer = self._perform(effect)
            except OSError as failure:
                error = failure
            if until():
                conversation.close()
                return
        raise Over(f"{self.requests[-20:]}")

    def _perform(self, effect: object) -> bytes | None:
        if isinstance(effect, Send):
            head, _, body = effect.data.partition(b"\r\n\r\n")
            first, *lines = head.decode().split("\r\n")
            self.requests.append(first)
            self.bodies.append(body)
            self._pieces = iter(self._script(first, dict(line.split(": ", 1) for line in lines), body))
        elif isinstance(effect, Open):
            pieces = iter(self._script("CONNECT", {}, b""))
            if isinstance(refusal := next(pieces, b""), OSError):
                raise refusal
        elif isinstance(effect, Receive):
            return self._receive(effect.within)
        elif isinstance(effect, Load):
            if self._file is None:
                raise FileNotFoundError(effect.path)
            return self._file()
        elif isinstance(effect, Rest):
            self.rests.append(effect.seconds)
            self.clock.now += effect.seconds
        return None

    def _receive(self, within: float) -> bytes:
        for piece in self._pieces:
            if isinstance(piece, OSError):
                raise piece
            if isinstance(piece, bytes):
                return piece
            self.clock.now += min(piece, within)
            if piece > within:
                raise TimeoutError
        return b""


def board(clock: Clock | None = None) -> Board:
    return Board(clock=clock or Clock(), chance=lambda: 0.5)


def breaker(state: str = "closed", target: str = "it", op: str = "read", **more: Any) -> dict[str, Any]:
    advice = {"open": "deny", "half_open": "deny"}.get(state, "allow")
    ratio = 0.0 if advice == "deny" else 1.0
    return {"target": target, "op": op, "shard": "", "state": state, "advice": advice, "permit_ratio": ratio, **more}


def document(index: int, *breakers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"epoch": "boot", "index": index, "valid_for_ms": 10_000, "breakers": list(breakers), **more}


def answer(body: Any = b"", status: str = "200 OK", **headers: str) -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(data)}", *(f"{k.replace('_', '-')}: {v}" for k, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + data


STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


def event(kind: str, data: Any, index: int) -> bytes:
    return f"event: {kind}\nid: boot-{index}\ndata: {json.dumps(data)}\n\n".encode()
