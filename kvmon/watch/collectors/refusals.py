"""Several commands in one collector, of which the server may refuse some for good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kvmon.model.conversation import Command, Refusal, Reply, expect

REST = 240
"""So many rounds a refused command is left out before it is tried again: each try may be an entry in the server's ACL log."""


@dataclass(frozen=True, slots=True)
class Refusals:
    """Which commands are left out, by name, and for how many rounds yet."""

    rests: Mapping[str, int] = field(default_factory=dict)

    def allowed(self, commands: Sequence[Command]) -> list[Command]:
        """The commands to ask this time; all of them when every one rests."""
        return [command for command in commands if name_of(command) not in self.rests] or list(commands)

    def after(self, commands: Sequence[Command], replies: Sequence[Reply]) -> tuple[dict[str, Reply], Refusals]:
        """The replies by the commands' names, without refusals, and what to leave out from now on.

        Raises Unsupported when the server refused everything that was asked.
        """
        named = dict(zip([name_of(command) for command in commands], replies, strict=False))
        given: dict[str, Reply] = {name: reply for name, reply in named.items() if not isinstance(reply, Refusal)}
        if not given:
            for name, reply in named.items():
                expect(name, reply)
        rests = {name: rounds - 1 for name, rounds in self.rests.items() if rounds > 1}
        lasting = [name for name, reply in named.items() if isinstance(reply, Refusal) and reply.lasting]
        return given, Refusals({**rests, **dict.fromkeys(lasting, REST)})


def name_of(command: Command) -> str:
    """What a command is called here: its words without numbers, `SLOWLOG GET`."""
    return " ".join(str(word) for word in command if isinstance(word, str))
