"""Commands that print while they run, in a pseudo-terminal: Ctrl-C, colours, narrow windows, locales without Unicode."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cli.glass import LATIN, Glass
from tests.servers.daemon import Daemon
from tests.servers.hostile import listening, silence
from tests.servers.server import Server
from tests.servers.waiting import until

PROBE = {"timeout": "10s", "interval": "200ms", "write_every": "200ms"}


def test_the_doctor_fits_a_narrow_window_and_is_coloured(valkey: Server) -> None:
    with Glass("doctor", valkey.url, size=(60, 50)) as glass:
        assert glass.ended() == 0
        glass.shows("✓ ping", "! memory")
        assert glass.coloured()
    with Glass("doctor", valkey.url, size=(60, 50), environment={"NO_COLOR": "1"}) as glass:
        assert glass.ended() == 0
        glass.shows("✓ ping")
    assert b"\x1b" not in glass.raw


def test_the_doctor_without_unicode(valkey: Server) -> None:
    with Glass("doctor", valkey.url, environment=LATIN, encoding="iso-8859-1") as glass:
        assert glass.ended() == 0
        glass.shows("+ ping", "! memory")
    assert b"Traceback" not in glass.raw
    assert b"\xe2" not in glass.raw


def test_the_doctor_is_interrupted() -> None:
    with listening(silence) as port, Glass("doctor", f"redis://127.0.0.1:{port}") as glass:
        glass.shows("tcp")
        glass.type("\x03")
        assert glass.ended() == 130
    assert b"Traceback" not in glass.raw


@pytest.mark.slow
def test_breakers_are_watched_until_ctrl_c(valkey: Server, start_daemon: Callable[..., Daemon]) -> None:
    daemon = start_daemon({"interval": "1s", "targets": [{"name": "it", "url": valkey.url, "probe": PROBE}]})
    until(lambda: [each["state"] for each in daemon.get("/v1/breakers/it").json()["breakers"]] == ["closed", "closed"])
    with Glass("breaker", "--watch", "--url", daemon.url, size=(40, 20), environment=LATIN) as glass:
        glass.shows("it  read  closed  allow", "it  write  closed  allow")
        glass.resize(100, 20)
        valkey.config_set("maxmemory-policy", "noeviction")
        valkey.config_set("maxmemory", "1")
        glass.shows("it  write  open  deny  oom")
        glass.type("\x03")
        assert glass.ended() == 130
    assert b"Traceback" not in glass.raw
