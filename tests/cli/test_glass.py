"""Commands that print while they run, in a pseudo-terminal: Ctrl-C, colours, narrow windows, locales without Unicode."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cli.glass import LATIN, Glass
from tests.servers.daemon import Daemon
from tests.servers.hostile import listening, silence
from tests.servers.server import Server
from tests.servers.waiting import until
from tests.watch.scans.scanning import fill

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


def wrong_way(valkey: Server) -> None:
    """Keys enough for a bar, and a name that would clear a screen and turn what follows red."""
    fill(valkey, "session", 2_000)
    valkey.command("SET", "\x1b[2J\x1b[31mred\r\n", "x" * 100_000)


@pytest.mark.slow
def test_keys_are_gone_through_in_a_window_that_changes_until_ctrl_c(valkey: Server) -> None:
    wrong_way(valkey)
    with Glass("keys", valkey.url, "--ops", "20", size=(100, 12)) as glass:
        glass.shows(valkey.address, "keys/s", "ops/s")
        assert glass.coloured()
        glass.resize(30, 8)
        until(lambda: any(line for line in glass.lines) and "\x1b" not in glass.text, what="a bar in a narrow window")
        glass.resize(120, 30)
        glass.shows("keys/s")
        glass.type("\x03")
        assert glass.ended() == 130
        glass.shows("partial")
        assert "keys/s" not in glass.text, "the bar is gone"
    assert b"Traceback" not in glass.raw


def test_the_report_of_keys_has_no_colours_that_nobody_wants(valkey: Server) -> None:
    wrong_way(valkey)
    for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        with Glass("keys", valkey.url, "--ops", "100000", "--top", "1", size=(60, 40), environment=environment) as glass:
            assert glass.ended() == 0
            glass.shows("session:*", "all keys", r"\x1b[2J\x1b[31mred\x0d\x0a")
            assert "memory" in glass.line("group")
            assert "types" not in glass.text, "columns that do not fit are left out"
            assert not glass.coloured()
    assert b"\x1b" not in glass.raw, "a dumb terminal gets no escapes"


def test_the_report_of_keys_without_unicode(valkey: Server) -> None:
    wrong_way(valkey)
    with Glass("keys", valkey.url, "--ops", "100000", environment=LATIN, encoding="iso-8859-1") as glass:
        assert glass.ended() == 0
        glass.shows("session:*", "interval")
    assert b"Traceback" not in glass.raw
    assert b"\xe2" not in glass.raw
