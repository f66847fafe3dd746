"""What a Sentinel thinks: from replies, and in any shape."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis.strategies import DataObject, data

from kvmon.model.conversation import Command, Refusal, Reply
from kvmon.watch.collectors.sentinel import Sentinel
from kvmon.watch.collectors.server import Server
from tests.watch.collectors.talking import DENIED, PATIENT, VALKEY, check_any_shape, talk, values

SENTINEL: Server = replace(VALKEY, mode="sentinel")
PRIMARY = b"name main ip 10.0.0.1 port 6379 flags master quorum 2 last-ok-ping-reply 640".split()
WELL: list[Reply] = [b"name", b"x", b"flags", b"slave"]
DOWN: list[Reply] = [b"name", b"y", b"flags", b"s_down,slave,disconnected"]
LABELS = ("main", "10.0.0.1:6379")


def test_only_a_sentinel_is_asked() -> None:
    assert Sentinel().needs(SENTINEL)
    assert not Sentinel().needs(VALKEY)


def test_peers_and_replicas_that_are_down_do_not_count_and_a_lost_quorum_says_why() -> None:
    asked: list[Command] = []

    def answer(command: Command) -> Reply:
        asked.append(command)
        match command[1]:
            case "MASTERS":
                return [list(PRIMARY)]
            case "CKQUORUM":
                return Refusal("NOQUORUM", "NOQUORUM 1 usable Sentinels. Not enough available Sentinels to reach the majority")
            case _:
                return [list(WELL), list(DOWN)]

    first = talk(Sentinel(), SENTINEL, (), answer)
    found = values(first.samples)
    assert found["redis_sentinel_master_ok_sentinels", *LABELS] == 2, "itself and one other"
    assert found["redis_sentinel_master_ok_slaves", *LABELS] == 1
    assert found["redis_sentinel_master_setting_ckquorum", *LABELS] == 2
    assert found["redis_sentinel_master_last_ok_ping_reply_seconds", *LABELS] == 0.64
    assert [value for key, value in found.items() if key[0] == "redis_sentinel_master_ckquorum_status"] == [0]
    assert not [key for key in found if key[0] == "redis_sentinel_peer_info"], "not unless asked for"
    peers = values(talk(Sentinel(peers=1), SENTINEL, first.memory, answer).samples)
    assert [key[1:4] for key in peers if key[0] == "redis_sentinel_peer_info"] == [(*LABELS, "x")]
    asked.clear()
    talk(Sentinel(), SENTINEL, first.memory, answer)
    assert len(asked) == len(set(asked)) == 4, "known primaries are asked for in the same round"


def test_a_user_who_may_not_ask_for_the_others_still_gets_the_settings() -> None:
    found = values(talk(Sentinel(), SENTINEL, (), lambda c: [list(PRIMARY)] if c[1] == "MASTERS" else DENIED).samples)
    assert found["redis_sentinel_master_setting_ckquorum", *LABELS] == 2
    assert ("redis_sentinel_master_ok_slaves", *LABELS) not in found


@PATIENT
@given(data())
def test_any_shape_is_an_answer_or_a_complaint(given: DataObject) -> None:
    check_any_shape(Sentinel(), given)
