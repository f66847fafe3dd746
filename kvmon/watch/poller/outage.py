"""Whether a node is up and since when, said once when it changes."""

from __future__ import annotations

import structlog

from kvmon.model.reasons import reason
from kvmon.model.snapshot import Failure
from kvmon.model.targets.target import Node
from kvmon.options import format_duration

_log = structlog.get_logger()


class Outage:
    """The state of one node: `since` is the wall time at which it came to be as it is, 0 before the first poll."""

    __slots__ = ("_down", "_known", "_node", "_reason", "since")

    def __init__(self, node: Node) -> None:
        self._node = node
        self._known = False
        self._down = False
        self._reason = ""
        self.since = 0.0

    @property
    def down(self) -> bool:
        """Whether the last poll failed."""
        return self._down

    def ended(self, at: float) -> None:
        """The node answered, at this wall time."""
        if self._down:
            after = format_duration(max(0.0, at - self.since))
            _log.info("target is up again", target=self._node.target.name, instance=self._node.instance, after=after)
        if self._down or not self._known:
            self.since = at
        self._known, self._down, self._reason = True, False, ""

    def goes_on(self, failure: Failure, at: float) -> None:
        """The node did not answer, at this wall time; another reason than before is worth another line."""
        if not self._down:
            self.since = at
        if failure.reason != self._reason:
            _log.warning(
                "target is down",
                target=self._node.target.name,
                instance=self._node.instance,
                reason=failure.reason,
                error=failure.message,
                since=round(self.since, 3),
                hint=reason(failure.reason).todo,
            )
        self._known, self._down, self._reason = True, True, failure.reason
