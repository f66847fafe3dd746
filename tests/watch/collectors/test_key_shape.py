from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.watch.collectors.key_shape import key_shape


@pytest.mark.parametrize(
    ("key", "shape"),
    [
        ("user:42:profile", "user:*:profile"),
        ("session:alice", "session:*"),
        ("leaderboard", "*"),
        ("cache/eu-west/a81f9c/page", "cache/eu-west/*/page"),
        ("user:ann@example.net:cart", "user:*:cart"),
        ("{tag}:jobs", "*:jobs"),
        ("Invoice:2026", "*:*"),
        ("", "*"),
        ("a:" * 100, "*:" * 8 + "*"),
    ],
)
def test_what_varies_is_folded(key: str, shape: str) -> None:
    assert key_shape(key.encode()) == shape


@given(st.binary(max_size=400))
def test_nothing_but_plain_words_is_ever_shown(key: bytes) -> None:
    assert re.fullmatch(r"(\*|[a-z][a-z_.-]{1,23})([:/|](\*|[a-z][a-z_.-]{1,23})){0,8}", key_shape(key))


@given(st.from_regex(r"[a-z]{2,20}:[0-9]{1,9}:[a-z]{2,20}", fullmatch=True))
def test_keys_of_a_kind_have_one_shape(key: str) -> None:
    kind, _, rest = key.split(":")
    assert key_shape(key.encode()) == f"{kind}:*:{rest}"
