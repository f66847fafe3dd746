"""The tree of routes: which receivers an alert goes to, and what is told together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kvmon.model.alert import Labels
from kvmon.tell.notify.matchers import Matcher, matches_all, quoted


@dataclass(frozen=True, slots=True)
class Route:
    """A node of the tree, with what it inherits filled in. Times are seconds.

    `key` names it as Alertmanager's group keys do, `place` is its place in the tree and unlike any other's. `group_by` None
    means every label.
    """

    receiver: str
    key: str = "{}"
    place: str = ""
    matchers: tuple[Matcher, ...] = ()
    goes_on: bool = False
    group_by: tuple[str, ...] | None = ()
    group_wait: float = 30.0
    group_interval: float = 300.0
    repeat_interval: float = 4 * 3600.0
    mute: tuple[str, ...] = ()
    """Names of the intervals in which it tells nothing."""
    active: tuple[str, ...] = ()
    """Names of those outside of which it tells nothing; none: always."""
    routes: tuple[Route, ...] = ()

    def match(self, labels: Mapping[str, str]) -> list[Route]:
        """The routes that take an alert: the deepest that match, of siblings the first unless it says `continue`."""
        if not matches_all(self.matchers, labels):
            return []
        found: list[Route] = []
        for child in self.routes:
            taken = child.match(labels)
            found += taken
            if taken and not child.goes_on:
                break
        return found or [self]

    def group_labels(self, labels: Labels) -> Labels:
        """The labels that say which group of this route an alert belongs to."""
        return labels if self.group_by is None else tuple(pair for pair in labels if pair[0] in self.group_by)

    def group_key(self, group_labels: Labels) -> str:
        """As Alertmanager writes it: `{}/{team="web"}:{alertname="RedisDown"}`."""
        return f"{self.key}:{{{', '.join(f'{name}={quoted(value)}' for name, value in group_labels)}}}"

    def walk(self) -> Iterator[Route]:
        """It and all below."""
        yield self
        for child in self.routes:
            yield from child.walk()


def route_key(parent: str, matchers: tuple[Matcher, ...]) -> str:
    """The key of a route below `parent`."""
    return f"{parent}/{{{','.join(str(matcher) for matcher in matchers)}}}"
