"""Holds a collector's conversation: with a real server, or with replies that the test makes up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from hypothesis import HealthCheck, settings, strategies

from kvmon.clock import SystemClock
from kvmon.model.conversation import Answer, Command, Malformed, Refusal, Reply, Unsupported
from kvmon.model.metrics.sample import Sample
from kvmon.model.targets.address import Address
from kvmon.model.targets.target import Node, Target
from kvmon.watch.collectors.base import Collector
from kvmon.watch.collectors.server import Server, server_of
from kvmon.watch.wire import Connection
from tests.servers import server as real

PATIENCE = 30.0
PATIENT = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
"""Slow machines are no failures."""

VALKEY = Server(software="valkey", version=(9, 1, 0), run_id="a" * 40)
REDIS = Server(software="redis", version=(6, 2, 0), run_id="b" * 40)
DENIED = Refusal("NOPERM", "NOPERM this user has no permissions to run the command")

Values = dict[tuple[str, ...], float]


def talk(collector: Collector, server: Server, memory: Any, answer: Callable[[Command], Reply]) -> Answer[Any]:
    """What the collector learns from the replies that `answer` gives to its commands."""
    conversation = collector.ask(server, memory)
    commands = next(conversation)
    try:
        while True:
            commands = conversation.send([answer(command) for command in commands])
    except StopIteration as end:
        found: Answer[Any] = end.value
        return found


def always(reply: Reply) -> Callable[[Command], Reply]:
    """Answers every command alike."""
    return lambda _: reply


async def ask(collector: Collector, server: real.Server, memory: Any = None, *, login: Sequence[str] = ()) -> Answer[Any]:
    """What the collector learns from a real server, over the real wire."""
    address = Address("127.0.0.1", server.port)
    connection = Connection(Node(Target("cache", (address,)), address), clock=SystemClock())
    await connection.connect(PATIENCE)
    try:
        if login:
            await connection.ask([("AUTH", *login)], PATIENCE)
        conversation = collector.ask(described(server), collector.first() if memory is None else memory)
        commands = next(conversation)
        while True:
            try:
                commands = conversation.send(await connection.ask(commands, PATIENCE))
            except StopIteration as end:
                found: Answer[Any] = end.value
                return found
    finally:
        await connection.close()


def described(server: real.Server) -> Server:
    return server_of(server.info("server"))


def values(samples: Iterable[Sample]) -> Values:
    """Values by name (with suffix) and labels; the same series twice fails."""
    found: Values = {}
    for sample in samples:
        key = (sample.spec.name + sample.suffix, *sample.labels)
        assert key not in found, f"{key} twice"
        assert len(sample.labels) == len(sample.spec.labels) + (sample.suffix == "_bucket")
        found[key] = sample.value
    return found


refusals = strategies.builds(Refusal, strategies.sampled_from(["ERR", "NOPERM", "LOADING"]), strategies.text(max_size=20))
words = strategies.sampled_from(
    [b"calls", b"histogram_usec", b"reason", b"count", b"entry-id", b"db.0", b"keys.count", b"maxmemory"]
)
simple = strategies.one_of(
    strategies.none(), strategies.booleans(), strategies.integers(), strategies.floats(), strategies.binary(max_size=20),
    strategies.text(max_size=20), words, refusals,
)  # fmt: skip
replies = strategies.recursive(simple, lambda inner: strategies.lists(inner, max_size=6), max_leaves=20)
"""Anything that a server, or what calls itself one, may answer."""


def check_any_shape(collector: Collector, given: strategies.DataObject) -> None:
    """Whatever comes, a collector answers with finite or refuses in its own words."""
    for server in (VALKEY, REDIS):
        memory = collector.first()
        for _ in range(2):
            try:
                found = talk(collector, server, memory, lambda _: given.draw(replies))
            except (Malformed, Unsupported):
                continue
            memory = found.memory
            for sample in found.samples:
                assert abs(float(sample.value)) < float("inf")
                assert all(isinstance(label, str) for label in sample.labels)
