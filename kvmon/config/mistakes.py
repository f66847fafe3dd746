"""Mistakes are collected, so that a person sees all of them at once."""

from __future__ import annotations

from collections.abc import Sequence

from kvmon.errors import ConfigError, UsageError


class Mistakes(UsageError):
    """One or more mistakes in a configuration; its text has a line for each, in the order in which they stand."""

    def __init__(self, errors: Sequence[ConfigError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(str(error) for error in self.errors))


class Ledger:
    """Where the steps of loading write down what they find."""

    def __init__(self) -> None:
        self.errors: list[ConfigError] = []

    def add(self, message: str, *, where: str = "", hint: str = "") -> None:
        """One more mistake; the same one twice is one."""
        error = ConfigError(message, where=where, hint=hint)
        if str(error) not in {str(other) for other in self.errors}:
            self.errors.append(error)

    def raise_any(self) -> None:
        """Raise Mistakes if there is one."""
        if self.errors:
            raise Mistakes(sorted(self.errors, key=_order))


def _order(error: ConfigError) -> tuple[str, int]:
    """By file and line; sorting keeps the order of those that have no line."""
    file, colon, line = error.where.rpartition(":")
    return (file, int(line)) if colon and line.isdigit() else (error.where, 0)
