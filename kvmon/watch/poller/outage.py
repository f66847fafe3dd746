"""Whether a node is up and since when, said once when it changes."""

from __future__ import annotations

import structlog

from kvmon.model.snapshot import Failure
from kvmon.model.targets.target import Node
from kvmon.options import format_duration

_log = structlog.get_logger()

HINTS = {
    "dns": "check the host name and the resolver of the machine kvmon runs on",
    "refused": "nothing listens there: check port and whether the server runs",
    "unreachable": "check routes, firewalls and network policies between kvmon and the server",
    "timeout": "the server does not answer in time: check its load, the network, or raise the target's timeout",
    "tls": "check certificate authority, server name and TLS versions; kvmon doctor shows the handshake",
    "auth": "check username and password of the target",
    "noperm": "give the user the permissions that `kvmon acl` lists",
    "maxclients": "the server takes no more clients: raise maxclients or find who holds them",
    "protected": "the server is in protected mode: give it a password, or bind it otherwise",
    "loading": "the server reads its data from disk; wait",
    "busy": "a script or function blocks the server: see SCRIPT KILL and FUNCTION KILL",
    "masterdown": "the replica lost its primary: look at the primary",
    "clusterdown": "the cluster lacks slots or a majority: look at its other nodes",
    "closed": "the server or something on the way ends the connection: look at its log",
    "protocol": "what answers is no Redis or Valkey, or TLS is expected on one side only",
    "too_large": "what answers sends far more than it should",
    "unknown_command": "INFO was renamed or disabled: kvmon needs it",
    "error": "see the server's own words",
}
"""What to do, by reason."""


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
                hint=HINTS.get(failure.reason, ""),
            )
        self._known, self._down, self._reason = True, True, failure.reason
