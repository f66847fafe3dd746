from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.servers.daemon import Daemon
from tests.servers.server import Server
from tests.servers.waiting import until

pytestmark = pytest.mark.browser

TOKEN = "s3cret-token"
RULES = """
groups:
- name: test
  rules:
  - alert: RedisDown
    expr: redis_up == 0
    labels: {severity: critical}
    annotations: {summary: "{{ $labels.instance }} is gone", runbook_url: docs/runbooks/RedisDown.md}
"""
EVIL = "<img/src=x/onerror=alert(1)>"
PATHS = ("/", "/targets/shop", "/alerts", "/breakers", "/runbooks", "/runbooks/KvmonBreakerOpen")


@pytest.fixture
def shop(start_daemon: Callable[..., Daemon], valkey: Server, tmp_path: Any) -> Daemon:
    """A target `shop`, one that is down, rules, a notifier, and a token for what changes something."""
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    return start_daemon({
        "interval": "1s",
        "targets": [
            {
                "name": "shop", "url": valkey.url, "labels": {"team": EVIL}, "memory_limit": "1GiB",
                "workloads": [{"name": "everything", "keys": "*", "expires": 1}], "scan": {"every": "1s", "commands": 10000},
            },
            {"name": "gone", "url": "redis://127.0.0.1:1"},
        ],
        "web": {"tokens": [TOKEN]},
        "migration": {"source": "shop", "destination": "gone", "mode": "dual-write"},
        "rules": {"files": [str(rules)], "evaluation_interval": "1s"},
        "alerting": {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]},
    })  # fmt: skip


def shown(page: Any, selector: str) -> Any:
    found = page.locator(selector)
    found.first.wait_for()
    return found.first


def live(page: Any) -> None:
    # The policy forbids what Playwright's own waiting for conditions would have to do.
    page.locator("#live", has_text=re.compile("^live$")).wait_for()


def looked_anew(page: Any) -> None:
    """Waits until the page shows something newer than now."""
    before = shown(page, "#uptime").inner_text()
    until(lambda: shown(page, "#uptime").inner_text() != before, what="a page that follows")


def test_it_loads_without_errors_and_is_live(shop: Daemon, open_page: Callable[..., Any]) -> None:
    page = open_page(shop.url)
    assert page.locator(".card").first.get_attribute("id") == "card-gone"
    assert "nothing listens there" in shown(page, "#card-gone").inner_text()
    live(page)
    looked_anew(page)


def test_a_killed_primary_is_seen_within_two_seconds(shop: Daemon, valkey: Server, open_page: Callable[..., Any]) -> None:
    page = open_page(shop.url)
    live(page)
    took = []
    for _ in range(3):  # of three, as this machine may be busy with something else
        shown(page, "#card-shop.well")
        valkey.kill()
        begun = time.monotonic()
        shown(page, "#card-shop.down")
        took.append(time.monotonic() - begun)
        page.locator("#told", has_text="is down").wait_for(state="attached")
        assert re.search("fail|is down", shown(page, "#card-shop .what").inner_text())
        valkey.restart()
        if took[-1] < 2:
            break
    assert min(took) < 2, took


def test_an_alert_appears_is_silenced_with_a_token_and_told_again(shop: Daemon, open_page: Callable[..., Any]) -> None:
    page = open_page(f"{shop.url}/alerts", calm=False)  # a refusal is an error on the console
    alarm = shown(page, ".alarm.critical")
    assert "127.0.0.1:1 is gone" in alarm.inner_text()
    assert alarm.get_by_role("link", name="Runbook").get_attribute("href") == "/runbooks/RedisDown"
    alarm.get_by_role("button", name="Silence").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why").fill(EVIL)
    dialog.get_by_label("Your name").fill("ann")
    dialog.get_by_label("Token").fill("wrong")
    dialog.get_by_role("button", name="Silence").click()
    dialog.locator(".answer", has_text="token").wait_for()
    dialog.get_by_label("Token").fill(TOKEN)
    dialog.get_by_role("button", name="Silence").click()
    shown(page, ".alarm.silenced")
    silence = shown(page, ".alarm.silence")
    assert EVIL in silence.inner_text()
    silence.get_by_role("button", name="End it").click()
    assert page.locator("#expire [name=token]").input_value() == TOKEN
    page.get_by_role("dialog").get_by_role("button", name="End it").click()
    page.wait_for_selector(".alarm.silenced", state="detached")
    page.goto(f"{shop.url}/targets/gone")
    shown(page, ".story .alert >> text=RedisDown fires: 127.0.0.1:1 is gone")


def test_a_breaker_is_overridden_and_released(shop: Daemon, open_page: Callable[..., Any]) -> None:
    page = open_page(f"{shop.url}/breakers")
    row = shown(page, "#breaker-shop-write-")
    row.get_by_role("button", name="Override").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why").fill("moving house")
    dialog.get_by_label("Your name").fill("ann")
    dialog.get_by_label("Token").fill(TOKEN)
    dialog.get_by_role("button", name="Override").click()
    shown(page, "#breaker-shop-write- .forced")
    assert "forced open by ann" in row.inner_text()
    assert shop.get("/v1/breakers/shop/write/allow").status == 503
    row.get_by_role("button", name="End override").click()
    page.get_by_role("dialog").get_by_role("button", name="End it").click()
    page.wait_for_selector("#breaker-shop-write- .forced", state="detached")


def test_what_is_in_a_target_is_told(shop: Daemon, valkey: Server, open_page: Callable[..., Any]) -> None:
    valkey.command("SET", "lasting", EVIL)
    page = open_page(f"{shop.url}/targets/shop")
    page.locator("section:has(#keys) tr", has_text="everything").locator(".bad", has_text="too few").wait_for()
    assert "Counted" in shown(page, "#scan").inner_text()
    assert "not ready" in shown(page, "section:has(#migration)").inner_text()
    assert "of the memory limit was in use" in shown(page, "section:has(#size)").inner_text()


def test_after_a_restart_of_kvmon_it_is_stale_and_then_live_again(
    start_daemon: Callable[..., Daemon], valkey: Server, open_page: Callable[..., Any]
) -> None:
    targets = {"interval": "1s", "targets": [{"name": "shop", "url": valkey.url}]}
    daemon = start_daemon(targets)
    page = open_page(daemon.url, calm=False)  # a connection that breaks is an error on the console
    live(page)
    daemon.stop()
    page.locator("#live", has_text="stale since").wait_for()
    assert shown(page, "#card-shop").is_visible()
    start_daemon(targets, port=daemon.port)
    live(page)
    shown(page, "#card-shop.well")


def test_without_scripts_it_shows_the_same_and_loads_itself_again(shop: Daemon, open_page: Callable[..., Any]) -> None:
    page = open_page(shop.url, java_script_enabled=False)
    assert "nothing listens there" in shown(page, "#card-gone").inner_text()
    assert page.locator("meta[http-equiv=refresh]").get_attribute("content") == "1"
    page.goto(f"{shop.url}/targets/shop?range=5m")
    until(lambda: page.reload() and page.locator(".chart .line").count() >= 3, what="lines")
    assert not page.get_by_role("button").first.is_visible()


def test_markup_of_clients_and_labels_is_text(
    start_daemon: Callable[..., Daemon], valkey: Server, open_page: Callable[..., Any]
) -> None:
    valkey.config_set("slowlog-log-slower-than", "0")
    with valkey.client() as client:
        client.command("CLIENT", "SETNAME", EVIL)
        client.command("SET", EVIL, EVIL)
        shop = start_daemon({"interval": "1s", "targets": [{"name": "shop", "url": valkey.url, "labels": {"team": EVIL}}]})
        page = open_page(f"{shop.url}/targets/shop")
        page.locator(".bars tr", has_text=EVIL).first.wait_for()
        page.locator("#name + p", has_text=f"team={EVIL}").wait_for()
    for path in PATHS:
        page.goto(f"{shop.url}{path}")
        assert page.locator("[onerror], img[src=x]").count() == 0


def test_no_inline_script_runs_and_no_other_host_is_reached(shop: Daemon, valkey: Server, open_page: Callable[..., Any]) -> None:
    page = open_page(shop.url, calm=False)
    inline = "const s = document.createElement('script'); s.textContent = 'window.ran = true'; document.body.append(s)"
    assert not page.evaluate(f"() => {{ {inline}; return !!window.ran; }}")
    assert page.evaluate(f"() => fetch('http://{valkey.address}/').then(() => 'reached', () => 'refused')") == "refused"


def test_the_values_of_a_line_are_at_the_cursor(shop: Daemon, open_page: Callable[..., Any]) -> None:
    page = open_page(f"{shop.url}/targets/shop?range=5m")
    chart = "#chart-memory"
    until(lambda: page.reload() and page.locator(f"{chart} .plot").count(), what="a line of memory")
    newest = shown(page, f"{chart} .value b").inner_text()
    plot = shown(page, f"{chart} .plot")
    plot.focus()
    page.keyboard.press("ArrowLeft")
    assert re.fullmatch(r"at \d\d:\d\d:\d\d UTC", shown(page, f"{chart} .at").inner_text())
    page.keyboard.press("Home")
    assert shown(page, f"{chart} .value b").inner_text() != newest
    page.keyboard.press("Escape")
    assert page.locator(f"{chart} .at").inner_text() == ""
    plot.hover()
    assert page.locator(f"{chart} .at").inner_text().startswith("at ")
