"""Variables that can say where they come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping


class Environment(Mapping[str, str]):
    """The variables; an empty one counts as not set. `flags` names the flag that set a variable, where one did."""

    def __init__(self, variables: Mapping[str, str], flags: Mapping[str, str]) -> None:
        self._variables = {name: value for name, value in variables.items() if value.strip()}
        self._flags = flags

    def __getitem__(self, name: str) -> str:
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)

    def __repr__(self) -> str:
        return f"Environment({sorted(self._variables)})"  # values may be secrets

    def by_flag(self, name: str) -> bool:
        """Whether a flag set it."""
        return name in self._flags

    def place(self, name: str) -> str:
        """Where a person finds it: `environment REDIS_URL`, or the flag."""
        return self._flags.get(name) or f"environment {name}"
