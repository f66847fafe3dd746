"""A connection that answers from a table: for documentation, demonstrations, and tests that need no server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kvmon.errors import ConnectionLost, TargetError
from kvmon.model.conversation import Command, Refusal, Reply
from kvmon.model.targets.target import Node


class SimulatedConnection:
    """The interface of Connection. A command that `answers` lacks is refused, as an unknown command is.

    `failure`, when set, is raised by the next `connect` or `ask`, and the connection is closed then.
    """

    def __init__(self, node: Node, *, answers: Mapping[Command, Reply]) -> None:
        self.node = node
        self.answers = dict(answers)
        self.asked: list[Command] = []
        self.failure: TargetError | None = None
        self.connected = False
        self.connects = self.round_trips = self.bytes_in = self.bytes_out = 0
        self.since = 0.0

    async def connect(self, timeout: float) -> None:  # noqa: ARG002, ASYNC109 - the interface
        """See Connection."""
        self._fail()
        self.connected = True
        self.connects += 1

    async def ask(self, commands: Sequence[Command], timeout: float) -> list[Reply]:  # noqa: ARG002, ASYNC109 - the interface
        """See Connection."""
        self._fail()
        if not self.connected:
            raise ConnectionLost("closed", f"{self.node}: not connected")
        self.round_trips += 1
        self.asked += commands
        return [self._answer(command) for command in commands]

    async def close(self) -> None:
        """See Connection."""
        self.connected = False

    def _answer(self, command: Command) -> Reply:
        if command in self.answers:
            return self.answers[command]
        return Refusal("ERR", f"ERR unknown command '{command[0]!s}'")

    def _fail(self) -> None:
        failure, self.failure = self.failure, None
        if failure is not None:
            self.connected = False
            raise failure
