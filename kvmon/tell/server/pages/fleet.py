"""`/`: all targets, sorted by trouble; what fires; what was slow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from kvmon.tell.server.keys import VIEW
from kvmon.tell.server.pages.alarms import Alarm, alarms
from kvmon.tell.server.pages.patient import Patient, patients
from kvmon.tell.server.pages.rendering import page
from kvmon.tell.server.pages.texts import ago_text
from kvmon.tell.server.pages.trouble import WORDS
from kvmon.tell.server.view import SlowCommand, View

PER_PAGE = 48
FIRING, SLOW = 8, 8
"""Alerts and slow commands that are shown here; the rest is a click away."""

LOOKED_AT = 100
"""Targets whose slow logs are looked at."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Which of the targets a page shows, and where the others are."""

    patients: Sequence[Patient]
    number: int
    pages: int
    matching: int
    query: str
    word: str

    @property
    def parts(self) -> Sequence[tuple[str, Sequence[Patient]]]:
        """Those in trouble, and those that are well; none that is empty."""
        ill = [patient for patient in self.patients if patient.troubles]
        well = [patient for patient in self.patients if not patient.troubles]
        return [(title, part) for title, part in (("In trouble", ill), ("Well", well)) if part]

    def address(self, **other: object) -> str:
        """The address of the same page but for what is other."""
        asked = {"q": self.query, "show": self.word, "page": self.number if self.number > 1 else "", **other}
        return "/?" + urlencode({name: value for name, value in asked.items() if value not in ("", None)})


async def fleet(request: web.Request) -> web.Response:
    """The whole, or what `?q=` finds and `?show=` chooses, page by page."""
    view = request.app[VIEW]
    ringing = alarms(view)
    everyone = await patients(view, ringing)
    counts = {word: sum(patient.word == word for patient in everyone) for word in WORDS}
    shown = choose(everyone, request.query.get("q", ""), request.query.get("show", ""), request.query.get("page", ""))
    return await page(
        request, "fleet.html", counts=counts, everyone=len(everyone), shown=shown, headline=headline(view, everyone),
        alarms=grouped(ringing)[:FIRING],
        ringing=count(ringing), breakers=len([verdict for verdict in view.verdicts().all if verdict.advice != "allow"]),
        tilt=view.verdicts().tilt, slow=_slow(view, everyone),
    )  # fmt: skip


def grouped(ringing: Sequence[Alarm]) -> list[tuple[Alarm, int]]:
    """The alerts that fire, those of one name and target as one, with how many they are."""
    found: dict[tuple[str, str, bool], list[Alarm]] = {}
    for alarm in ringing:
        if alarm.state == "firing" and alarm.severity != "none":
            found.setdefault((alarm.name, alarm.target, alarm.loud), []).append(alarm)
    return [(alike[0], len(alike)) for alike in found.values()]


def count(ringing: Sequence[Alarm]) -> int:
    """The alerts that fire and that nobody silenced."""
    return sum(alarm.loud for alarm in ringing)


def choose(everyone: Sequence[Patient], query: str, word: str, number: str) -> Shown:
    """The page of that number (text, from 1) of those that match."""
    query = query[:100]
    wanted = query.lower().split()
    found = [
        patient
        for patient in everyone
        if (word not in WORDS or patient.word == word) and all(part in _about(patient) for part in wanted)
    ]
    pages = max(1, -(-len(found) // PER_PAGE))
    at = min(pages, max(1, int(number))) if number.isascii() and number.isdigit() and len(number) < 7 else 1
    return Shown(found[(at - 1) * PER_PAGE : at * PER_PAGE], at, pages, len(found), query, word if word in WORDS else "")


def _about(patient: Patient) -> str:
    target = patient.target
    labels = (f"{name}={value}" for name, value in target.labels.items())
    return " ".join(
        (target.name, target.provider.name, patient.word, *labels, *(s.node.instance for s in patient.states))
    ).lower()


def headline(view: View, everyone: Sequence[Patient]) -> str:
    """The whole in a sentence: what is ill, or that nothing is."""
    ill = [patient for patient in everyone if patient.word in ("down", "degraded")]
    if not everyone:
        return "No targets are configured."
    if not ill:
        rest = sum(patient.word != "well" for patient in everyone)
        return f"Nothing is down. {rest} to look at." if rest else "All is well."
    first, worst = ill[0], ill[0].worst
    since = f" for {ago_text(view.clock.time() - worst.since)}" if worst and worst.since else ""
    others = f", and {len(ill) - 1} more" if len(ill) > 1 else ""
    return f"{first.name} is {first.word}{since}{others}."


def _slow(view: View, everyone: Sequence[Patient]) -> list[tuple[str, SlowCommand]]:
    found = [(p.name, slow) for p in everyone[:LOOKED_AT] for slow in view.slow_commands(p.target)[:SLOW]]
    return sorted(found, key=lambda pair: pair[1].at, reverse=True)[:SLOW]
