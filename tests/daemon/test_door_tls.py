"""A renewed certificate, another authority for clients, or a file that is broken: without a restart, under the same socket."""

from __future__ import annotations

import http.client
import json
import shutil
import ssl
from collections.abc import Callable
from pathlib import Path

from tests.servers.daemon import Daemon
from tests.servers.tls import Certificates
from tests.servers.waiting import until

STRANGER = {"targets": [{"name": "it", "url": "redis://127.0.0.1:1", "probe": "off"}]}


class Client:
    """Connects anew each time it is asked whether it is let in."""

    def __init__(self, port: int, trust: Certificates, own: Certificates | None = None) -> None:
        self._port = port
        self._context = ssl.create_default_context(cafile=trust["ca.pem"])
        if own is not None:
            self._context.load_cert_chain(own["client.pem"], own["client.key"])

    def connect(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection("127.0.0.1", self._port, context=self._context, timeout=30)

    def is_in(self) -> bool:
        connection = self.connect()
        try:
            connection.request("GET", "/livez")
            return connection.getresponse().status == 200
        except (ssl.SSLError, ConnectionError):
            return False
        finally:
            connection.close()


def install(source: Certificates, folder: Path) -> None:
    for name in ("server.pem", "server.key"):
        shutil.copy(source[name], folder / name)


def test_certificates_and_authorities_are_renewed_while_connections_go_on(
    start_daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    old, new = Certificates(tmp_path / "old"), Certificates(tmp_path / "new")
    install(old, tmp_path)
    shutil.copy(old["ca.pem"], tmp_path / "clients.pem")
    web: dict[str, object] = {"cert_file": "server.pem", "key_file": "server.key"}
    verified = {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": "clients.pem"}

    def write(tls: dict[str, object]) -> None:
        (tmp_path / "web.yml").write_text(json.dumps({"tls_server_config": tls}))

    write(web)
    daemon = start_daemon({**STRANGER, "web": {"config_file": str(tmp_path / "web.yml")}}, ready=False)
    until(Client(daemon.port, old).is_in, what="TLS is served")
    kept = Client(daemon.port, old).connect()
    kept.request("GET", "/livez")
    assert kept.getresponse().read() == b"ok\n"

    install(new, tmp_path)
    daemon.reload()
    until(Client(daemon.port, new).is_in, what="the new certificate")
    assert not Client(daemon.port, old).is_in()
    kept.request("GET", "/livez")
    assert kept.getresponse().read() == b"ok\n", "what is connected stays connected"
    kept.close()

    write({**web, **verified})
    daemon.reload()
    until(lambda: not Client(daemon.port, new).is_in(), what="a client's certificate is demanded")
    assert Client(daemon.port, new, own=old).is_in()
    shutil.copy(new["ca.pem"], tmp_path / "clients.pem")
    daemon.reload()
    until(lambda: Client(daemon.port, new, own=new).is_in(), what="the new authority is trusted")
    assert not Client(daemon.port, new, own=old).is_in(), "and the old one no longer"

    (tmp_path / "server.pem").write_text("no certificate")
    daemon.reload()
    until(lambda: "was not taken" in daemon.logs, what="the broken file is told")
    assert Client(daemon.port, new, own=new).is_in()
    assert "Traceback" not in daemon.logs


def test_a_reload_cannot_turn_tls_off(start_daemon: Callable[..., Daemon], tmp_path: Path) -> None:
    certificates = Certificates(tmp_path / "it")
    tls = {"cert_file": certificates["server.pem"], "key_file": certificates["server.key"]}
    (tmp_path / "web.yml").write_text(json.dumps({"tls_server_config": tls}))
    daemon = start_daemon({**STRANGER, "web": {"config_file": str(tmp_path / "web.yml")}}, ready=False)
    until(Client(daemon.port, certificates).is_in, what="TLS is served")
    (tmp_path / "web.yml").write_text("{}")
    daemon.reload()
    until(lambda: "needs a restart" in daemon.logs, what="a restart is asked for")
    assert Client(daemon.port, certificates).is_in()
