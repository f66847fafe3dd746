"""From Alertmanager's format to a notifier's configuration; what refers to nothing is told with its place."""

from __future__ import annotations

from collections.abc import Callable, Container

from kvmon.tell.notify.alertmanager_file import AlertmanagerFile, RouteOptions, with_defaults
from kvmon.tell.notify.inhibit import InhibitRule
from kvmon.tell.notify.intervals import Interval
from kvmon.tell.notify.route import Route, route_key
from kvmon.tell.notify.routing import Receiver, Routing
from kvmon.tell.notify.templates import Library

Place = tuple[str | int, ...]
Complain = Callable[[Place, str], None]


def build(file: AlertmanagerFile, complain: Complain, *, external_url: str, library: Library | None = None) -> Routing | None:
    """The configuration, its texts with these templates to include; None if there was something to complain of."""
    complaints: list[Place] = []

    def tell(place: Place, text: str) -> None:
        complaints.append(place)
        complain(place, text)

    receivers: dict[str, Receiver] = {}
    for index, given in enumerate(file.receivers):
        if given.name in receivers:
            tell(("receivers", index, "name"), f"another receiver is called {given.name!r} already")
        try:
            filled = with_defaults(given, file.global_)
        except ValueError as error:
            tell(("receivers", index), str(error))
            continue
        ways = filled.integrations()
        receivers[given.name] = Receiver(
            given.name, ways if library is None else tuple(way.with_library(library) for way in ways)
        )
    intervals = _intervals(file, tell)
    _check(file.route, ("route",), {receiver.name for receiver in file.receivers}, intervals, tell)
    if complaints:
        return None
    inhibit = tuple(InhibitRule(rule.source(), rule.target(), rule.equal) for rule in file.inhibit_rules)
    original = file.model_dump_json(by_alias=True, exclude_defaults=True).replace("**********", "<secret>")
    return Routing(_route(file.route, Route(receiver=""), "{}", ""), receivers, inhibit, intervals, external_url, original)


def _intervals(file: AlertmanagerFile, tell: Complain) -> dict[str, tuple[Interval, ...]]:
    found: dict[str, tuple[Interval, ...]] = {}
    for section in ("mute_time_intervals", "time_intervals"):
        for index, named in enumerate(getattr(file, section)):
            if named.name in found:
                tell((section, index, "name"), f"other intervals are called {named.name!r} already")
            found[named.name] = named.time_intervals
    return found


def _check(route: RouteOptions, place: Place, names: Container[str], intervals: Container[str], tell: Complain) -> None:
    if len(place) == 1:
        if route.receiver is None:
            tell(place, "the first route must specify a receiver: it takes what no other does")
        if route.all_matchers() or route.continue_:
            tell(place, "the first route takes everything: it must not have any matchers, and no continue")
        if route.mute_time_intervals or route.active_time_intervals:
            tell(place, "the first route must not have any time intervals: it takes what no other does")
    if route.receiver is not None and route.receiver not in names:
        tell((*place, "receiver"), f"no receiver is called {route.receiver!r}")
    for word in ("mute_time_intervals", "active_time_intervals"):
        for index, name in enumerate(getattr(route, word)):
            if name not in intervals:
                tell((*place, word, index), f"no time interval is called {name!r}")
    for index, child in enumerate(route.routes):
        _check(child, (*place, "routes", index), names, intervals, tell)


def _route(given: RouteOptions, above: Route, key: str, place: str) -> Route:
    def said(value: float | None, inherited: float) -> float:
        return inherited if value is None else value

    grouped = above.group_by if given.group_by is None else None if given.group_by == ("...",) else given.group_by
    route = Route(
        receiver=given.receiver or above.receiver, key=key, place=place, matchers=given.all_matchers(), goes_on=given.continue_,
        group_by=grouped, group_wait=said(given.group_wait, above.group_wait),
        group_interval=said(given.group_interval, above.group_interval),
        repeat_interval=said(given.repeat_interval, above.repeat_interval),
        mute=given.mute_time_intervals, active=given.active_time_intervals,
    )  # fmt: skip
    children = tuple(
        _route(child, route, route_key(key, child.all_matchers()), f"{place}/{index}") for index, child in enumerate(given.routes)
    )
    return Route(**{name: getattr(route, name) for name in Route.__slots__ if name != "routes"}, routes=children)
