"""Whatever comes, a parser gives a value or its own error, soon. KVMON_FUZZ_INPUTS says how many inputs each is given."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, note, settings
from hypothesis import strategies as st
from kvmon_client.sse import EventReader

from kvmon.config import Mistakes, load
from kvmon.errors import PromqlError, TargetError
from kvmon.judge.promql import parse
from kvmon.judge.rules.document import Refused
from kvmon.judge.rules.rulefile import read_rules
from kvmon.model.conversation import Malformed
from kvmon.watch.collectors.info_layout import Limits
from kvmon.watch.collectors.info_reply import InfoReply, read
from kvmon.watch.wire.replies import Replies
from tests.fuzz.mutations import mutated
from tests.fuzz.seeds import ALERTMANAGERS, CONFIGURATIONS, INFOS, QUERIES, RESP, RULES, STREAMS

INPUTS = int(os.environ.get("KVMON_FUZZ_INPUTS", "60"))

BATCH = 20
"""Inputs that one example of hypothesis stands for: choosing an example takes it longer than most parsers need."""

SOON = 10.0
"""CPU seconds for one input; it takes a millisecond."""


def resp(data: bytes) -> None:
    for cut in (len(data), 1, 7):
        replies = Replies(3)
        with suppress(TargetError):
            for begin in range(0, len(data), cut or 1):
                if replies.feed(data[begin : begin + cut]):
                    break


LIMITS = Limits(16, 1000, 128, sizes=True)
FIRST = read(INFOS[0], None, LIMITS, now=1.0)


def info(data: bytes) -> None:
    before = FIRST
    for body in (data, INFOS[0]):
        with suppress(Malformed):
            before = told(read(body, before, LIMITS, now=1.0))


def told(reply: InfoReply) -> InfoReply:
    assert all(isinstance(sample.value, int | float) for sample in reply.samples)
    return reply


def rules(data: bytes) -> None:
    with suppress(Refused):
        read_rules("rules.yaml", data.decode(errors="replace"))


def queries(data: bytes) -> None:
    with suppress(PromqlError):
        parse(data.decode(errors="replace"))


def events(data: bytes) -> None:
    whole, bits = EventReader(), EventReader()
    told = [event for begin in range(len(data)) for event in bits.feed(data[begin : begin + 1])]
    assert told == whole.feed(data)


def configuration(data: bytes, folder: Path) -> None:
    file = folder / "kvmon.yaml"
    file.write_bytes(data)
    with suppress(Mistakes):
        load(str(file), {"A": "value"})


def alertmanager(data: bytes, folder: Path) -> None:
    (folder / "alertmanager.yml").write_bytes(data)
    configuration(b"targets: [{name: a, url: redis://h}]\nalerting: {config_file: alertmanager.yml}\n", folder)


def fuzz(inputs: int, seeds: tuple[bytes, ...], parser: Callable[[bytes], Any]) -> None:
    @settings(max_examples=inputs // BATCH, phases=[Phase.generate])
    @given(st.integers(0, 2**64))
    def one(chance: int) -> None:
        random = Random(chance)
        for _ in range(BATCH):
            data = mutated(random, seeds)
            begun = time.process_time()
            try:
                parser(data)
            except Exception:
                note(f"given {data!r}")
                raise
            assert time.process_time() - begun < SOON, data

    one()


PURE = {
    "RESP": (RESP, resp),
    "INFO": (INFOS, info),
    "rules": (RULES, rules),
    "events": (STREAMS, events),
    "PromQL": (QUERIES, queries),
}
FILES = {"configuration": (CONFIGURATIONS, configuration), "alertmanager.yml": (ALERTMANAGERS, alertmanager)}


@pytest.mark.parametrize("what", PURE)
@pytest.mark.timeout(240 + INPUTS // 20)  # whoever hangs is ended
def test_a_parser_survives(what: str) -> None:
    seeds, parser = PURE[what]
    fuzz(INPUTS, seeds, parser)


@pytest.mark.parametrize("what", FILES)
@pytest.mark.timeout(240 + INPUTS // 20)  # whoever hangs is ended
def test_a_file_is_read_or_refused(what: str, tmp_path: Path) -> None:
    seeds, parser = FILES[what]
    fuzz(INPUTS, seeds, lambda data: parser(data, tmp_path))
