"""A target that hangs or lies costs itself only."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack

import psutil
import pytest

from tests.servers.daemon import Daemon
from tests.servers.hostile import HOSTILE, Behaviour, listening, silence
from tests.servers.server import Server
from tests.servers.waiting import until


@pytest.mark.parametrize("behaviour", HOSTILE, ids=lambda behaviour: behaviour.__name__)
def test_a_hostile_server_is_down_and_its_neighbour_is_not(
    behaviour: Behaviour, valkey: Server, start_daemon: Callable[..., Daemon]
) -> None:
    with listening(behaviour) as port:
        targets = [{"name": "good", "url": valkey.url}, {"name": "hostile", "url": f"redis://127.0.0.1:{port}"}]
        daemon = start_daemon({"interval": "1s", "targets": targets})
        daemon.until("redis_up", 1, target="good")
        daemon.until("redis_up", 0, target="hostile")
        uptime = daemon.value("redis_commands_processed_total", target="good") or 0.0
        until(
            lambda: (daemon.value("redis_commands_processed_total", target="good") or 0.0) > uptime,
            what="the good one is polled on",
        )
        assert daemon.value("redis_up", target="good") == 1
        memory = psutil.Process(daemon.process.pid).memory_info().rss
        assert memory < 400 << 20, f"{memory >> 20} MiB"
        assert "Traceback" not in daemon.logs


@pytest.mark.slow
def test_ten_of_a_hundred_hang_and_ninety_are_polled_on_time(
    start_server: Callable[..., Server], start_daemon: Callable[..., Daemon]
) -> None:
    server = start_server(settings={"maxclients": "1000"})
    with ExitStack() as stack:
        ports = [stack.enter_context(listening(silence)) for _ in range(10)]
        good = [f"good{n}" for n in range(90)]
        targets = [{"name": name, "url": server.url} for name in good]
        targets += [{"name": f"hung{n}", "url": f"redis://127.0.0.1:{port}"} for n, port in enumerate(ports)]
        daemon = start_daemon({"interval": "2s", "targets": targets})

        def states() -> dict[str, float]:
            return {sample.labels["target"]: sample.value for sample in daemon.samples("redis_up")}

        expected = dict.fromkeys(good, 1.0) | {f"hung{n}": 0.0 for n in range(10)}
        until(lambda: states() == expected, what="ninety up, ten down")
        begun = time.monotonic()
        for path in ("/metrics", "/"):
            assert daemon.get(path).status == 200
        assert time.monotonic() - begun < 20, "a second each is promised; a slow machine gets more"
        assert not [s for s in daemon.samples("redis_uptime_in_seconds") if s.labels["target"].startswith("hung")]

        def polled() -> dict[str, float]:
            samples = daemon.samples("redis_exporter_scrapes_total")
            return {sample.labels["target"]: sample.value for sample in samples if sample.labels["target"] in good}

        def lateness() -> float:
            """Seconds, of the one in the middle: a slow machine is late here and there, whoever hangs."""
            found = (s.value for s in daemon.samples("kvmon_poll_lateness_seconds") if s.labels["target"] in good)
            return statistics.median(found)

        before = polled()
        assert set(before) == set(good)
        until(lambda: all(polled().get(name, 0.0) > before[name] for name in good), what="all ninety polled again")
        until(lambda: lateness() < 1, what="ninety on time")
        assert states() == expected
