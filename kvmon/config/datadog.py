"""How things get to Datadog: as the file says, else as Datadog's own variables do."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from kvmon.config.files import beside, read_text
from kvmon.config.mistakes import Ledger
from kvmon.config.source import Source
from kvmon.tell.sinks.datadog.options import PORT, DatadogOptions, read_destination, read_proxy, read_site

URL, HOST, KEY = "DD_DOGSTATSD_URL", "DD_AGENT_HOST", "DD_API_KEY"
"""Datadog's variables. The host or the key alone turns nothing on: many things are told them that are not asked to push."""


def datadog_of(
    options: DatadogOptions | None, environ: Mapping[str, str], source: Source, base: str, ledger: Ledger
) -> DatadogOptions | None:
    """The effective options; None where nothing is to be pushed. `base` is the file's folder."""
    named = {name: environ.get(name, "").strip() for name in (URL, HOST, KEY)}
    if options is None and not named[URL]:
        return None
    options = options or DatadogOptions()
    if options.dogstatsd is not None:
        return options
    if options.agentless:
        return _agentless(options, environ, source, base, ledger)
    if named[KEY] and not named[URL] and not named[HOST]:
        return _agentless(options.model_copy(update={"api_key": SecretStr(named[KEY])}), environ, source, base, ledger)
    host = named[HOST]
    url = named[URL] or (
        f"udp://{f'[{host}]' if ':' in host else host or '127.0.0.1'}:{environ.get('DD_DOGSTATSD_PORT') or PORT}"
    )
    try:
        read_destination(url)
    except ValueError as error:
        ledger.add(str(error), where="environment")
        return None
    return options.model_copy(update={"dogstatsd": url})


def _agentless(options: DatadogOptions, environ: Mapping[str, str], source: Source, base: str, ledger: Ledger) -> DatadogOptions:
    found: dict[str, Any] = {}
    if options.compression == "zstd" and find_spec("zstandard") is None:
        where = source.where(("datadog", "compression"))
        ledger.add("datadog.compression: zstandard is not installed", where=where, hint="pip install 'kvmon[zstd]'")
    if options.api_key_file is not None:
        found["api_key_file"] = path = beside(options.api_key_file, base)
        try:
            empty = not read_text(path).strip()
        except ValueError as error:
            ledger.add(f"datadog.api_key_file: {error}", where=source.where(("datadog", "api_key_file")))
        else:
            if empty:
                where = source.where(("datadog", "api_key_file"))
                ledger.add(f"datadog.api_key_file: {path} is empty", where=where, hint="put the API key into it")
    if options.site is None and (site := environ.get("DD_SITE", "").strip()):
        try:
            found["site"] = read_site(site)
        except ValueError as error:
            ledger.add(f"DD_SITE: {error}", where="environment")
    if options.hostname is None and (host := environ.get("DD_HOSTNAME", "").strip()):
        found["hostname"] = host[:255]
    options = options.model_copy(update=found)
    if options.proxy is None and (proxy := _proxy(options.api_url, environ, ledger)):
        options = options.model_copy(update={"proxy": proxy})
    return options


def _proxy(url: str, environ: Mapping[str, str], ledger: Ledger) -> SecretStr | None:
    """The proxy that the environment names for the API's host, if any."""
    host = urlsplit(url).hostname or ""
    from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined] # there, and not in the stubs

    never = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    for name in ("DD_PROXY_HTTPS", "HTTPS_PROXY", "https_proxy"):
        given = environ.get(name, "").strip()
        if given and url.startswith("https:") and not proxy_bypass_environment(host, {"no": never}):
            try:
                return read_proxy(SecretStr(given if "://" in given else f"http://{given}"))
            except ValueError as error:
                ledger.add(f"{name}: {error}", where="environment")
    return None
