"""What every collector is: one question to one server, with options, asked in a conversation without any I/O."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from kvmon.model.conversation import Conversation
from kvmon.options import Options, Seconds
from kvmon.watch.collectors.server import Server


class Collector(Options):
    """One question. Its fields are its options; a subclass has its own type of memory.

    `every` is how often it is asked, in seconds; `enabled` whether it is asked at all.
    """

    name: ClassVar[str]
    """The word for options, logs and labels."""

    asks: ClassVar[tuple[str, ...]]
    """Its commands as rules of access control name them (`slowlog|get`)."""

    every: Seconds = 15.0
    enabled: bool = True

    def first(self) -> Any:
        """What it remembers before it ever asked."""
        return None

    def needs(self, server: Server) -> bool:
        """Whether this server can answer: told from version, mode and role, so that nobody is asked in vain."""
        del server
        return True

    def rights(self, server: Server) -> tuple[str, ...]:
        """Those of `asks` that this server is asked with these options."""
        del server
        return self.asks

    @abstractmethod
    def ask(self, server: Server, memory: Any) -> Conversation[Any]:
        """Ask, and return the samples with what to remember.

        Raises Unsupported where the server refuses, Malformed where its answer has another shape than documented.
        """
