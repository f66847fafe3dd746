"""Whole key spaces compared: every key of the source, then those that only the destination has. It can be gone on with."""

from __future__ import annotations

import asyncio
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from kvmon.diagnose.migration.looking import OWN, PAUSE, TRIES, Looker
from kvmon.diagnose.migration.sides import Door, Side
from kvmon.errors import ProtocolBroken, TargetError
from kvmon.model.conversation import Command, Reply, Unsupported, expect
from kvmon.watch.collectors.shapes import array, text
from kvmon.watch.scans.pacing import COUNT, FIRST, fitting, roomy
from kvmon.watch.scans.tally import chosen

_LINE = re.compile(r"db(\d+):keys=(\d+)")

Sort = Callable[[bytes], object]


@dataclass(slots=True)
class Course:
    """How far the key space of a node was gone through: databases that are left, and the cursor in the first of them.

    `count` is what SCAN is told.
    """

    run_id: str = ""
    left: list[int] = field(default_factory=list)
    cursor: str = "0"
    met: int = 0
    expected: int = 0
    done: bool = False
    failure: str = ""
    count: int = FIRST


class Walk:
    """Goes through all nodes of both sides. `courses` are by the side's word and the node.

    `halvings`: one key of 2 ** halvings is compared. `wanted` tells by name which keys are of concern, `db` names one database.
    `extra`: the destination is gone through too.
    """

    def __init__(  # noqa: PLR0913 - what a user may choose, by name
        self,
        looker: Looker,
        *,
        halvings: int = 0,
        wanted: Sort = lambda _: True,
        db: int | None = None,
        extra: bool = True,
        stepped: Callable[[], None] = lambda: None,
    ) -> None:
        self.looker = looker
        self.courses: dict[tuple[str, str], Course] = {}
        self._halvings = halvings
        self._wanted = wanted
        self._db = db
        self._extra = extra
        self._stepped = stepped
        self._busy = asyncio.Lock()

    @property
    def done(self) -> bool:
        """Whether all was gone through and every difference was looked at again."""
        courses = self.courses.values()
        return bool(courses) and all(course.done for course in courses) and not self.looker.suspects

    async def run(self) -> None:
        """Go through what is left. What fails is told in the courses."""
        for word, side in (("source", self.looker.source), ("destination", self.looker.destination)):
            if word == "source" or self._extra:
                for door in side.doors:
                    self.courses.setdefault((word, door.instance), Course())
        await self._over(self.looker.source, "source")
        if self._extra and not self._failed():
            await self._over(self.looker.destination, "destination")
        if not self._failed():
            await self.looker.settle()
            self._stepped()

    def _failed(self) -> bool:
        return any(course.failure for course in self.courses.values())

    async def _over(self, side: Side, word: str) -> None:
        await asyncio.gather(*(self._through(door, word) for door in side.doors))

    async def _through(self, door: Door, word: str) -> None:
        course = self.courses[word, door.instance]
        tries = TRIES
        while not course.done:
            try:
                await self._steps(door, course, word)
            except (TargetError, Unsupported) as error:
                if isinstance(error, ProtocolBroken) and error.reason == "too_large" and course.count > 1:
                    course.count = max(1, course.count // 16)  # names may be as large as values
                    continue
                tries -= 1
                if not tries or isinstance(error, Unsupported):
                    course.failure = f"{door.instance}: {error}"
                    return
                await asyncio.sleep(PAUSE * (TRIES - tries))

    async def _steps(self, door: Door, course: Course, word: str) -> None:
        server, keyspace = await door.talk(0, _ask([("INFO", "server"), ("INFO", "keyspace")]))
        run_id = re.search(r"(?m)^run_id:(\w+)", text("INFO", server))
        if course.run_id != (run_id[1] if run_id else ""):
            # Another process has its table in another order: a cursor means nothing to it.
            sizes = {int(db): int(keys) for db, keys in _LINE.findall(text("INFO", keyspace)) if self._db in (None, int(db))}
            course.run_id, course.left, course.cursor = run_id[1] if run_id else "", sorted(sizes), "0"
            course.met, course.expected = 0, sum(sizes.values())
        while course.left:
            db = course.left[0]
            (reply,) = await door.talk(db, _ask([("SCAN", course.cursor, "COUNT", course.count)]))
            cursor, found = (*array("SCAN", expect("SCAN", reply)), None, None)[:2]
            names = list(dict.fromkeys(name for name in array("SCAN", found) if isinstance(name, bytes)))
            told = course.count
            course.count = roomy(names) if told == FIRST and names else fitting(told, door.walker.busy, COUNT)
            await self._met(db, [name for name in names if self._concerns(name)], word)
            course.met += len(names)
            course.cursor = text("SCAN", cursor)
            if course.cursor == "0":
                course.left.pop(0)
            self._stepped()
        course.done = True

    def _concerns(self, name: bytes) -> bool:
        return not name.startswith(OWN) and chosen(name, self._halvings) and bool(self._wanted(name))

    async def _met(self, db: int, names: Sequence[bytes], word: str) -> None:
        async with self._busy:  # one shard at a time: a suspect is counted once
            if word == "source":
                await self.looker.look(db, names)
            else:
                await self.looker.seek(db, names)

    def document(self) -> dict[str, Any]:
        """As JSON: where it is, and what is to be looked at again."""
        return {
            "courses": [[*key, asdict(course)] for key, course in self.courses.items()],
            "suspects": [[each.db, b64encode(each.name).decode()] for each in self.looker.suspects],
            "tally": self.looker.tally.document(),
        }

    def go_on(self, document: Mapping[str, Any]) -> None:
        """From where `document` was. Raises ValueError, TypeError or KeyError for anything else."""
        courses = {(str(word), str(node)): Course(**course) for word, node, course in document["courses"]}
        for course in courses.values():
            course.failure = ""
        self.courses.update(courses)
        for db, name in document["suspects"]:
            self.looker.suspect(int(db), [b64decode(name)])


def _ask(commands: Sequence[Command]) -> Generator[Sequence[Command], Sequence[Reply], Sequence[Reply]]:
    return (yield commands)
