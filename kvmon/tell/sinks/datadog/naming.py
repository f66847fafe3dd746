"""Which metrics are sent, and what they are called there."""

from __future__ import annotations

import re

from kvmon.tell.sinks.datadog.names import PREFIX
from kvmon.tell.sinks.datadog.options import DatadogOptions

KEPT = 5_000
"""Names that are remembered; there are some hundreds."""


class Naming:
    """Filters and renames; a name is looked at once."""

    def __init__(self, options: DatadogOptions) -> None:
        self._beginning = f"{options.namespace}."
        self._include = [re.compile(pattern) for pattern in options.include]
        self._exclude = [re.compile(pattern) for pattern in options.exclude]
        self._known: dict[str, str | None] = {}

    def of(self, name: str) -> str | None:
        """The name to send, which the patterns are for; None where it is not sent."""
        if name in self._known:
            return self._known[name]
        renamed = self.renamed(name)
        wanted = not self._include or self._any(self._include, renamed)
        found = renamed if wanted and not self._any(self._exclude, renamed) else None
        if len(self._known) < KEPT:
            self._known[name] = found
        return found

    def renamed(self, name: str) -> str:
        """The name of a metric or a check with the configured beginning."""
        return self._beginning + name.removeprefix(PREFIX) if name.startswith(PREFIX) else name

    @staticmethod
    def _any(patterns: list[re.Pattern[str]], name: str) -> bool:
        return any(pattern.fullmatch(name) for pattern in patterns)
