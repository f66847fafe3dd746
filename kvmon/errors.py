"""Everything that may go wrong and is not a bug.

* KvmonError
  + UsageError          the command line, the configuration, a file: exit code 2
    - ConfigError       with the place (file, line) and what to do
    - PromqlError       what was asked is no PromQL, or PromQL that kvmon does not evaluate
  + EvaluationError     a query cannot be evaluated over what there is; the text is Prometheus'
  + TargetError         one node could not be asked; the others go on. `reason` is a label of metrics.
    - Unreachable       no usable connection: reasons dns, refused, unreachable, timeout (connecting)
    - TlsFailed         tls
    - Denied            the server knows us and says no: auth, noperm, maxclients, protected
    - Timeout           timeout (no answer within the deadline)
    - ConnectionLost    closed (the server or the network ended a connection in use)
    - ProtocolBroken    protocol, too_large (what came back is not what a Redis says)

A programming error is none of these: it ends the daemon, loudly.
"""

from __future__ import annotations


class KvmonError(Exception):
    """The root: catch it to catch everything kvmon raises on purpose."""


class UsageError(KvmonError):
    """A person has to change something before kvmon can go on; the message says what."""


class ConfigError(UsageError):
    """A configuration value is wrong.

    `where` is the place as a person can find it (`kvmon.yaml:12`, `environment REDIS_URL`), `hint` what to do.
    """

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        self.message = message
        self.where = where
        self.hint = hint
        super().__init__(str(self))

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.message}{advice}"


class PromqlError(UsageError):
    """A query is no PromQL, or has in it what kvmon does not evaluate."""


class EvaluationError(KvmonError):
    """A query cannot be evaluated over the data that there is now; the text is the one that Prometheus gives."""


class TargetError(KvmonError):
    """One node could not be asked. `reason` is a short word from a closed list, used as a label value."""

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        super().__init__(message)


class Unreachable(TargetError):
    """No connection came about."""


class TlsFailed(TargetError):
    """The TLS handshake failed: certificate, name, version."""


class Denied(TargetError):
    """The server refuses this user or one more client."""


class Timeout(TargetError):
    """No answer came within the deadline."""


class ConnectionLost(TargetError):
    """A connection in use was closed."""


class ProtocolBroken(TargetError):
    """The bytes that came back are no reply, or far too many."""
