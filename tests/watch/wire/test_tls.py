"""TLS to real servers: whom we trust, and who we are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kvmon.errors import TargetError, TlsFailed
from kvmon.model.targets.target import Tls
from kvmon.watch.wire import Connection
from tests.servers.kinds import WITH_TLS, available, missing
from tests.servers.server import Server
from tests.servers.tls import Certificates
from tests.watch.wire.conftest import PATIENCE


@pytest.fixture
def with_tls() -> str:
    kind = next((kind for kind in available() if kind in WITH_TLS), None)
    if kind is None:
        missing("a server with TLS in KVMON_TEST_SERVERS")
    return str(kind)


async def test_tls_is_trusted_by_its_authority_and_name(
    with_tls: str, start_server: Callable[..., Server], certificates: Certificates, connection: Callable[..., Connection]
) -> None:
    server = start_server(with_tls, tls=certificates)
    ca = certificates["ca.pem"]
    for tls in (
        Tls(ca=ca), Tls(verify="none"), Tls(ca=ca, verify="ca", server_name="other.example"),
        Tls(ca=ca, cert=certificates["client.pem"], key=certificates["client.key"]), Tls(ca=ca, server_name="localhost"),
    ):  # fmt: skip
        wire = connection(server.port, tls=tls)
        await wire.connect(PATIENCE)
        assert await wire.ask([("PING",)], PATIENCE) == [b"PONG"]
    for tls in (Tls(), Tls(ca=ca, server_name="other.example")):
        with pytest.raises(TlsFailed) as caught:
            await connection(server.port, tls=tls).connect(PATIENCE)
        assert caught.value.reason == "tls"


async def test_a_server_that_wants_a_certificate_gets_it(
    with_tls: str, start_server: Callable[..., Server], tmp_path: Path, connection: Callable[..., Connection]
) -> None:
    files = Certificates(tmp_path / "tls", clients=True)
    server = start_server(with_tls, tls=files)
    wire = connection(server.port, tls=Tls(ca=files["ca.pem"], cert=files["client.pem"], key=files["client.key"]))
    await wire.connect(PATIENCE)
    assert await wire.ask([("PING",)], PATIENCE) == [b"PONG"]
    with pytest.raises(TargetError) as caught:
        await connection(server.port, tls=Tls(ca=files["ca.pem"])).connect(PATIENCE)
    assert caught.value.reason in ("tls", "closed"), "with TLS 1.3 the reset overtakes what the server says"


async def test_tls_to_a_port_without_it(valkey: Server, connection: Callable[..., Connection]) -> None:
    # The server waits for the end of what it takes for a command.
    with pytest.raises(TargetError, match="speaks TLS") as caught:
        await connection(valkey.port, tls=Tls(verify="none")).connect(0.3)
    assert caught.value.reason in ("timeout", "tls")


@pytest.mark.parametrize("ca", ["/nowhere/ca.pem", __file__])
async def test_an_authority_that_cannot_be_read_is_named(valkey: Server, connection: Callable[..., Connection], ca: str) -> None:
    with pytest.raises(TlsFailed, match=ca):
        await connection(valkey.port, tls=Tls(ca=ca)).connect(PATIENCE)
