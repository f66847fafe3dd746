"""A real Prometheus with our series in it."""

from __future__ import annotations

import contextlib
import json
import math
import struct
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.judge.promql.data import Given
from tests.servers.kinds import tool
from tests.servers.ports import free_port
from tests.servers.waiting import until

STALE = struct.pack("<Q", 0x7FF0000000000002)


@contextmanager
def prometheus(folder: Path, *flags: str, scrape: Sequence[object] = (), rules: Sequence[str] = ()) -> Iterator[str]:
    """The URL of a fresh Prometheus that takes remote writes, scrapes what it is told, and evaluates files of rules."""
    configuration = {"global": {"evaluation_interval": "1m"}, "scrape_configs": list(scrape), "rule_files": list(rules)}
    (folder / "prometheus.yml").write_text(json.dumps(configuration))
    port = free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                tool("PROMETHEUS"), f"--config.file={folder / 'prometheus.yml'}", f"--web.listen-address=127.0.0.1:{port}",
                f"--storage.tsdb.path={folder / 'data'}", "--storage.tsdb.retention.time=50y",
                "--web.enable-remote-write-receiver", *flags,
            ],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        assert process.poll() is None, (folder / "log").read_text()
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/-/ready", timeout=10) as answer:
            return bool(answer.status == 200)
        return False

    try:
        until(answers, what="Prometheus answers")
        yield url
    finally:
        process.kill()
        process.wait(20)


def write(url: str, series: Iterable[Given]) -> None:
    """Give it the series by remote write."""
    body = _squeezed(b"".join(_field(1, _timeseries(each)) for each in series))
    request = urllib.request.Request(
        f"{url}/api/v1/write",
        data=body,
        headers={
            "Content-Type": "application/x-protobuf",
            "Content-Encoding": "snappy",
            "X-Prometheus-Remote-Write-Version": "0.1.0",
        },
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status in (200, 204)


def ask(url: str, path: str, **parameters: object) -> Any:
    """The document that a path of the API answers with, also where it is an error."""
    data = urllib.parse.urlencode({name: str(value) for name, value in parameters.items()}).encode()
    try:
        with urllib.request.urlopen(f"{url}/api/v1/{path}", data=data, timeout=60) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as refusal:
        with refusal:
            return json.loads(refusal.read())


def _timeseries(series: Given) -> bytes:
    labels = b"".join(_field(1, _field(1, name.encode()) + _field(2, value.encode())) for name, value in series.labels.pairs)
    samples = b"".join(
        _field(2, b"\x09" + (STALE if value is None else struct.pack("<d", value)) + b"\x10" + _varint(at))
        for at, value in series.samples
    )
    return labels + samples


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _squeezed(body: bytes) -> bytes:
    """Snappy's format with literals only: what needs no library."""
    out = [_varint(len(body))]
    for begin in range(0, len(body), 60_000):
        part = body[begin : begin + 60_000]
        out.append(bytes([61 << 2]) + struct.pack("<H", len(part) - 1) + part)
    return b"".join(out)


def number(text: str) -> float:
    """A value as the API writes it."""
    return {"NaN": math.nan, "+Inf": math.inf, "-Inf": -math.inf}.get(text) or float(text)
