"""Tokens: when they are replaced, and what happens when none can be had."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.clock import ManualClock
from kvmon.errors import Denied
from kvmon.model.targets.target import Auth
from kvmon.watch.wire.identity.aws import Aws
from kvmon.watch.wire.identity.entra import Entra, object_id
from kvmon.watch.wire.identity.token import Token, TokenSource

HOUR = 3600.0


class Provider:
    """Gives tokens that live so long, unless it is ill."""

    def __init__(self, life: float = HOUR) -> None:
        self.clock = ManualClock()
        self.life = life
        self.asked = 0
        self.ill: Exception | None = None
        self.source = TokenSource(self.fetch, clock=self.clock)

    async def fetch(self) -> Token:
        self.asked += 1
        await asyncio.sleep(0)
        if self.ill is not None:
            raise self.ill
        return Token(f"token-{self.asked}", self.clock.time() + self.life)


async def test_whoever_asks_shares_one_token() -> None:
    provider = Provider()
    tokens = await asyncio.gather(*(provider.source.get() for _ in range(20)))
    assert {token.value for token in tokens} == {"token-1"}
    assert (await provider.source.get()).value == "token-1"
    assert provider.asked == 1


async def test_who_gives_up_does_not_take_the_token_from_the_others() -> None:
    provider = Provider()
    impatient = asyncio.create_task(provider.source.get())
    patient = asyncio.create_task(provider.source.get())
    await asyncio.sleep(0)
    impatient.cancel()
    with suppress(asyncio.CancelledError):
        await impatient
    assert (await patient).value == "token-1"


@pytest.mark.parametrize("life", [2.0, 60.0, 900.0, HOUR, 86_400.0])
async def test_a_token_is_replaced_long_before_its_end(life: float) -> None:
    provider = Provider(life)
    waits = []
    for _ in range(50):
        await provider.source.refresh()
        waits.append(provider.source.wait)
    assert 0.59 * life <= min(waits)
    assert max(waits) <= 0.81 * life
    if life > 600:
        assert max(waits) <= life - 300
    assert len(set(waits)) > 10  # not all daemons at once


async def test_failures_are_counted_and_tried_again_ever_more_rarely() -> None:
    provider = Provider()
    provider.ill = RuntimeError("nobody there\nsecond line")
    waits = []
    for number in range(1, 12):
        with pytest.raises(Denied, match="RuntimeError: nobody there"):
            await provider.source.refresh()
        assert provider.source.failures == number
        waits.append(provider.source.wait)
    assert waits[0] <= 1.2
    assert 55.0 <= waits[-1] <= 66.0
    # Polls in between do not ask the provider.
    asked = provider.asked
    with pytest.raises(Denied):
        await provider.source.get()
    assert provider.asked == asked
    provider.ill = None
    provider.clock.advance(waits[-1])
    assert (await provider.source.get()).value
    assert provider.source.wait > 0.5 * HOUR


async def test_the_old_token_serves_while_no_new_one_can_be_had() -> None:
    provider = Provider()
    await provider.source.get()
    provider.ill = RuntimeError("nobody there")
    provider.clock.advance(0.9 * HOUR)
    with pytest.raises(Denied):
        await provider.source.refresh()
    assert (await provider.source.get()).value == "token-1"
    provider.clock.advance(0.2 * HOUR)
    with pytest.raises(Denied):
        await provider.source.get()


async def test_a_token_that_is_refused_is_not_asked_for_again_and_again() -> None:
    provider = Provider()
    await provider.source.get()
    assert (await provider.source.another()).value == "token-1"
    provider.clock.advance(61.0)
    assert (await provider.source.another()).value == "token-2"


def test_a_token_shows_its_value_nowhere() -> None:
    assert "secret" not in repr(Token("secret", 0.0))


def jwt(claims: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"head.{body}.signature"


def test_the_object_id_is_the_username() -> None:
    assert object_id(jwt({"oid": "abc", "aud": "x"})) == "abc"
    assert object_id(jwt({"oid": 5})) is None
    assert object_id(jwt([1])) is None


@given(st.text())
def test_any_text_may_be_a_token(text: str) -> None:
    assert object_id(text) is None or isinstance(object_id(text), str)
    object_id(f"a.{text}.b")


class _Identity(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        good = self.headers.get("X-IDENTITY-HEADER") == "proof" and query["resource"] == ["https://redis.azure.com"]
        body = json.dumps(
            {"access_token": jwt({"oid": "abc"}), "expires_on": "4102444800", "resource": "r", "token_type": "Bearer"}
        )
        self.send_response(200 if good else 400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def identity(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The managed identity of an App Service, on loopback."""
    with HTTPServer(("127.0.0.1", 0), _Identity) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}/token")
        monkeypatch.setenv("IDENTITY_HEADER", "proof")
        yield
        server.shutdown()
        thread.join(20)


async def test_azure_identity_gets_a_token_of_a_managed_identity(identity: None) -> None:
    del identity
    token = await Entra(Auth("entra", scope="https://redis.azure.com/.default")).fetch()
    assert (token.until, token.username) == (4102444800.0, "abc")
    assert token.value == jwt({"oid": "abc"})


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")


async def test_the_token_of_elasticache_is_a_signed_request(keys: None) -> None:
    del keys
    auth = Auth("elasticache-iam", cache="my-cache", region="eu-west-1", serverless=True, username="watcher")
    token = await Aws(auth).fetch()
    url = urlsplit(f"https://{token.value}")
    query = {name: value for name, (value,) in parse_qs(url.query).items()}
    assert (url.netloc, url.path, token.username) == ("my-cache", "/", "watcher")
    assert (query["Action"], query["User"], query["ResourceType"]) == ("connect", "watcher", "ServerlessCache")
    assert (query["X-Amz-Expires"], query["X-Amz-Algorithm"]) == ("900", "AWS4-HMAC-SHA256")
    assert "/eu-west-1/elasticache/aws4_request" in query["X-Amz-Credential"]
    assert len(query["X-Amz-Signature"]) == 64
    assert "wJalrXUtnFEMI" not in token.value


async def test_without_a_region_it_is_said(keys: None, monkeypatch: pytest.MonkeyPatch) -> None:
    del keys
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(LookupError, match="AWS_REGION"):
        await Aws(Auth("elasticache-iam", cache="c", username="u")).fetch()
