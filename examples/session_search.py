"""Sessions that are found by what is in them: by the search module where the server has it, else among those of the user.

RediSearch is in Redis Stack, Redis 8 and Azure Managed Redis (Enterprise policy). The index is made with the first question, and
anew where a server came back without it; until it is complete, sessions are found as without it.
"""

from __future__ import annotations

from typing import Any

import redis
from backend import Connection, backend, connect
from kvmon_client import Client
from redis.commands.search.field import TagField
from redis.commands.search.index_definition import IndexDefinition
from redis.commands.search.query import Query
from session_store import UNAVAILABLE, SessionStore

MOST = 1_000
"""Sessions that one question finds."""


class SearchableSessions(SessionStore):
    """`fields` are those by which a session is found, beside its user."""

    def __init__(
        self, server: Connection, breakers: Client, target: str, *, ttl: int = 3600, fields: tuple[str, ...] = ("theme",)
    ) -> None:
        super().__init__(server, breakers, target, ttl=ttl)
        self._fields = ("user", *fields)
        self._complete = False

    def find(self, user: str, **fields: str) -> set[str]:
        """The ids of the user's sessions with these fields; while the server is away, of those that are kept here."""
        wanted = {"user": user, **fields}
        with self._lock:
            kept = {name for name, session in self._kept.items() if wanted.items() <= session.items()}
        try:
            with self._breakers.guard(self._target, "read"):
                return kept | self._search(wanted)
        except redis.ResponseError:  # no module, no index, or none that is complete
            return {name for name in self.of_user(user) if wanted.items() <= (self.get(name) or {}).items()}
        except UNAVAILABLE:
            return kept

    def _search(self, wanted: dict[str, str]) -> set[str]:
        index: Any = self._server.ft("sessions")
        try:
            complete = self._complete or str(index.info().get("indexing")) == "0"
            found = index.search(self._query(wanted), query_params=wanted)
        except redis.ResponseError as error:
            self._complete = False
            if "index" in str(error).lower():  # there is none, in the words of several modules and versions
                definition = IndexDefinition(prefix=["session:"])  # type: ignore[no-untyped-call]  # redis-py's lack
                index.create_index([TagField(name) for name in self._fields], definition=definition)
            raise
        self._complete = complete
        if not complete:
            raise redis.ResponseError("the index is being made")
        return {document.id.removeprefix("session:") for document in found.docs}

    @staticmethod
    def _query(wanted: dict[str, str]) -> Query:
        return Query(" ".join(f"@{name}:{{${name}}}" for name in wanted)).no_content().paging(0, MOST).dialect(2)


def main() -> None:
    """Make two sessions and find one."""
    here = backend()
    with Client() as breakers:
        breakers.wait(2)
        store = SearchableSessions(connect(here), breakers, here.target)
        store.create("bob", theme="dark")
        light = store.create("bob", theme="light")
        print(store.find("bob", theme="light") == {light})


if __name__ == "__main__":
    main()
