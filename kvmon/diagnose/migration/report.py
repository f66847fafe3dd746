"""What a comparison came to: a document, for people and programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kvmon.diagnose.migration.verdicts import KINDS, Tally
from kvmon.diagnose.migration.walk import Walk


def report(  # noqa: PLR0913 - what is told beside the counts
    names: Sequence[str], walk: Walk | None, tally: Tally, seconds: float, *, one_of: int, failure: str = ""
) -> dict[str, Any]:
    """The document. `same` says that all was compared, and nothing differs or is unread; ratios are of the compared keys."""
    courses = list(walk.courses.items()) if walk is not None else []
    failures = [failure] * bool(failure) + [course.failure for _, course in courses if course.failure]
    expected = sum(course.expected for _, course in courses)
    met = sum(course.expected if course.done else min(course.met, course.expected) for _, course in courses)
    complete = walk is not None and walk.done and not failures
    doors = [*walk.looker.source.doors, *walk.looker.destination.doors] if walk is not None else []
    found = tally.document()
    return {
        "source": names[0],
        "destination": names[1],
        "complete": complete,
        "same": complete and not tally.different and not tally.unread,
        "progress": 1.0 if complete else round(met / expected, 4) if expected else 0.0,
        "seconds": round(seconds, 3),
        "commands": sum(door.walker.spent.commands for door in doors),
        "server_seconds": round(sum(door.walker.spent.seconds for door in doors), 4),
        "one_of": one_of,
        **found,
        "ratios": {kind: round(tally.differences[kind] / tally.compared, 6) if tally.compared else 0.0 for kind in KINDS},
        "failures": failures,
    }
