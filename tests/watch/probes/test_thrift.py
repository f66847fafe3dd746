"""When a canary is spared, so that nobody is made to save."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.model.conversation import Refusal, Reply
from kvmon.watch.probes.thrift import SHARE, Thrift


def told(changes: int, saved: int = 1) -> str:
    return f"# Persistence\r\nrdb_changes_since_last_save:{changes}\r\nrdb_last_save_time:{saved}\r\n"


@pytest.mark.parametrize(
    ("said", "spared", "asked"),
    [
        (None, True, True),
        ([b"save", b"3600 1"], True, True),
        ([b"save", b""], False, True),
        ([], True, True),
        (Refusal("NOPERM", "NOPERM this user has no permissions"), True, False),
        (Refusal("ERR", "ERR unknown command 'CONFIG'"), True, False),
        (Refusal("LOADING", "LOADING Redis is loading the dataset in memory"), True, True),
    ],
)
def test_rules_that_are_not_told_may_be_there(said: Reply, spared: bool, asked: bool) -> None:
    thrift = Thrift()
    thrift.hear(said)
    assert (thrift.careful, thrift.spares(told(0)), thrift.may_ask) == (spared, spared, asked)


def test_who_is_saved_by_the_clock_is_spared_nothing() -> None:
    thrift = Thrift(managed=True)
    assert (thrift.careful, thrift.spares(told(0)), thrift.may_ask) == (False, False, False)


def test_where_changes_are_not_counted_nothing_is_spared() -> None:
    assert not Thrift().spares("# Persistence\r\nloading:0\r\n")
    assert not Thrift().spares("")


@given(st.lists(st.tuples(st.integers(0, 50), st.booleans()), max_size=200))
def test_however_others_write_it_adds_no_more_than_its_share(rounds: list[tuple[int, bool]]) -> None:
    thrift, others, own, saved = Thrift(), 0, 0, 1
    for more, saves in rounds:
        if saves:
            others, own, saved = 0, 0, saved + 1
        others += more
        if not thrift.spares(told(others + own, saved)):
            thrift.wrote()
            own += 1
        assert own <= SHARE * others
