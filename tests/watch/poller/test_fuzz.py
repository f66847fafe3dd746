"""A server that answers nonsense is the server's fault: the poller reports it and goes on."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from kvmon.clock import ManualClock
from kvmon.model.conversation import Command, Refusal, Reply
from kvmon.model.targets.address import Address
from kvmon.model.targets.target import Node, Target
from kvmon.watch.collectors import Collectors
from kvmon.watch.poller import NodePoller
from kvmon.watch.wire import SimulatedConnection

INFOS = [file.read_bytes() for file in sorted((Path(__file__).parents[2] / "replies").glob("*/info*.txt"))]
NODE = Target("it", (Address("127.0.0.1", 1),)).nodes[0]

REFUSALS = st.sampled_from((
    Refusal("ERR", "ERR unknown command 'x'"), Refusal("NOPERM", "NOPERM no permissions"), Refusal("LOADING", "LOADING"),
))  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**64), 2**64), st.floats(), st.binary(max_size=12), st.text(max_size=6), REFUSALS,
    st.sampled_from((b"nan", b"inf", b"-1", b"1e999", b"a=b=c", b"id=1 name=x addr=", b"name", b"reason", b"total.allocated")),
)  # fmt: skip
REPLIES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=6), max_leaves=12)


class Nonsense(SimulatedConnection):
    """INFO is a recorded one, with a few bytes changed; anything else is anything."""

    def __init__(self, of: Node, data: st.DataObject) -> None:
        super().__init__(of, answers={})
        self.data = data

    async def ask(self, commands: Sequence[Command], timeout: float) -> list[Reply]:  # noqa: ARG002, ASYNC109
        return [self.info() if command[0] == "INFO" else self.data.draw(REPLIES) for command in commands]

    def info(self) -> bytes:
        text = bytearray(self.data.draw(st.sampled_from(INFOS)))
        for place, byte in self.data.draw(st.lists(st.tuples(st.integers(0, len(text) - 1), st.integers(0, 255)), max_size=8)):
            text[place] = byte
        return bytes(text)


@settings(max_examples=40)
@given(st.data())
async def test_nonsense_never_raises_and_gives_only_numbers(data: st.DataObject) -> None:
    clock = ManualClock()
    poller = NodePoller(NODE, Collectors(), clock=clock, connect=lambda node: Nonsense(node, data))
    for _ in range(3):
        clock.advance(data.draw(st.sampled_from((1.0, 15.0, 700.0))))
        snapshot = await poller.poll(clock.monotonic())
        for sample in snapshot.samples:
            if sample.spec.name.startswith("kvmon_"):
                assert isfinite(sample.value), sample
