"""Sessions that survive an outage: while writing is denied they are kept here, and move to the server when its breaker closes."""

from __future__ import annotations

import secrets
import threading

import redis
from backend import Connection, backend, connect
from kvmon_client import BreakerOpen, Client, Verdict

UNAVAILABLE = (BreakerOpen, redis.RedisError)


class SessionStore:
    """One hash for a session, one set for the sessions of a user."""

    def __init__(self, server: Connection, breakers: Client, target: str, *, ttl: int = 3600) -> None:
        self._server = server
        self._breakers = breakers
        self._target = target
        self._ttl = ttl
        self._kept: dict[str, dict[str, str]] = {}
        self._lock = threading.Lock()
        breakers.watch(self._changed)

    def create(self, user: str, **fields: str) -> str:
        """A new session's id, also while the server is away."""
        name = secrets.token_urlsafe(16)
        session = {**fields, "user": user}
        try:
            self._write(name, session)
        except UNAVAILABLE:
            with self._lock:
                self._kept[name] = session
        return name

    def get(self, name: str) -> dict[str, str] | None:
        """The session; None where there is none, or nobody can say."""
        with self._lock:
            if name in self._kept:
                return dict(self._kept[name])
        try:
            with self._breakers.guard(self._target, "read", key=f"session:{name}"):
                return self._server.hgetall(f"session:{name}") or None
        except UNAVAILABLE:
            return None

    def of_user(self, user: str) -> set[str]:
        """The ids of a user's sessions."""
        with self._lock:
            kept = {name for name, session in self._kept.items() if session["user"] == user}
        try:
            with self._breakers.guard(self._target, "read", key=f"sessions-of:{user}"):
                return kept | set(self._server.smembers(f"sessions-of:{user}"))
        except UNAVAILABLE:
            return kept

    def settle(self) -> int:
        """Move what is kept here to the server; how many could not go yet."""
        with self._lock:
            waiting = dict(self._kept)
        for name, session in waiting.items():
            try:
                self._write(name, session)
            except UNAVAILABLE:
                continue
            with self._lock:
                self._kept.pop(name, None)
        return len(self._kept)

    def _write(self, name: str, session: dict[str, str]) -> None:
        for key, words in (
            (f"session:{name}", [("hset", session), ("expire", self._ttl)]),
            (f"sessions-of:{session['user']}", [("sadd", name), ("expire", self._ttl)]),
        ):
            with self._breakers.guard(self._target, "write", key=key):  # in a cluster the two may be on different shards
                pipe = self._server.pipeline(transaction=False)
                for command, value in words:
                    if isinstance(value, dict):
                        pipe.hset(key, mapping=value)
                    else:
                        getattr(pipe, command)(key, value)
                pipe.execute()

    def _changed(self, _before: Verdict, after: Verdict) -> None:
        """Called by the thread that follows kvmon, which must not wait for a server."""
        if after.target == self._target and after.op == "write" and after.state == "closed" and self._kept:
            threading.Thread(target=self.settle, daemon=True).start()


def main() -> None:
    """Make a session and read it back."""
    here = backend()
    with Client() as breakers:
        breakers.wait(2)
        store = SessionStore(connect(here), breakers, here.target)
        name = store.create("alice", theme="dark")
        print(store.get(name), name in store.of_user("alice"))


if __name__ == "__main__":
    main()
