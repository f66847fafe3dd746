from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.model.conversation import Reply, Unsupported
from kvmon.watch.collectors.acl import Acl
from tests.servers.client import Refused
from tests.servers.server import Server
from tests.watch.collectors.talking import DENIED, PATIENT, VALKEY, always, ask, check_any_shape, talk, values


def wrong_password(server: Server) -> None:
    with server.client() as client, contextlib.suppress(Refused):
        client.command("AUTH", "nobody", "wrong")


async def test_refusals_of_a_real_server_are_counted_by_reason(server: Server) -> None:
    wrong_password(server)
    before = await ask(Acl(), server)
    assert values(before.samples)["kvmon_acl_log_entries_total", "auth"] == 0, "what happened before is no news"
    for _ in range(3):
        wrong_password(server)
    server.command("ACL", "SETUSER", "reader", "on", ">secret", "+get", "~public:*")
    with server.client(login=("reader", "secret")) as client:
        for wrong in (("SET", "public:1", "x"), ("GET", "private")):
            with contextlib.suppress(Refused):
                client.command(*wrong)
    after = await ask(Acl(), server, before.memory)
    found = values(after.samples)
    assert found["kvmon_acl_log_entries_total", "auth"] == 3
    assert found["kvmon_acl_log_entries_total", "command"] == 1
    assert found["kvmon_acl_log_entries_total", "key"] == 1
    assert values((await ask(Acl(), server, after.memory)).samples) == found


def entry(number: int, count: int = 1, reason: bytes = b"auth", *, with_id: bool = True) -> Reply:
    plain: list[Reply] = [b"count", count, b"reason", reason, b"context", b"toplevel", b"object", b"AUTH", b"username", b"bob"]
    return [*plain, b"age-seconds", b"0.01", *((b"entry-id", number) if with_id else ())]


def totals(*looks: tuple[str, list[Reply]]) -> dict[str, float]:
    memory = Acl().first()
    for run_id, reply in looks:
        found = talk(Acl(), replace(VALKEY, run_id=run_id), memory, always(reply))
        memory = found.memory
    return {key[1]: value for key, value in values(found.samples).items() if value}


def test_an_entry_that_grows_is_counted_by_what_it_grew() -> None:
    assert totals(("a", [entry(1, 5)]), ("a", [entry(2), entry(1, 7)]), ("a", [entry(2)]), ("a", [])) == {"auth": 3}


def test_after_a_restart_all_is_new_and_ids_may_come_again() -> None:
    assert totals(("a", [entry(1, 5)]), ("b", [entry(1, 4)])) == {"auth": 4}


def test_servers_whose_entries_have_no_id() -> None:
    looks: list[list[Reply]] = [[entry(0, 2, with_id=False)], [entry(0, 2, with_id=False), entry(0, 1, with_id=False)], []]
    assert totals(*(("a", look) for look in looks)) == {"auth": 1}


def test_an_unknown_reason_is_other() -> None:
    assert totals(("a", []), ("a", [entry(1, 2, b"moon phase")])) == {"other": 2}


def test_refused_and_not_asked() -> None:
    with pytest.raises(Unsupported, match="ACL LOG"):
        talk(Acl(), VALKEY, Acl().first(), lambda _: DENIED)
    assert not Acl().needs(replace(VALKEY, version=(5, 0, 14)))


@given(st.data())
@PATIENT
def test_any_shape(data: st.DataObject) -> None:
    check_any_shape(Acl(), data)
