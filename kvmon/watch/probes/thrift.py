"""Whether a canary would make the server save: by itself it writes so seldom that every save rule deserves care."""

from __future__ import annotations

from kvmon.model.conversation import Command, Refusal, Reply
from kvmon.watch.probes.told import fields_of, text_of

RULES: Command = ("CONFIG", "GET", "save")
"""What tells the save rules."""

CHANGES: Command = ("INFO", "persistence")
"""What tells how much has changed since the last save."""

SHARE = 0.1
"""Of what others have changed since the last save; so much may be added to it. No save comes noticeably sooner by that."""


class Thrift:
    """Knows the save rules of one server, and how many canaries it took since it last saved.

    A rule counts changes since the last save without an end: `save 300 100` is met by one SET every 4 s, after 400 s, and
    `save 3600 1` by a single one. Where there are no rules nothing is spared; where they are not told there may be some.
    `managed`: its provider saves by the clock, and does not tell settings.
    """

    def __init__(self, *, managed: bool = False) -> None:
        self.may_ask = not managed
        self._rules: str | None = "" if managed else None
        self._saved = ""
        self._written = 0

    @property
    def careful(self) -> bool:
        """Whether a change may come to a save."""
        return self._rules != ""

    def hear(self, reply: Reply) -> None:
        """What the server said to RULES. One that does not say is not asked again."""
        if isinstance(reply, Refusal):
            self.may_ask = not reply.lasting
        elif isinstance(reply, list) and len(reply) == 2:
            self._rules = text_of(reply[1]).strip()

    def wrote(self) -> None:
        """The server took a canary."""
        self._written += 1

    def spares(self, persistence: str) -> bool:
        """Whether one more would weigh among what others have changed, by what the server said to CHANGES."""
        told = fields_of(persistence)
        changes, saved = told.get("rdb_changes_since_last_save", ""), told.get("rdb_last_save_time", "")
        if not self.careful or not changes.isdigit():
            return False
        if saved != self._saved:
            self._saved, self._written = saved, 0
        return self._written + 1 > SHARE * (int(changes) - self._written)
