"""Durations, sizes, URLs and addresses, for every input."""

from __future__ import annotations

import contextlib
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.config.urls import read_listen, read_url, shown
from kvmon.options import format_duration, format_size, parse_duration, parse_size

HOSTS = st.from_regex(r"[a-z][a-z0-9-]{0,10}(\.[a-z]{2,5})?", fullmatch=True)
KEYS = st.text(alphabet="abcXYZ019/+=#@:?&!$-_ ", min_size=1, max_size=44).map(str.strip).filter(bool)
"""Access keys: anything but a percent sign, which may mean an escape."""


@given(st.integers(1, 10**12))
def test_a_duration_that_is_shown_is_read_back(milliseconds: int) -> None:
    assert parse_duration(format_duration(milliseconds / 1000)) == pytest.approx(milliseconds / 1000)


@given(st.integers(1, 2**50))
def test_a_size_that_is_shown_is_read_back(size: int) -> None:
    assert parse_size(format_size(size)) == size


@given(st.text(max_size=20) | st.integers() | st.floats() | st.none() | st.booleans())
def test_anything_is_a_duration_and_a_size_or_refused(value: object) -> None:
    for parse in (parse_duration, parse_size):
        with contextlib.suppress(ValueError):
            assert parse(value) >= 0


@given(HOSTS, st.integers(1, 65535), KEYS, st.sampled_from(("redis", "rediss", "valkey", "valkeys")))
def test_a_password_stands_unescaped_in_a_url(host: str, port: int, key: str, scheme: str) -> None:
    url = read_url(f"{scheme}://:{key}@{host}:{port}")
    assert (url.password, url.username, str(url.address)) == (key, None, f"{host}:{port}")
    assert url.tls == (scheme in ("rediss", "valkeys"))
    assert shown(url) == f"{scheme}://{host}:{port}"


@given(HOSTS, st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable()))
def test_a_password_may_be_escaped_too(host: str, password: str) -> None:
    escaped = quote(password, safe="")
    assert read_url(f"redis://user:{escaped}@{host}").password == password


@given(st.text(max_size=60))
def test_any_text_is_a_url_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        url = read_url(text)
        assert url.address.host or url.address.path


@given(
    st.sampled_from(
        ("redis://:{}@h:99999", "redis://u:{}@", "http://u:{}@h", "u:{}://x@h:bad", "redis://:{}@[::1", "redis://{}@h o")
    ),
    st.text(alphabet="qzj0246/+=#", min_size=12, max_size=30),
)
def test_no_part_of_the_credentials_is_repeated_in_an_error(form: str, secret: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - what it must not say is what matters
        read_url(form.format(secret))
    assert secret not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (":9121", "0.0.0.0:9121"), ("127.0.0.1:0", "127.0.0.1:0"), ("[::1]:80", "[::1]:80"), ("localhost:1", "localhost:1"),
        (" 10.0.0.1:9121 ", "10.0.0.1:9121"),
    ],
)  # fmt: skip
def test_listen_addresses(text: str, place: str) -> None:
    assert read_listen(text) == place
