"""What a provider implies for a target."""

from __future__ import annotations

from pathlib import Path

import pytest

from kvmon.config import Mistakes, load
from kvmon.model.targets.target import Target


def target(folder: Path, lines: str) -> Target:
    file = folder / "kvmon.yaml"
    file.write_text(f"targets:\n- {{name: a, {lines}}}\n")
    (found,) = load(str(file), {}).targets
    return found


@pytest.mark.parametrize(
    ("lines", "address"),
    [
        ("url: 'rediss://x.redis.cache.windows.net'", "x.redis.cache.windows.net:6380"),
        ("url: 'redis://x.redis.cache.windows.net'", "x.redis.cache.windows.net:6379"),
        ("url: 'rediss://x.redis.cache.windows.net:13000'", "x.redis.cache.windows.net:13000"),
        ("url: 'rediss://x.westus.redis.azure.net'", "x.westus.redis.azure.net:10000"),
        ("url: 'rediss://:p@10.0.0.4', provider: azure-managed", "10.0.0.4:10000"),
        ("url: 'rediss://[::1]', provider: azure-cache", "[::1]:6380"),
        ("url: 'rediss://[::1]:7000', provider: azure-cache", "[::1]:7000"),
        ("url: 'rediss://cache.example.net'", "cache.example.net:6379"),
    ],
)
def test_a_url_without_a_port_means_the_providers(tmp_path: Path, lines: str, address: str) -> None:
    assert str(target(tmp_path, lines).addresses[0]) == address


def test_a_size_is_written_as_the_providers_tools_write_it(tmp_path: Path) -> None:
    assert target(tmp_path, "url: 'rediss://x.westus.redis.azure.net', sku: Balanced_B10").sku == "B10"
    assert target(tmp_path, "url: 'rediss://x.redis.cache.windows.net', sku: p1").limit == (4_800_000_000, "sku")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("url: 'rediss://x.redis.cache.windows.net', sku: P9", "'P9' is no size of Azure Cache for Redis"),
        ("url: 'redis://h', sku: P1", "no sizes are known of a server of your own: write memory_limit, or provider"),
    ],
)
def test_a_size_that_is_not_sold_is_a_mistake(tmp_path: Path, lines: str, message: str) -> None:
    with pytest.raises(Mistakes, match=message):
        target(tmp_path, lines)


def test_an_identity_is_a_word_or_a_mapping(tmp_path: Path) -> None:
    entra = target(tmp_path, "url: 'rediss://x.redis.cache.windows.net', auth: entra").credentials.auth
    assert entra is not None
    assert (entra.kind, entra.scope) == ("entra", "https://redis.azure.com/.default")
    url = "url: 'rediss://m.serverless.euw1.cache.amazonaws.com', username: u"
    iam = target(tmp_path, f"{url}, auth: {{type: elasticache-iam, cache: M, region: eu-west-1}}").credentials.auth
    assert iam is not None
    assert (iam.cache, iam.region, iam.username, iam.serverless, iam.service) == ("m", "eu-west-1", "u", True, "elasticache")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("url: 'rediss://h', auth: kerberos", "auth.type"),
        ("url: 'redis://h', auth: entra", "tokens are sent over TLS only"),
        ("url: 'rediss://h', auth: entra, password: x", "there is a password too"),
        ("url: 'rediss://h', auth: elasticache-iam", "elasticache-iam needs auth.cache"),
    ],
)
def test_a_contradiction_in_an_identity_is_a_mistake(tmp_path: Path, lines: str, message: str) -> None:
    with pytest.raises(Mistakes, match=message):
        target(tmp_path, lines)


def test_a_missing_package_is_named_with_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kvmon.config.identity.find_spec", lambda _: None)
    with pytest.raises(Mistakes, match=r"kvmon\.yaml:2: .*needs the package azure-identity: pip install 'kvmon\[entra\]'"):
        target(tmp_path, "url: 'rediss://h', auth: entra")
