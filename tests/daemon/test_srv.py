"""SRV records name targets, asked of a name server on loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from tests.servers.daemon import Daemon
from tests.servers.server import Server
from tests.servers.waiting import until

NAME = "_redis._tcp.cache.example."


@contextmanager
def name_server(ports: list[int]) -> Iterator[str]:
    """Answers that the ports of localhost are those of NAME; no port: that there is no such name."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(0.1)
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                with suppress(TimeoutError):
                    packet, who = listener.recvfrom(4096)
                    question = dns.message.from_wire(packet)
                    answer = dns.message.make_response(question)
                    if ports:
                        places = [f"0 0 {port} localhost." for port in ports]
                        answer.answer.append(dns.rrset.from_text(NAME, 1, "IN", "SRV", *places))
                    else:
                        answer.set_rcode(dns.rcode.NXDOMAIN)
                    listener.sendto(answer.to_wire(), who)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            thread.join(20)


def targets(daemon: Daemon) -> dict[str, float]:
    return {sample.labels["instance"]: sample.value for sample in daemon.samples("redis_up", target="it")}


def test_what_a_record_names_is_watched_and_a_lost_name_takes_nothing_away(
    start_server: Callable[..., Server], start_daemon: Callable[..., Daemon]
) -> None:
    first, second = start_server(), start_server()
    ports = [first.port]
    with name_server(ports) as address:
        record = {"name": NAME, "nameserver": address, "refresh_interval": "300ms", "target": "it", "labels": {"team": "web"}}
        defaults: dict[str, Any] = {"interval": "500ms", "timeout": "400ms", "probe": False, "topology": "standalone"}
        daemon = start_daemon({"discovery": {"dns": [record], "defaults": defaults}})
        until(lambda: targets(daemon) == {f"localhost:{first.port}": 1}, what="the first")
        ports.append(second.port)
        both = {f"localhost:{first.port}": 1, f"localhost:{second.port}": 1}
        until(lambda: targets(daemon) == both, what="both")
        ports.clear()
        until(lambda: (daemon.value("kvmon_discovery_failures_total", document=NAME) or 0) > 1, what="a lost name")
        assert targets(daemon) == both
        assert "does not exist" in daemon.logs
        assert "Traceback" not in daemon.logs
