"""What may be changed about a silence, and what makes no sense."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kvmon.tell.notify.matchers import Matcher, Op
from kvmon.tell.notify.silences import Silence, SilenceRefused, settle

HELD = Silence("old", (Matcher("a", "b"),), 100, 200, "me", "why", 100)


def test_a_new_one_does_not_begin_in_the_past() -> None:
    (made,) = settle(replace(HELD, id=""), None, 150, "new")
    assert (made.id, made.starts_at, made.ends_at) == ("new", 150, 200)


def test_the_end_is_changed_in_place_other_matchers_make_another_one() -> None:
    (longer,) = settle(replace(HELD, ends_at=500), HELD, 150, "new")
    assert (longer.id, longer.ends_at) == ("old", 500)
    made, before = settle(replace(HELD, matchers=(Matcher("a", "c"),)), HELD, 150, "new")
    assert (made.id, made.state(150)) == ("new", "active")
    assert (before.id, before.state(150), before.ends_at) == ("old", "expired", 150)


def test_an_expired_one_is_made_anew_and_one_to_come_may_be_moved() -> None:
    (made,) = settle(replace(HELD, ends_at=500), HELD, 300, "new")
    assert made.id == "new"
    (moved,) = settle(replace(HELD, starts_at=90), HELD, 50, "new")
    assert (moved.id, moved.starts_at, moved.state(50)) == ("old", 90, "pending")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (replace(HELD, matchers=()), "at least one matcher required"),
        (replace(HELD, matchers=(Matcher("a", ".*", Op.REGEX),)), "must not match the empty string"),
        (replace(HELD, ends_at=100), "end time can't be in the past"),
        (replace(HELD, starts_at=300), "start time must be before end time"),
    ],
)
def test_what_makes_no_sense_is_refused_in_alertmanager_s_words(wrong: Silence, words: str) -> None:
    with pytest.raises(SilenceRefused, match=words):
        settle(wrong, None, 150, "new")


def test_it_mutes_from_its_beginning_to_its_end() -> None:
    assert [HELD.mutes({"a": "b"}, now) for now in (99, 100, 199, 200)] == [False, True, True, False]
    assert not HELD.mutes({"a": "c"}, 150)
    assert Silence.from_json("old", HELD.to_json()) == HELD
