from __future__ import annotations

import gc
import tracemalloc
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kvmon.model.conversation import Malformed
from kvmon.watch.collectors.info import Info, InfoMemory
from kvmon.watch.collectors.info_layout import KNOWN_READERS, _layouts, _names, _readers
from kvmon.watch.collectors.server import server_of
from tests.watch.collectors.recorded import KINDS, REPLIES, lines, reply, told
from tests.watch.collectors.talking import PATIENT, check_any_shape

RECORDED = [reply(kind, name) for kind in KINDS for name in REPLIES]
NAMES = sorted({line.partition(b":")[0] for body in RECORDED for line in body.splitlines() if b":" in line})
VALUES = [
    b"0", b"1", b"17", b"-1", b"2.5", b"nan", b"-nan", b"inf", b"1e999", b"1_000", b"ok", b"fail", b"up", b"99.5%", b"",
    b"calls=1,usec=2", b"calls=x,usec=2,failed_calls=1", b"keys=1,expires=0,avg_ttl=-3", b"keys=nan", b"p50=1,p99.9=x",
    b"ip=1,port=2,state=online,offset=9,lag=0", b"name=a,status=ok,address=b", b"count=1", b"count=", b"\xff\xfe", b"a:b:c",
]  # fmt: skip
fields = st.builds(
    lambda name, value: name + b":" + value, st.sampled_from(NAMES), st.sampled_from(VALUES) | st.binary(max_size=12)
)
bodies = st.lists(fields | st.binary(max_size=20), max_size=30).map(b"\r\n".join) | st.binary(max_size=200)


def attempt(body: bytes, memory: InfoMemory | None = None) -> Any:
    try:
        return told(body, memory)
    except Malformed:
        return None


@given(st.lists(bodies, min_size=1, max_size=4))
@PATIENT
def test_any_bytes_are_read_or_malformed_and_never_depend_on_what_came_before(replies: list[bytes]) -> None:
    memory = None
    for body in replies:
        found = attempt(body, memory)
        fresh = attempt(body)
        assert (found is None) == (fresh is None)
        if found is not None:
            assert without_start(found.samples) == without_start(fresh.samples)
            assert dict(found.memory.fields) == dict(fresh.memory.fields)
            assert found.memory.server == server_of(found.memory.fields)
            assert all(abs(sample.value) < float("inf") for sample in found.samples)
            memory = found.memory


def without_start(samples: Any) -> list[str]:
    """The time of the start is the only sample that stands on what came before."""
    return [line for line in lines(samples) if not line.startswith("redis_start_time_seconds")]


@given(st.sampled_from(RECORDED), st.randoms(use_true_random=False))
@PATIENT
def test_the_order_of_lines_does_not_matter(body: bytes, random: Any) -> None:
    mixed = body.split(b"\r\n")
    random.shuffle(mixed)
    assert without_start(told(b"\r\n".join(mixed)).samples) == without_start(told(body).samples)


@given(st.sampled_from(RECORDED), st.sets(st.integers(0, 400), max_size=30), st.binary(min_size=1, max_size=3))
@PATIENT
def test_samples_of_lines_that_did_not_change_are_the_very_same(body: bytes, places: set[int], digits: bytes) -> None:
    before = told(body)
    changed = [line + digits if place in places and b":" in line else line for place, line in enumerate(body.split(b"\r\n"))]
    after = attempt(b"\r\n".join(changed), before.memory)
    if after is None:
        return
    old, new = by_line(before), by_line(after)
    unchanged = [line for line in old if line in new]
    assert unchanged
    for line in unchanged:
        # Percentiles that come or go give the line of their command two samples more or less.
        if len(old[line]) == len(new[line]):
            assert all(one is other for one, other in zip(old[line], new[line], strict=True))


def by_line(answer: Any) -> dict[bytes, list[Any]]:
    found = answer.memory.reply
    bounds = zip(found.starts, found.starts[1:], strict=False)
    return {line: found.samples[begin:end] for line, (begin, end) in zip(found.lines, bounds, strict=True)}


def test_an_equal_reply_gives_the_same_memory_and_samples() -> None:
    for body in RECORDED:
        before = told(body)
        after = told(bytes(bytearray(body)), before.memory)
        assert after.memory is before.memory
        assert after.samples is before.samples


@given(st.data())
@PATIENT
def test_replies_of_any_shape(given_data: st.DataObject) -> None:
    check_any_shape(Info(), given_data)


def test_what_all_nodes_share_is_bounded() -> None:
    known = len(_layouts)
    kept = [
        told(b"run_id:%d\r\n" % number + b"".join(b"made_up_%d_%d:1\r\n" % (number, each) for each in range(40)))
        for number in range(300)
    ]
    assert len(_layouts) >= 300
    kept.clear()
    gc.collect()
    assert len(_layouts) <= known
    assert len(_readers) <= KNOWN_READERS
    assert len(_names) <= KNOWN_READERS


def test_a_node_costs_little_memory_however_often_it_is_polled() -> None:
    body = reply("valkey-9.1")
    memories: list[InfoMemory | None] = [None] * 50

    def poll(number: int) -> None:
        for place, memory in enumerate(memories):
            text = body.replace(b"total_commands_processed:", b"total_commands_processed:%d%d" % (number, place))
            memories[place] = told(text, memory).memory

    told(body)
    gc.collect()
    tracemalloc.start()
    try:
        poll(1)
        gc.collect()
        once = tracemalloc.get_traced_memory()[0]
        for number in range(2, 6):
            poll(number)
        gc.collect()
        later = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert once / len(memories) < 120_000
    assert later < once * 1.3


@given(st.lists(st.integers(0, 2**53), min_size=4, max_size=4), st.booleans())
@PATIENT
def test_the_usual_line_of_a_command_and_one_with_more_in_it_are_read_alike(numbers: list[int], with_percentiles: bool) -> None:
    calls, usec, rejected, failed = numbers
    usual = f"cmdstat_get:calls={calls},usec={usec},usec_per_call=1.00,rejected_calls={rejected},failed_calls={failed}"
    more = "\r\nlatency_percentiles_usec_get:p50=1.5" if with_percentiles else ""
    assert lines(told(f"{usual}{more}".encode()).samples) == lines(told(f"{usual},newer=1{more}".encode()).samples)
