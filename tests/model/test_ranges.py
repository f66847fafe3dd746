"""What an address means in the end, however it is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.model.targets.ranges import is_loopback, is_off_limits


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.9.9.9", "::1", "localhost", "LOCALHOST.", "::ffff:127.0.0.1", "127.1", "2130706433", "0x7f000001",
        "0177.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
    ],
)  # fmt: skip
def test_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254", "fe80::1", "fe80::1%eth0", "::ffff:169.254.169.254", "0xa9fea9fe", "2852039166", "64:ff9b::a9fe:a9fe",
        "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "::", "224.0.0.1", "ff02::1", "0.0.0.0",  # noqa: S104
    ],
)  # fmt: skip
def test_what_is_no_server_of_ours(host: str) -> None:
    assert is_off_limits(host)
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "host",
    ["10.0.0.7", "192.168.1.1", "fd00::7", "2001:db8::1", "cache.example.net", "1cache", "0xcache", "127.0.0.1.example.net", ""],
)
def test_where_servers_are(host: str) -> None:
    assert not is_loopback(host)
    assert not is_off_limits(host)


@given(st.text() | st.ip_addresses().map(str) | st.text("0123456789abcdefx.:[]%", max_size=20))
def test_any_text_is_an_address_or_a_name(host: str) -> None:
    is_loopback(host)
    is_off_limits(host)
