"""CONFIG GET: the few settings that metrics need, asked for by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from kvmon.model.conversation import Answer, Command, Conversation, Reply
from kvmon.model.metrics.catalogue.config import (
    BUFFER_LIMIT,
    BUFFER_OVERCOME,
    NUMBERS,
    SETTING_NUMBER,
    SETTING_TEXT,
)
from kvmon.model.metrics.sample import Sample
from kvmon.options import Seconds
from kvmon.watch.collectors.base import Collector
from kvmon.watch.collectors.server import Server
from kvmon.watch.collectors.shapes import number, table, text

BUFFERS = "client-output-buffer-limit"
FOR_COMMANDLOG = "commandlog-"
SECRETS = frozenset({
    "requirepass", "masterauth", "primaryauth", "masteruser", "primaryuser", "tls-key-file-pass", "tls-client-key-file-pass",
    "aclfile", "user",
})  # fmt: skip
"""Never asked for, whoever asks."""

NUMERIC = (
    "slowlog-log-slower-than", "slowlog-max-len", "latency-monitor-threshold", "timeout", "tcp-keepalive", "repl-timeout",
    "min-replicas-to-write", "min-replicas-max-lag", "cluster-node-timeout", "maxmemory-samples",
)  # fmt: skip
TEXTUAL = ("maxmemory-policy", "appendonly", "appendfsync", "save", "latency-tracking")


class Config(Collector):
    """CONFIG GET. `settings` are exposed by their names, as numbers where they are some, else as text."""

    name: ClassVar[str] = "config"
    asks: ClassVar[tuple[str, ...]] = ("config|get",)
    every: Seconds = 300.0
    settings: tuple[str, ...] = (*NUMERIC, *TEXTUAL)

    def first(self) -> Mapping[str, str]:
        """No setting is known."""
        return {}

    def needs(self, server: Server) -> bool:
        """A Sentinel has a command of its own for this."""
        return server.mode != "sentinel"

    def names(self, server: Server) -> tuple[str, ...]:
        """What to ask for: only what this server may have, in a fixed order, without secrets."""
        wanted = [name for name in NUMBERS if not name.startswith(FOR_COMMANDLOG) or has_commandlog(server)]
        return tuple(dict.fromkeys([*wanted, BUFFERS, *(name for name in self.settings if _harmless(name))]))

    def ask(self, server: Server, memory: Mapping[str, str]) -> Conversation[Mapping[str, str]]:
        """One question with all names; before 7.0, which takes one name, one question each in one pipeline.

        What it said is remembered, for those who look for changes.
        """
        del memory
        names = self.names(server)
        several = server.version >= (7, 0, 0)
        questions: list[Command] = [("CONFIG", "GET", *names)] if several else [("CONFIG", "GET", name) for name in names]
        replies = yield questions
        found: dict[str, Reply] = {}
        for reply in replies:
            found.update(table("CONFIG GET", reply))
        texts = {name: text("CONFIG GET", value) for name, value in found.items()}
        return Answer(_samples(texts, self.settings), texts)


def has_commandlog(server: Server) -> bool:
    """Valkey 8.1 brought it."""
    return server.software == "valkey" and server.version >= (8, 1, 0)


def _harmless(name: str) -> bool:
    return name.lower() not in SECRETS and name.replace("-", "").isalnum()


def _samples(found: Mapping[str, str], settings: Sequence[str]) -> list[Sample]:
    samples = []
    for name, spec in NUMBERS.items():
        value = number(found.get(name))
        if value is not None:
            samples.append(Sample(spec, value))
    samples += _buffers(found.get(BUFFERS, ""))
    for name in settings:
        if name in found and _harmless(name):
            value = number(found[name])
            number_like = value is not None
            samples.append(Sample(SETTING_TEXT, 1.0, (name, found[name])))
            if number_like:
                samples.append(Sample(SETTING_NUMBER, value or 0.0, (name,)))
    return samples


def _buffers(setting: str) -> list[Sample]:
    """`normal 0 0 0 slave 268435456 67108864 60`: class, hard and soft limit, seconds above the soft one."""
    words = setting.split()
    samples = []
    for place in range(0, len(words) - 3, 4):
        kind = words[place]
        hard, soft, seconds = (number(word) for word in words[place + 1 : place + 4])
        if hard is not None and soft is not None and seconds is not None:
            samples += [
                Sample(BUFFER_LIMIT, hard, (kind, "hard")),
                Sample(BUFFER_LIMIT, soft, (kind, "soft")),
                Sample(BUFFER_OVERCOME, seconds, (kind, "soft")),
            ]
    return samples
