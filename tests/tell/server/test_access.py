"""Tokens good for one thing only, and passwords that cannot be guessed quickly."""

from __future__ import annotations

import bcrypt
import pytest
from pydantic import ValidationError

from kvmon.clock import ManualClock
from kvmon.tell.server.attempts import ADDRESSES, Attempts
from kvmon.tell.server.options import SCOPES, WebOptions
from kvmon.tell.server.problems import Problem
from tests.tell.server.seen import Seen, seen
from tests.tell.server.test_reports import DECISION, OVERRIDE, REPORT, view
from tests.tell.server.test_server import basic, door

USERS = {"ann": bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()}
TOKENS = [*({"token": f"only-{scope}", "scopes": [scope]} for scope in SCOPES), "good-for-all"]


def guarded() -> Seen:
    made = view()
    made.options = WebOptions(users=USERS, tokens=TOKENS)
    return made


@pytest.mark.parametrize(
    ("token", "statuses"),
    [
        ("only-read", [200, 200, 403, 403, 403]),
        ("only-reports", [403, 403, 202, 403, 403]),
        ("only-write", [403, 403, 403, 200, 200]),
        ("good-for-all", [200, 200, 202, 200, 200]),
        ("another", [401, 401, 401, 401, 401]),
    ],
)
async def test_a_token_is_good_for_its_scopes(token: str, statuses: list[int]) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    made = guarded()
    async with door(made) as client:
        answers = [
            await client.get("/metrics", headers=headers),
            await client.post("/api/v1/query", data={"query": "1"}, headers=headers),
            await client.post("/v1/reports", json=REPORT, headers=headers),
            await client.put(OVERRIDE, json=DECISION, headers=headers),
            await client.post("/-/reload", headers=headers),
        ]
        assert [answer.status for answer in answers] == statuses
        assert token not in await answers[-1].text()
    assert len(made.reported) == (statuses[2] == 202)
    assert made.reloads == (statuses[4] == 200)


async def test_without_users_reading_is_open_and_changing_needs_the_scope() -> None:
    made = seen(tokens=TOKENS)
    async with door(made) as client:
        assert (await client.get("/metrics")).status == 200
        assert (await client.get("/metrics", headers={"Authorization": "Bearer only-write"})).status == 200
        assert (await client.post("/-/reload")).status == 401
        assert (await client.post("/-/reload", headers={"Authorization": "Bearer only-reports"})).status == 403


@pytest.mark.parametrize("token", ["short", {"token": "long-enough", "scopes": []}, {"token": "long-enough", "scopes": ["all"]}])
def test_a_token_that_is_good_for_nothing_is_refused(token: object) -> None:
    with pytest.raises(ValidationError) as refused:
        WebOptions(tokens=[token])
    assert "long-enough" not in str(refused.value)


async def test_guessing_gets_slow_and_who_is_in_stays_in() -> None:
    made = guarded()
    async with door(made) as client:
        assert (await client.get("/health", headers=basic("ann", "right"))).status == 200
        guesses = [(await client.get("/health", headers=basic("ann", f"{n}"))).status for n in range(14)]
        assert guesses == [401] * 10 + [429] * 4
        response = await client.get("/health", headers={"Authorization": "Bearer guess"})
        assert (response.status, response.headers["Retry-After"]) == (429, "6")
        assert (await client.get("/health", headers=basic("ann", "right"))).status == 200
        assert (await client.get("/health", headers={"Authorization": "Bearer good-for-all"})).status == 200
        assert (await client.get("/livez")).status == 200
        made.clock.advance(6.0)
        assert [(await client.get("/health", headers=basic("ann", "x"))).status for _ in range(2)] == [401, 429]


async def test_who_gives_no_password_is_asked_for_one_as_often_as_it_comes() -> None:
    made = guarded()
    async with door(made) as client:
        assert {(await client.get("/health")).status for _ in range(30)} == {401}
        assert (await client.get("/health", headers=basic("ann", "right"))).status == 200


def test_each_address_has_its_own_attempts_and_few_are_remembered() -> None:
    clock = ManualClock()
    attempts = Attempts(clock.monotonic)
    for _ in range(10):
        attempts.failed("a")
    attempts.check("b")
    with pytest.raises(Problem):
        attempts.check("a")
    for number in range(ADDRESSES):
        attempts.failed(f"{number}")
    assert len(attempts._levels) == ADDRESSES
    attempts.check("a")
