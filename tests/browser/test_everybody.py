"""The page is for everybody: small and huge screens, light and dark, keyboards, screen readers, fleets of a thousand."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.test_page import PATHS, looked_anew, shop
from tests.servers.daemon import Daemon
from tests.servers.server import Server
from tests.servers.waiting import until

pytestmark = pytest.mark.browser

__all__ = ["shop"]
SCREENS = {"phone": (320, 640), "laptop": (1280, 800), "wall": (3840, 2160)}


@pytest.mark.parametrize("screen", SCREENS)
def test_nothing_is_cut_off_on_any_screen(shop: Daemon, open_page: Callable[..., Any], screen: str) -> None:
    width, height = SCREENS[screen]
    page = open_page(shop.url, viewport={"width": width, "height": height})
    for path in PATHS:
        page.goto(f"{shop.url}{path}")
        over = page.evaluate(
            "[...document.querySelectorAll('main *, header *, footer *')]"
            ".filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.parentElement.closest('.scroll'))"
            ".map(e => e.outerHTML.slice(0, 200))"
        )
        assert over == [], f"{path} is wider than {width}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_by_everybody(shop: Daemon, open_page: Callable[..., Any], scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(shop.url, color_scheme=scheme)
    light = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0] > 128")
    assert light == (scheme == "light")
    for path in PATHS:
        page.goto(f"{shop.url}{path}")
        found = Axe().run(page).response["violations"]
        serious = [
            (each["id"], [node["html"] for node in each["nodes"]][:3])
            for each in found
            if each["impact"] in ("serious", "critical")
        ]
        assert serious == [], path


def test_a_keyboard_is_enough(shop: Daemon, open_page: Callable[..., Any]) -> None:
    page = open_page(shop.url)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    page.keyboard.press("/")
    page.keyboard.type("shop")
    page.wait_for_selector("#card-gone", state="detached")
    assert page.evaluate("document.activeElement.id") == "q"
    assert page.url.endswith("?q=shop")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('href')") == "/targets/shop":
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/targets/shop")
    outlined = []
    for _ in range(40):
        page.keyboard.press("Tab")
        outlined.append(
            page.evaluate("document.activeElement === document.body || getComputedStyle(document.activeElement).outlineStyle")
        )
    assert "none" not in outlined


def test_focus_and_open_details_outlive_what_happens(shop: Daemon, open_page: Callable[..., Any]) -> None:
    page = open_page(shop.url)
    page.locator("#card-gone h2 a").focus()
    looked_anew(page)
    assert page.evaluate("document.activeElement.textContent") == "gone"


def answered(daemon: Daemon) -> bool:
    try:
        return daemon.get("/readyz").status == 200
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_thousand_targets_are_interactive_within_two_seconds(
    start_daemon: Callable[..., Daemon], valkey: Server, open_page: Callable[..., Any]
) -> None:
    valkey.config_set("maxclients", "5000")
    targets = [{"name": f"t{number:04d}", "url": valkey.url, "probe": "off"} for number in range(999)]
    daemon = start_daemon(
        {"interval": "60s", "targets": [*targets, {"name": "zz-gone", "url": "redis://127.0.0.1:1", "probe": "off"}]}, ready=False
    )
    until(lambda: answered(daemon), 300, what="a thousand first polls")
    page = open_page(f"{daemon.url}/livez")
    took = []
    for _ in range(3):
        begun = time.monotonic()
        page.goto(daemon.url)
        page.locator("#q").fill("t0777")
        took.append(time.monotonic() - begun)
        page.wait_for_selector("#card-t0777")
        page.goto("about:blank")
    assert min(took) < 2, took
    page.goto(daemon.url)
    assert page.locator(".card").first.get_attribute("id") == "card-zz-gone"
    assert page.locator(".card").count() < 100
    frames = page.evaluate("""() => new Promise(done => {
        const gaps = []; let last = performance.now(), n = 0;
        const step = now => {
            gaps.push(now - last);
            last = now;
            scrollBy(0, 40);
            ++n < 60 ? requestAnimationFrame(step) : done(gaps);
        };
        requestAnimationFrame(step);
    })""")
    assert sorted(frames)[30] < 100
