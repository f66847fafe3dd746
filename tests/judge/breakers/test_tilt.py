"""When kvmon distrusts itself."""

from __future__ import annotations

from kvmon.judge.breakers.tilt import CALM, Tilt


class Asked:
    """A control address that is asked."""

    def __init__(self) -> None:
        self.times = 0
        self.tilt = Tilt(self.ask)
        self.tilt.hosts = 10

    def ask(self) -> None:
        self.times += 1


def test_a_late_loop_and_a_jumping_clock_are_distrusted_for_a_while() -> None:
    tilt = Tilt()
    tilt.lagged(0.9, 10.0)
    tilt.jumped(-1.9, 10.0)
    assert not tilt.on(10.0)
    tilt.lagged(1.1, 10.0)
    assert (tilt.on(10.0), tilt.reason) == (True, "lag")
    assert not tilt.believes("a", 11.0)
    assert not tilt.on(10.0 + CALM)
    assert tilt.believes("a", 16.0)
    tilt.jumped(-3600.0, 20.0)
    assert tilt.reason == "clock"


def test_a_little_lateness_taints_durations_only() -> None:
    tilt = Tilt()
    assert not tilt.late(0.0)
    tilt.lagged(0.2, 10.0)
    assert tilt.late(11.0)
    assert tilt.believes("a", 11.0)
    assert not tilt.late(12.1)


def test_without_a_control_address_many_failures_are_believed() -> None:
    tilt = Tilt()
    assert all(tilt.believes(host, 10.0) for host in "abcdef")


def test_with_a_control_a_failure_counts_once_that_was_reached() -> None:
    it = Asked()
    assert not it.tilt.believes("a", 10.0), "not before the control has answered"
    assert not it.tilt.believes("b", 10.1)
    assert it.times == 1, "one question at a time"
    it.tilt.controlled(ok=True, now=10.2)
    assert all(it.tilt.believes(host, 10.3) for host in "abcd")
    assert not it.tilt.on(10.3)


def test_a_control_that_fails_too_means_that_it_is_our_network() -> None:
    it = Asked()
    it.tilt.believes("a", 10.0)
    it.tilt.controlled(ok=False, now=10.1)
    assert not any(it.tilt.believes(host, 10.2) for host in "abc")
    assert (it.tilt.on(10.3), it.tilt.reason) == (True, "network")
    assert not it.tilt.believes("a", 12.5)
    assert it.times == 2, "as long as targets fail, the control is asked again"
    it.tilt.controlled(ok=True, now=12.6)
    assert not it.tilt.believes("a", 14.0), "not yet calm for long enough"
    assert not it.tilt.believes("a", 10.2 + CALM), "asked anew"
    it.tilt.controlled(ok=True, now=16.0)
    assert it.tilt.believes("a", 16.1)


def test_a_control_that_fails_and_few_targets_that_do_is_a_coincidence() -> None:
    it = Asked()
    it.tilt.believes("a", 10.0)
    it.tilt.controlled(ok=False, now=10.1)
    assert not it.tilt.believes("a", 10.2), "others may follow"
    assert not it.tilt.believes("b", 11.0)
    assert it.tilt.believes("a", 11.6)
    assert not it.tilt.on(11.6)


def test_with_few_hosts_the_control_is_not_asked() -> None:
    it = Asked()
    it.tilt.hosts = 2
    assert it.tilt.believes("a", 10.0)
    assert it.tilt.believes("b", 10.0)
    assert it.times == 0
