"""The connection that answers from a table."""

from __future__ import annotations

import pytest

from kvmon.errors import ConnectionLost, Timeout
from kvmon.model.conversation import Refusal
from kvmon.watch.wire import SimulatedConnection
from tests.watch.wire.conftest import node


async def test_it_answers_what_it_was_told_and_refuses_the_rest() -> None:
    wire = SimulatedConnection(node(1), answers={("PING",): b"PONG"})
    with pytest.raises(ConnectionLost):
        await wire.ask([("PING",)], 1.0)
    await wire.connect(1.0)
    pong, refusal = await wire.ask([("PING",), ("NOSUCH", 1)], 1.0)
    assert pong == b"PONG"
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "unknown_command"
    assert wire.asked == [("PING",), ("NOSUCH", 1)]


async def test_it_fails_once_when_told_to() -> None:
    wire = SimulatedConnection(node(1), answers={})
    await wire.connect(1.0)
    wire.failure = Timeout("timeout", "told to")
    with pytest.raises(Timeout):
        await wire.ask([("PING",)], 1.0)
    assert not wire.connected
    await wire.connect(1.0)
    assert wire.connected
