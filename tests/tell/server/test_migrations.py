"""`/v1/migrations` and `/v1/workloads`: names of keys are not for everybody."""

from __future__ import annotations

from pydantic import SecretStr

from tests.tell.server.seen import seen
from tests.tell.server.test_server import door


async def test_names_of_keys_need_a_token() -> None:
    made = seen(tokens=(SecretStr("12345678"),))
    made.moving = [{"name": "old-new", "ready": False, "at": 1_700_000_000.0, "examples": {"missing": ["session:1"]}}]
    async with door(made) as client:
        plain = await (await client.get("/v1/migrations")).json()
        assert plain == {"migrations": [{"name": "old-new", "ready": False, "at": "2023-11-14T22:13:20.000Z"}]}
        assert (await client.get("/v1/migrations?keys=true")).status == 401
        named = await client.get("/v1/migrations?keys=true", headers={"Authorization": "Bearer 12345678"})
        assert (await named.json())["migrations"][0]["examples"] == {"missing": ["session:1"]}


async def test_the_biggest_keys_need_a_token() -> None:
    made = seen(tokens=(SecretStr("12345678"),))
    path = f"/v1/workloads/{made.targets()[0].name}"
    async with door(made) as client:
        plain = await (await client.get(path)).json()
        assert plain == {"target": made.targets()[0].name, "at": "2023-11-14T22:13:20.000Z", "workloads": [{"name": "logins"}]}
        assert (await client.get(f"{path}?keys=true")).status == 401
        named = await client.get(f"{path}?keys=true", headers={"Authorization": "Bearer 12345678"})
        assert (await named.json())["biggest"] == [{"name": "session:1"}]
        assert (await client.get("/v1/workloads/nobody")).status == 404
