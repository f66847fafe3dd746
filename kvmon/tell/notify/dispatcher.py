"""Alerts in, promises out: groups and when they are due. No socket, no task, no clock inside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from kvmon.judge.promql.work import Work
from kvmon.model.alert import Labels, Notice
from kvmon.tell.notify.group import Told, reason_to_tell, told
from kvmon.tell.notify.held import Held
from kvmon.tell.notify.payload import Payload, payload
from kvmon.tell.notify.route import Route
from kvmon.tell.notify.routing import Routing

Muted = Callable[[Held], bool]
Lane = tuple[str, str]
"""A way of telling, `team/webhook/0`, and the group that is told of by it."""


@dataclass(frozen=True, slots=True)
class Promise:
    """A message that is to be delivered through one integration, `team/webhook/0`."""

    way: str
    grouping: str
    message: Payload
    lasts: float
    """Seconds after which it is told again anyway."""


@dataclass(frozen=True, slots=True)
class Flush:
    """What is to become durable in one transaction: promises, what was told, and alerts that are done with."""

    promises: tuple[Promise, ...]
    told: Mapping[Lane, Told]
    gone: tuple[str, ...]


@dataclass(slots=True)
class Group:
    """Alerts that are told together."""

    route: Route
    labels: Labels
    due: float
    flushed: bool = False
    alerts: set[str] = field(default_factory=set)


class Dispatcher:
    """Groups alerts by their routes, and says what is to be told when."""

    def __init__(self, routing: Routing, *, alerts: Iterable[Held] = (), told: Mapping[Lane, Told], now: float) -> None:
        self._routing = routing
        self.alerts: dict[str, Held] = {}
        self.told = dict(told)
        self.groups: dict[tuple[str, Labels], Group] = {}
        for held in alerts:
            self._put(held, now)

    def take(self, notices: Iterable[Notice], now: float) -> list[Held]:
        """Hold these, and give those that are new or changed. One that is over and was not held is nothing."""
        changed: list[Held] = []
        for notice in notices:
            held = Held(notice, now)
            before = self.alerts.get(held.fingerprint)
            if before is None and held.resolved(now):
                continue
            held = before.merged(held) if before is not None else held
            self._put(held, now)
            changed.append(held)
        return changed

    def due(self) -> float | None:
        """When the next group is due (wall seconds)."""
        return min((group.due for group in self.groups.values()), default=None)

    def flush(self, now: float, muted: Muted) -> Work[Flush]:
        """What the groups that are due have to tell. Nothing is changed, nor may be, before `done` is told of it."""
        promises: list[Promise] = []
        news: dict[Lane, Told] = {}
        over = {ident for ident, held in self.alerts.items() if held.resolved(now)}
        waiting: set[str] = set()
        for group in self.groups.values():
            if group.due > now:
                waiting |= group.alerts & over
            else:
                yield from self._tell(group, now, muted, promises, news)
            yield
        return Flush(tuple(promises), news, tuple(sorted(over - waiting)))

    def done(self, flush: Flush, now: float) -> None:
        """The flush is durable: the groups go on."""
        self.told.update(flush.told)
        gone = {ident for ident in flush.gone if self.alerts[ident].resolved(now)}
        for place, group in list(self.groups.items()):
            if group.due <= now:
                group.flushed = True
                group.due = now + group.route.group_interval
                group.alerts -= {ident for ident in group.alerts if self.alerts[ident].resolved(now)}
            if not group.alerts:
                del self.groups[place]
        for ident in gone:
            del self.alerts[ident]

    def forgotten(self, now: float) -> list[Lane]:
        """What was told of groups that are long over: nobody asks about it any more."""
        alive = {group.route.group_key(group.labels) for group in self.groups.values()}
        longest = 2 * max(route.repeat_interval for route in self._routing.route.walk())
        return [key for key, entry in self.told.items() if key[1] not in alive and entry.at + longest < now]

    def forget(self, keys: Iterable[Lane]) -> None:
        """Of `forgotten`, once the journal has forgotten them too."""
        for key in keys:
            self.told.pop(key, None)

    def _put(self, held: Held, now: float) -> None:
        self.alerts[held.fingerprint] = held
        for route in self._routing.route.match(held.labels):
            labels = route.group_labels(held.notice.labels)
            group = self.groups.get((route.place, labels))
            if group is None:
                group = self.groups[route.place, labels] = Group(route, labels, self._first(route, labels, now))
            group.alerts.add(held.fingerprint)
            if not group.flushed and held.notice.starts_at + route.group_wait < now:
                group.due = min(group.due, max(now, self._last(route, labels) + route.group_interval))

    def _first(self, route: Route, labels: Labels, now: float) -> float:
        return max(now + route.group_wait, self._last(route, labels) + route.group_interval)

    def _last(self, route: Route, labels: Labels) -> float:
        """When this group was last told of, while something it told still fires: a restart keeps the pace."""
        grouping = route.group_key(labels)
        receiver = self._routing.receivers[route.receiver]
        entries = [self.told.get((key, grouping)) for key, _ in receiver.ways()]
        return max((entry.at for entry in entries if entry is not None and entry.firing), default=float("-inf"))

    def _tell(self, group: Group, now: float, muted: Muted, promises: list[Promise], news: dict[Lane, Told]) -> Work[None]:
        if self._routing.muted_by(group.route, now):
            return
        alerts: list[Held] = []
        for held in [self.alerts[ident] for ident in group.alerts]:
            if not muted(held):
                alerts.append(held)
            yield
        if not alerts:
            return
        grouping = group.route.group_key(group.labels)
        fresh = told(alerts, now)
        messages: dict[tuple[str, bool], Payload] = {}
        for key, integration in self._routing.receivers[group.route.receiver].ways():
            reason = reason_to_tell(
                self.told.get((key, grouping)), fresh,
                send_resolved=integration.send_resolved, repeat_interval=group.route.repeat_interval,
            )  # fmt: skip
            if not reason:
                continue
            news[key, grouping] = fresh
            sent = alerts if integration.send_resolved else [held for held in alerts if not held.resolved(now)]
            if not sent:
                continue
            kind = reason, len(sent) == len(alerts)
            if kind not in messages:
                messages[kind] = yield from payload(
                    sent, now, receiver=group.route.receiver, reason=reason, group_labels=group.labels, group_key=grouping,
                    external_url=self._routing.external_url,
                )  # fmt: skip
            promises.append(Promise(key, grouping, messages[kind], group.route.repeat_interval))
