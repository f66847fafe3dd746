"""URLs of Sentinels, and what a Sentinel says of its service."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.model.conversation import Malformed, Refusal, Unsupported
from kvmon.model.targets.address import Address
from kvmon.model.targets.sentinel_url import SCHEMES, parse_sentinel_url
from kvmon.watch.topology.sentinel import Seen, Service, ask, primary_named
from tests.watch.collectors.talking import replies


def test_a_url_names_sentinels_the_service_and_whom_to_be_for_its_nodes() -> None:
    url = parse_sentinel_url("valkeys+sentinel://me:p/w+x=@a,b:26380,[::1]/my%20main?x=1".replace("%20", "-"))
    assert (url.address, url.others) == (Address("a", 26379), (Address("b", 26380), Address("::1", 26379)))
    assert (url.tls, url.username, url.password, url.service) == (True, "me", "p/w+x=", "my-main")
    assert repr(url) == "BackendUrl(valkeys+sentinel://a:26379,b:26380,[::1]:26379/my-main)"


@given(st.sampled_from([*SCHEMES]), st.text(max_size=60))
def test_any_url_is_read_or_refused_without_its_password(scheme: str, rest: str) -> None:
    told = ""
    try:
        url = parse_sentinel_url(f"{scheme}://user:hunter2@{rest}")
        told = repr(url)
    except ValueError as error:
        told = str(error)
    assert "hunter2" not in told


def hear(*replies: object) -> Service:
    talk = ask("main")
    next(talk)
    with pytest.raises(StopIteration) as end:
        talk.send(list(replies))  # type: ignore[arg-type]
    found: Service = end.value.value.memory
    return found


def node(ip: str, port: int, flags: str, *more: bytes) -> list[bytes]:
    return [b"ip", ip.encode(), b"port", str(port).encode(), b"flags", flags.encode(), *more]


def test_a_service_is_its_primary_its_replicas_and_its_sentinels() -> None:
    primary = node("10.0.0.1", 6379, "master,o_down,s_down", b"config-epoch", b"7")
    found = hear(primary, [node("fe80::2", 6380, "slave")], [node("10.0.0.3", 26379, "sentinel")])
    assert found.primary == Seen(Address("10.0.0.1", 6379), ("master", "o_down", "s_down"))
    assert found.epoch == 7
    assert [str(seen.address) for seen in found.all] == ["10.0.0.1:6379", "[fe80::2]:6380", "10.0.0.3:26379"]
    assert hear(primary, [], Refusal("NOPERM", "NOPERM")).sentinels == ()


def test_what_is_refused_or_strange_is_said() -> None:
    talk = ask("main")
    next(talk)
    refused = Refusal("ERR", "ERR No such master with that name")
    with pytest.raises(Unsupported, match="No such master"):
        talk.send([refused, refused, refused])


@given(replies)
def test_any_shape_is_an_answer_or_a_complaint(reply: object) -> None:
    talk = ask("main")
    next(talk)
    with pytest.raises((StopIteration, Unsupported, Malformed)):
        talk.send([reply, reply, reply])  # type: ignore[list-item]


def test_info_names_the_primary_of_the_service_that_is_meant() -> None:
    facts = {
        "master0": "name=other,status=ok,address=h:1,slaves=0",
        "master1": "name=main,status=sdown,address=[::1]:6379,slaves=2",
    }
    assert primary_named(facts, "main") == "[::1]:6379"
    assert primary_named(facts, "third") == primary_named({}, "main") == ""
