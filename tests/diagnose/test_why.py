"""Why a target fails, from the documents of a daemon."""

from __future__ import annotations

from typing import Any

import pytest

from kvmon.diagnose.why import explain
from kvmon.model.reasons import REASONS


def document(op: str = "write", **more: Any) -> dict[str, Any]:
    return {"op": op, "state": "closed", "advice": "allow", "since": "T", "reason_class": None, "override": None, **more}


def side(up: bool = True, **values: float) -> dict[str, Any]:
    failure = None if up else {"reason": "refused", "message": "it (a:1): nothing listens there"}
    facts = {"run_id": "one", "role": "master"}
    return {"at": 1.0, "up": up, "failure": failure, "facts": facts, "values": values}


def incident(*nodes: dict[str, Any], reason: str = "refused") -> dict[str, Any]:
    return {"at": "T0", "op": "write", "reason": reason, "nodes": list(nodes)}


@pytest.mark.parametrize("reason", REASONS)
def test_what_fails_is_told_with_its_cause(reason: str) -> None:
    why = explain("it", [document(state="open", advice="deny", reason_class=reason), document("read")], [], [])
    assert not why.good
    assert why.sentence == f"it: writing fails since T, because {REASONS[reason].meaning}."
    assert why.todo == REASONS[reason].advice


def test_the_evidence_is_what_stands_out() -> None:
    node = {
        "instance": "a:1",
        "before": side(kvmon_memory_utilization_ratio=0.97),
        "then": side(up=False),
        "slow_commands": [{"command": "KEYS", "seconds": 2.5}, {"command": "GET", "seconds": 0.01}],
    }
    why = explain("it", [document()], [incident(node)], [{"at": "T0", "text": "b"}, {"at": "T", "text": "a"}])
    assert why.good
    assert why.sentence == "it: nothing is wrong now; it failed at T0, because nothing listens there."
    assert why.evidence == [
        "a:1: it (a:1): nothing listens there",
        "a:1: memory was 97% full",
        "a:1: 2 slow commands, the slowest KEYS with 2.5 s",
    ]
    assert why.story == ["T  a", "T0  b"], "in the order in which it happened"


def test_what_rose_in_the_minutes_before_and_what_was_large_is_evidence() -> None:
    node = {
        "instance": "a:1", "before": side(), "then": side(), "slow_commands": [],
        "large_commands": {"large-reply": [{"command": "HGETALL", "bytes": 5_000_000}, {"command": "GET", "bytes": 2_000_000}]},
        "series": {
            "clients": {"values": [10.0, None, 11.0, 10.0, 12.0, 300.0]},
            "commands": {"values": [500.0, 510.0, 490.0, 505.0, 520.0]},
            "errors": {"values": [None, 0.0, 40.0]},
        },
    }  # fmt: skip
    why = explain("it", [document()], [incident(node)], [])
    assert why.evidence == [
        "a:1: 300 clients, after 10 in the minutes before",
        "a:1: 2 large replies, the largest HGETALL with 5,000,000 bytes",
    ]


def test_a_restart_and_another_role_are_seen() -> None:
    then = side()
    then["facts"] = {"run_id": "two", "role": "slave"}
    node = {"instance": "a:1", "before": side(), "then": then, "slow_commands": []}
    why = explain("it", [document()], [incident(node)], [])
    assert why.evidence == ["a:1: it was restarted", "a:1: its role changed to slave"]


def test_a_persons_decision_is_the_reason() -> None:
    override = {"state": "forced_open", "by": "me", "reason": "upgrade"}
    why = explain("it", [document(advice="deny", override=override)], [], [])
    assert why.sentence == "it: writing is denied, as me decided: upgrade."


def test_nothing_known_is_not_nothing_wrong() -> None:
    assert "nothing is known" in explain("it", [document(state="unknown")], [], []).sentence
