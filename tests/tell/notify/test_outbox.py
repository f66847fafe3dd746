"""Promises that are kept: in order within a group, few at once, and the next try later and later."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kvmon.tell.notify.dispatcher import Promise
from kvmon.tell.notify.outbox import LEAST_LIFE, Entry, Outbox, entry_of, wait_before
from tests.tell.notify.test_dispatcher import Told, fires


@given(st.integers(1, 200), st.floats(0, 1))
def test_waits_grow_to_a_minute_and_are_spread(attempt: int, chance: float) -> None:
    steady = min(60.0, 0.5 * 1.5 ** (attempt - 1))
    assert steady * 0.5 <= wait_before(attempt, chance) <= steady * 1.5


class OutboxMachine(RuleBasedStateMachine):
    """Promises, tries that fail, tries that succeed: order within a lane, nothing lost, few at once."""

    def __init__(self) -> None:
        super().__init__()
        self.told = Told()
        self.told.take(0, fires(0))
        (self.promise,) = self.told.at(1000)
        self.outbox = Outbox()
        self.now = 0.0
        self.promised: dict[str, list[str]] = {}
        self.delivered: dict[str, list[str]] = {}
        self.running: list[Entry] = []
        self.paused = 0.0

    @rule(group=st.sampled_from("abcdefg"))
    def promise_one(self, group: str) -> None:
        entry = entry_of(Promise("team/webhook/0", group, self.promise.message, 60.0), self.now)
        assert entry.expires_at == self.now + LEAST_LIFE
        self.outbox.add([entry])
        self.promised.setdefault(group, []).append(entry.id)

    @rule(seconds=st.floats(0, 5))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        begun = self.outbox.start(self.now)
        assert not begun or self.now >= self.paused, "it is left alone"
        self.running += begun

    @rule(choice=st.integers(0, 10))
    def succeed(self, choice: int) -> None:
        if self.running:
            entry = self.running.pop(choice % len(self.running))
            self.outbox.done(entry)
            self.delivered.setdefault(entry.grouping, []).append(entry.id)

    @rule(choice=st.integers(0, 10), wait=st.floats(0, 5), pause=st.booleans())
    def fail(self, choice: int, wait: float, pause: bool) -> None:
        if self.running:
            entry = self.running.pop(choice % len(self.running))
            later = self.outbox.again(entry, self.now + wait, pause=pause)
            assert (later.id, later.attempts) == (entry.id, entry.attempts + 1)
            if pause:
                self.paused = self.now + wait

    @invariant()
    def nothing_is_lost_and_all_is_in_order(self) -> None:
        waiting: dict[str, list[str]] = {}
        for entry in self.outbox:
            waiting.setdefault(entry.grouping, []).append(entry.id)
        for group, promised in self.promised.items():
            assert [*self.delivered.get(group, []), *waiting.get(group, [])] == promised
        lanes: Sequence[tuple[str, str]] = [entry.lane for entry in self.running]
        assert len(lanes) == len(set(lanes)) <= 4
        due = self.outbox.due()
        idle = {group for group in waiting if ("team/webhook/0", group) not in lanes}
        assert (due is not None) == (bool(idle) and len(lanes) < 4), "what waits has its turn"
        if due is not None and due > self.now:
            assert self.outbox.start(self.now) == []


TestOutbox = OutboxMachine.TestCase
TestOutbox.settings = settings(max_examples=40, stateful_step_count=30)
