"""Documents name targets, and these come and go without a reload."""

from __future__ import annotations

import json
import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from benchmarks.churn import churn
from tests.servers.daemon import Daemon
from tests.servers.server import Server
from tests.servers.tls import Certificates
from tests.servers.waiting import until

StartDaemon = Callable[..., Daemon]
QUICK = {"interval": "500ms", "timeout": "400ms", "probe": False}


def targets(daemon: Daemon) -> dict[str, float]:
    return {sample.labels["target"]: sample.value for sample in daemon.samples("redis_up")}


def group(server: Server, name: str, **labels: str) -> dict[str, Any]:
    return {"targets": [server.address], "labels": {"target": name, **labels}}


def configured(**discovery: Any) -> dict[str, Any]:
    return {"discovery": {"defaults": QUICK, **discovery}}


def write(daemon: Daemon, name: str, text: object) -> None:
    (daemon.folder / name).write_text(text if isinstance(text, str) else json.dumps(text))


@pytest.mark.slow
def test_files_are_followed_and_a_broken_one_takes_nothing_away(valkey: Server, start_daemon: StartDaemon) -> None:
    daemon = start_daemon(configured(files=["found-*.json", "one.yaml"]))
    assert targets(daemon) == {}
    write(daemon, "found-a.json", [group(valkey, "a", team="web")])
    until(lambda: targets(daemon) == {"a": 1}, what="a file that came")
    assert daemon.samples("redis_up", target="a")[0].labels["team"] == "web"
    assert daemon.get("/health/a").status == 200
    polls = daemon.value("redis_exporter_scrapes_total", target="a") or 0
    write(daemon, "one.yaml", f"- targets: ['{valkey.address}']\n  labels: {{target: b}}\n")
    until(lambda: targets(daemon) == {"a": 1, "b": 1}, what="a second file")
    write(daemon, "found-a.json", "[{")
    daemon.until("kvmon_discovery_failures_total", 1, document=str(daemon.folder / "found-a.json"))
    assert targets(daemon) == {"a": 1, "b": 1}
    assert (daemon.value("redis_exporter_scrapes_total", target="a") or 0) > polls, "it was never made anew"
    write(daemon, "found-a.json", [group(valkey, "c"), {"targets": ["http://u:hunter2@x"]}])
    until(lambda: targets(daemon) == {"b": 1, "c": 1}, what="another content")
    daemon.until("kvmon_discovery_problems", 1)
    daemon.until("kvmon_discovery_targets", 2)
    (daemon.folder / "one.yaml").unlink()
    until(lambda: targets(daemon) == {"c": 1}, what="a file that went")
    assert daemon.get("/readyz").status == 200
    assert "hunter2" not in daemon.logs
    assert "Traceback" not in daemon.logs


@contextmanager
def http_sd(answer: dict[str, Any], who: str = "Bearer hunter2", certificates: Certificates | None = None) -> Iterator[str]:
    """Answers whom `who` names; with certificates over TLS, and to clients that have one."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            allowed = self.headers.get("Authorization") == who
            body = json.dumps(answer["groups"]).encode()
            self.send_response(answer["status"] if allowed else 401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificates is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificates["ca.pem"])
        context.load_cert_chain(certificates["server.pem"], certificates["server.key"])
        context.verify_mode = ssl.CERT_REQUIRED
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http{'s' if certificates else ''}://127.0.0.1:{server.server_address[1]}/targets"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(20)


def test_urls_are_asked_and_a_failure_takes_nothing_away(valkey: Server, start_daemon: StartDaemon) -> None:
    answer: dict[str, Any] = {"status": 200, "groups": [group(valkey, "a")]}
    with http_sd(answer) as url:
        source = {"url": f"{url}?secret=hunter2", "refresh_interval": "300ms", "token": "hunter2"}
        daemon = start_daemon({**configured(http=[source]), "targets": [{"name": "own", "url": valkey.url, "probe": False}]})
        until(lambda: targets(daemon) == {"own": 1, "a": 1}, what="the target of the document")
        answer["groups"] = [group(valkey, "b"), group(valkey, "own")]
        until(lambda: targets(daemon) == {"own": 1, "b": 1}, what="another target")
        answer["status"] = 500
        until(lambda: (daemon.value("kvmon_discovery_failures_total", document=url) or 0) > 1, what="failures")
        assert targets(daemon) == {"own": 1, "b": 1}
        assert "the answer has status 500" in daemon.logs
        answer["status"], answer["groups"] = 200, []
        until(lambda: targets(daemon) == {"own": 1}, what="an empty document counts")
        # Without the section, nothing is asked any more.
        daemon.write({"targets": [{"name": "own", "url": valkey.url, "probe": False}]})
        daemon.reload()
        daemon.until("kvmon_discovery_last_success_timestamp_seconds", None)
        assert "hunter2" not in daemon.logs
        assert "Traceback" not in daemon.logs


def test_a_url_may_want_a_user_and_a_certificate(
    valkey: Server, certificates: Certificates, start_daemon: StartDaemon, tmp_path: Path
) -> None:
    answer: dict[str, Any] = {"status": 200, "groups": [group(valkey, "a")]}
    who = "Basic " + b64encode(b"kvmon:hunter2").decode()
    password = tmp_path / "password"
    password.write_text("old\n")
    tls = {"ca": certificates["ca.pem"], "cert": certificates["client.pem"], "key": certificates["client.key"]}
    with http_sd(answer, who, certificates) as url:
        source = {"url": url, "refresh_interval": "300ms", "username": "kvmon", "password_file": str(password), "tls": tls}
        daemon = start_daemon(configured(http=[source]))
        until(lambda: "the answer has status 401" in daemon.logs, what="a refusal")
        password.write_text("hunter2\n")
        until(lambda: targets(daemon) == {"a": 1}, what="the target of the document")
        source["tls"] = {**tls, "server_name": "other.example"}
        daemon.write(configured(http=[source]))
        daemon.reload()
        until(lambda: "certificate is not valid for 'other.example'" in daemon.logs, what="another name is refused")
        assert targets(daemon) == {"a": 1}
    assert "hunter2" not in daemon.logs


def test_another_kvmon_is_a_document_and_processes_share_what_it_names(valkey: Server, start_daemon: StartDaemon) -> None:
    names = [f"t{number}" for number in range(12)]
    first = start_daemon({"targets": [{"name": name, "url": valkey.url, "probe": False} for name in names]})
    http = {"url": f"{first.url}/discover", "refresh_interval": "1s"}
    second = start_daemon({**configured(http=[http]), "shard": "1/2"})
    third = start_daemon({**configured(http=[http]), "shard": "auto/2"}, environment={"POD_NAME": "kvmon-1"})
    until(lambda: sorted([*targets(second), *targets(third)]) == sorted(names), what="each target once")
    assert targets(second)
    assert targets(third)
    assert third.value("kvmon_shard_info", part="2", of="2") == 1


@pytest.mark.slow
@pytest.mark.timeout(700)
def test_five_hundred_targets_that_change_every_second() -> None:
    found = churn(15)
    assert found.faults == [], found
