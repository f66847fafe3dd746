"""Asking a running daemon over HTTP."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import click

from kvmon.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])

URL = "http://127.0.0.1:9121"


def url_option(function: F) -> F:
    """`--url URL`."""
    option = click.option(
        "--url", default=URL, show_default=True, envvar="KVMON_URL", show_envvar=True, metavar="URL",
        help="Where the daemon listens; a user and a password may stand in it. A token comes from KVMON_TOKEN.",
    )  # fmt: skip
    return option(function)


def ask(url: str, path: str, *, timeout: float = 30.0) -> Any:
    """The JSON at this path. Raises UsageError where there is none."""
    with _open(url, path, timeout) as answer:
        return json.load(answer)


def follow(url: str, path: str) -> Iterator[tuple[str, Any]]:
    """The events of a stream, by name; ends when the daemon does."""
    name = ""
    with _open(url, path, 30.0) as stream:
        for line in stream:
            text = line.decode(errors="replace").rstrip("\n")
            if text.startswith("event: "):
                name = text.removeprefix("event: ")
            elif text.startswith("data: "):
                yield name, json.loads(text.removeprefix("data: "))


def _open(url: str, path: str, timeout: float) -> Any:
    import urllib.error
    import urllib.request

    if not url.startswith(("http://", "https://")):
        raise UsageError(f"{url} is no URL of a daemon: write http://host:port")
    address, headers = _caller(url)
    request = urllib.request.Request(address.rstrip("/") + path, headers=headers)  # noqa: S310 - the scheme was looked at
    url = address
    try:
        return urllib.request.urlopen(request, timeout=timeout)  # noqa: S310 - same
    except urllib.error.HTTPError as error:
        with error:
            try:
                detail = json.load(error).get("detail", error.reason)
            except ValueError:
                detail = error.reason
        raise UsageError(f"the daemon at {url} refuses: {detail}") from None
    except (urllib.error.URLError, OSError) as error:
        why = getattr(error, "reason", error)
        raise UsageError(f"no daemon answers at {url} ({why}): start it with kvmon run, or say where it is with --url") from None


def _caller(url: str) -> tuple[str, dict[str, str]]:
    """The URL without a user and a password, which are shown nowhere, and what says who asks."""
    import base64
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    address = parts._replace(netloc=host).geturl()
    if user:
        return address, {"Authorization": "Basic " + base64.b64encode(unquote(user).encode()).decode()}
    token = os.environ.get("KVMON_TOKEN")
    return address, {"Authorization": f"Bearer {token}"} if token else {}
