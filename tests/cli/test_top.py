"""`kvmon top` in a pseudo-terminal and without one, on a running daemon."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from kvmon.cli.terminal import clean
from tests.cli.glass import LATIN, Glass
from tests.cli.running import Terminal
from tests.servers.daemon import Daemon
from tests.servers.ports import free_port
from tests.servers.server import Server
from tests.servers.waiting import until

PROBE = {"timeout": "10s", "interval": "200ms", "write_every": "200ms"}


@pytest.fixture
def watched(valkey: Server, start_daemon: Callable[..., Daemon]) -> Daemon:
    """A daemon with one target that is well, one that was never there, and one that is not probed."""
    daemon = start_daemon(
        {
            "interval": "1s",
            "targets": [
                {"name": "alpha", "url": valkey.url, "probe": PROBE},
                {"name": "gone", "url": f"redis://127.0.0.1:{free_port()}", "probe": PROBE},
                {"name": "zulu", "url": valkey.url, "probe": False},
            ],
        }
    )

    def settled() -> bool:
        statuses = [target["status"] for target in daemon.get("/v1/targets").json()["targets"]]
        breakers = [breaker["state"] for breaker in daemon.get("/v1/breakers/gone").json()["breakers"]]
        return statuses == ["well", "down", "well"] and breakers == ["open", "open"]

    until(settled, what="the targets are known")
    return daemon


def names(glass: Glass) -> list[str]:
    """The targets in the order of the screen."""
    return [line[1:].split()[0] for line in glass.lines[2:-2] if line[1:2].strip()]


def test_the_worst_is_first_and_one_is_looked_into(watched: Daemon, valkey: Server) -> None:
    with Glass("top", "--url", watched.url, "--interval", "0.5") as glass:
        glass.shows("1 down", "2 well", "q quit", "nothing listens there")
        assert names(glass) == ["gone", "alpha", "zulu"]
        assert "r deny w deny" in glass.line("gone")
        assert glass.coloured()
        glass.type("s")
        until(lambda: names(glass) == ["alpha", "gone", "zulu"], what="sorted by name")
        glass.type("r")
        until(lambda: names(glass) == ["zulu", "gone", "alpha"], what="sorted backwards")
        glass.type("/alp\r")
        until(lambda: names(glass) == ["alpha"], what="filtered")
        glass.type("\r")
        glass.shows("Nodes", valkey.address, "commands/s", "probe GET", "Breakers", "read closed allow")
        valkey.config_set("maxmemory-policy", "noeviction")
        valkey.config_set("maxmemory", "1")
        glass.shows("writing fails: its memory is full")
        valkey.config_set("maxmemory", "0")
        glass.type("\x1b")
        until(lambda: "by name" in glass.text and names(glass) == ["alpha"], what="all again")
        glass.type("\x1b")
        glass.shows("gone", "zulu")
        glass.type("?")
        glass.shows("Keys", "sort by the next column")
        glass.type(" ")
        glass.shows("q quit")
        glass.type("q")
        assert glass.ended() == 0


@pytest.mark.slow
def test_the_window_changes_its_size(watched: Daemon) -> None:
    with Glass("top", "--url", watched.url, size=(170, 30)) as glass:
        glass.shows("clients", "breakers", "last 10 m", "gone")
        glass.resize(40, 10)
        until(lambda: "clients" not in glass.text and "gone" in glass.text and "q quit" in glass.text, what="narrow")
        assert all(len(line) <= 40 for line in glass.lines)
        assert "down" in glass.line("gone")
        glass.resize(180, 20)
        glass.shows("clients", "last 10 m", "q quit")
        glass.resize(12, 4)
        until(lambda: "clients" not in glass.text, what="tiny")
        glass.type("\r")
        glass.resize(100, 30)
        glass.shows("What happened")
        glass.type("\x03")
        assert glass.ended() == 130


@pytest.mark.slow
def test_no_colours_are_sent_where_they_are_not_wanted(watched: Daemon) -> None:
    with Glass("top", "--url", watched.url, environment={"NO_COLOR": "1"}) as glass:
        glass.shows("gone", "down", "nothing listens there")
        assert not glass.coloured()
        glass.type("\x03")
        assert glass.ended() == 130
    with Glass("top", "--url", watched.url, size=(200, 30), environment={"TERM": "dumb"}) as glass:
        glass.shows("gone", "down", "nothing listens there")
        assert glass.ended() == 1, "a table, once"
    assert b"\x1b" not in glass.raw


@pytest.mark.slow
def test_a_locale_without_unicode_gets_plain_characters(watched: Daemon) -> None:
    with Glass("top", "alpha", "--url", watched.url, environment=LATIN, encoding="iso-8859-1") as glass:
        glass.shows("commands/s", "probe GET", "Nodes ---")
        assert b"\xe2" not in glass.raw, "no UTF-8"
        glass.type("\x1b")
        glass.shows(">alpha")
        glass.type("\x03")
        assert glass.ended() == 130
    assert b"Traceback" not in glass.raw


@pytest.mark.slow
def test_the_daemon_goes_and_comes_back(watched: Daemon) -> None:
    with Glass("top", "--url", watched.url, "--interval", "0.3") as glass:
        glass.shows("1 down")
        watched.stop()
        glass.shows("stale", "no daemon answers")
        assert "gone" in glass.text
        glass.process.terminate()
        assert glass.ended() == 143


def test_what_servers_say_does_not_move_the_cursor() -> None:
    assert clean("a\x1b[2Jb\r\n\u202ec\x9b") == "a?[2Jb???c?"


def test_programs_and_pipes_get_a_table_or_json(watched: Daemon, terminal: Terminal) -> None:
    code, out, err = terminal("top", "--url", watched.url)
    assert (code, err) == (1, ""), "piped: a table, and one is down"
    head, *rows = out.splitlines()
    assert head.split()[:4] == ["target", "status", "ops/s", "hits"]
    assert [row.split()[:2] for row in rows] == [["gone", "down"], ["alpha", "well"], ["zulu", "well"]]
    assert "\x1b" not in out
    by_name = terminal("top", "--once", "--sort", "name", "--url", watched.url).out
    assert [row.split()[0] for row in by_name.splitlines()[1:]] == ["alpha", "gone", "zulu"]
    one = terminal("top", "alpha", "--url", watched.url)
    assert one.code == 0
    assert "nothing is wrong" in one.out
    document = json.loads(terminal("top", "--json", "--url", watched.url).out)
    assert {target["name"]: target["status"] for target in document["targets"]} == {
        "alpha": "well",
        "gone": "down",
        "zulu": "well",
    }
    alone = json.loads(terminal("top", "gone", "--json", "--url", watched.url).out)
    assert alone["troubles"][0]["what"].startswith("reading and writing fail")
    assert set(alone["lines"]) > {"commands", "memory", "step_seconds"}


def test_without_a_daemon_it_says_what_to_do(terminal: Terminal, watched: Daemon) -> None:
    outcome = terminal("top", "--url", "http://127.0.0.1:1")
    assert outcome.code == 2
    assert "kvmon run" in outcome.err
    assert terminal("top", "nobody", "--url", watched.url).code == 2
    with Glass("top", "--url", "http://127.0.0.1:1") as glass:
        glass.shows("no daemon answers")
        assert glass.ended() == 2
