"""Whose word counts where several nodes answer for a shard."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kvmon.judge.breakers.panel import RANKS, Panel
from kvmon.model.evidence import Evidence


def said(node: str, outcome: str = "ok", at: float = 100.0) -> Evidence:
    return Evidence("it", node, "write", outcome == "ok", outcome, at, 0.0)


def test_one_node_is_heard_whatever_it_says() -> None:
    for role in RANKS:
        panel = Panel(fresh=5.0)
        for outcome in ("ok", "refused", "readonly", "ok"):
            evidence = said("a", outcome)
            assert panel.hear(evidence, RANKS[role]) is evidence


def test_a_replica_is_not_heard_about_writing_beside_a_primary() -> None:
    panel = Panel(fresh=5.0)
    assert panel.hear(said("replica", "readonly"), RANKS["replica"]) is not None
    assert panel.hear(said("primary"), RANKS["primary"]) is not None
    assert panel.hear(said("replica", "readonly"), RANKS["replica"]) is None
    panel.forget("primary")
    assert panel.hear(said("replica", "readonly"), RANKS["replica"]) is not None


def test_a_replica_is_not_heard_about_writing_while_somebody_may_be_the_primary() -> None:
    panel = Panel(fresh=5.0)
    panel.members = frozenset({"primary", "replica"})
    assert panel.hear(said("replica", "readonly"), RANKS["replica"]) is None
    assert panel.hear(said("primary", "readonly"), RANKS["replica"]) is not None, "all of them are replicas"
    assert panel.hear(said("replica", "readonly"), RANKS["replica"]) is not None


def test_the_old_primary_does_not_speak_against_the_new_one() -> None:
    panel = Panel(fresh=5.0)
    assert panel.hear(said("old", "refused", 100.0), RANKS["primary"]) is not None
    assert panel.hear(said("new", at=101.0), RANKS["primary"]) is not None
    assert panel.hear(said("old", "refused", 102.0), RANKS["primary"]) is None
    assert panel.hear(said("old", "refused", 106.1), RANKS["primary"]) is not None, "the new one has not been heard for long"


def test_what_a_node_said_as_primary_counts_no_more_once_it_is_a_replica() -> None:
    panel = Panel(fresh=5.0)
    panel.hear(said("old", at=100.0), RANKS["primary"])
    panel.hear(said("old", "readonly", 100.5), RANKS["replica"])
    assert panel.hear(said("new", "oom", 101.0), RANKS["primary"]) is not None


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["ok", "refused"]), st.sampled_from(sorted(RANKS)), st.floats(0, 3))
    )
)
def test_a_success_of_the_best_rank_is_always_heard_and_a_lone_failure_too(told: list[tuple[str, str, str, float]]) -> None:
    panel, now = Panel(fresh=5.0), 100.0
    latest: dict[str, tuple[str, str, float]] = {}
    for node, outcome, role, gap in told:
        now += gap
        latest[node] = (outcome, role, now)
        heard = panel.hear(said(node, outcome, now), RANKS[role])
        best = min(RANKS[other] for _, other, _ in latest.values())
        serving = any(o == "ok" and RANKS[r] == best and now - at <= 5.0 for o, r, at in latest.values())
        assert (heard is not None) == (RANKS[role] == best and (outcome == "ok" or not serving))
