"""The comparison with redis_exporter."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from kvmon.diagnose.diff import compare
from kvmon.diagnose.diff.compare import Series
from tests.cli.running import Terminal
from tests.servers.kinds import tool
from tests.servers.ports import free_port
from tests.servers.server import Server
from tests.servers.waiting import until


def one(name: str, **labels: str) -> Series:
    return Series(name, tuple(sorted(labels.items())))


@contextmanager
def serving(text: str, status: int = 200) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_every_series_is_sorted_into_what_it_means() -> None:
    names = ("redis_same", "redis_moving", "redis_other", "redis_gone", "go_threads")
    before = {
        **dict.fromkeys(map(one, names), 1.0),
        **{one("redis_missing", db=db): 1.0 for db in ("0", "1")},
        **{one(name, role="a"): 1.0 for name in ("redis_info", "redis_text")},
    }
    after = {**before, one("redis_moving"): 9}
    del after[one("redis_gone")]
    ours = {
        one("redis_same"): 1, one("redis_moving"): 5, one("redis_other"): 2, one("redis_more"): 1,
        one("redis_info", role="a", zone="b"): 1, one("redis_text", role="b"): 1,
    }  # fmt: skip
    report = compare(before, ours, after)
    assert report.equal == (one("redis_same"),)
    assert report.moved == (one("redis_moving"),)
    assert report.different == {one("redis_other"): (1, 2)}
    assert report.missing == (one("redis_missing", db="0"), one("redis_missing", db="1"))
    assert list(report.explained) == [one("go_threads")]
    assert set(report.relabelled) == {one("redis_info", role="a"), one("redis_text", role="a")}
    assert not report.good


def test_more_labels_lose_nothing_and_other_labels_do() -> None:
    exporter = {one("redis_info", role="a"): 1.0}
    assert compare(exporter, {one("redis_info", role="a", zone="b"): 1}, exporter).good
    assert not compare(exporter, {one("redis_info", role="b"): 1}, exporter).good


def test_what_the_exporter_has_and_kvmon_has_not_ends_with_1(terminal: Terminal, valkey: Server) -> None:
    page = '# TYPE redis_up gauge\nredis_up 1\n# TYPE redis_odd counter\nredis_odd{a="",b="c"} 2\n'
    with serving(page) as url:
        code, out, err = terminal("diff", url, valkey.url)
    assert (code, err) == (1, "")
    assert out.splitlines()[0] == 'missing    redis_odd{b="c"}'
    assert out.splitlines()[-1].startswith("1 equal, 0 moving, 0 different, 0 explained, 0 with other labels, 1 missing, ")


@pytest.mark.parametrize(
    ("text", "status", "message"),
    [
        ("<html>", 200, "what it answers is no text of metrics: check the path"),
        ("", 404, "the exporter answers 404: check the path"),
    ],
)
def test_an_exporter_that_is_none_is_said_so(terminal: Terminal, text: str, status: int, message: str) -> None:
    with serving(text, status) as url:
        code, out, err = terminal("diff", url, "redis://127.0.0.1:1")
    assert (code, out, err) == (2, "", f"{url}/metrics: {message}\n")


def test_an_exporter_that_cannot_be_reached_is_said_so(terminal: Terminal) -> None:
    code, _, err = terminal("diff", "http://user:hunter2@127.0.0.1:1/metrics", "redis://127.0.0.1:1")
    assert code == 2
    assert err.startswith("http://127.0.0.1:1/metrics: the exporter cannot be reached: ")


def test_nothing_is_missing_beside_a_real_redis_exporter(terminal: Terminal, server: Server) -> None:
    port = free_port()
    exporter = subprocess.Popen(
        [tool("REDIS_EXPORTER"), "--redis.addr", server.url, "--web.listen-address", f"127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until(lambda: terminal("diff", f"127.0.0.1:{port}", server.url).code != 2, what="the exporter ready")
        code, out, _ = terminal("diff", f"127.0.0.1:{port}", server.url)
    finally:
        exporter.terminate()
        exporter.wait(20)
    assert code == 0, out
