"""Where Datadog's Agent listens: as the file says, else as Datadog's own variables do."""

from __future__ import annotations

from collections.abc import Mapping

from kvmon.config.mistakes import Ledger
from kvmon.tell.sinks.datadog.options import PORT, DatadogOptions, read_destination

URL, HOST = "DD_DOGSTATSD_URL", "DD_AGENT_HOST"
"""Datadog's variables. The host alone turns nothing on: many things are told it that are not asked to push."""


def datadog_of(options: DatadogOptions | None, environ: Mapping[str, str], ledger: Ledger) -> DatadogOptions | None:
    """The effective options; None where nothing is to be pushed."""
    if options is not None and options.dogstatsd is not None:
        return options
    url = environ.get(URL, "").strip()
    if options is None and not url:
        return None
    host = environ.get(HOST, "").strip()
    if not url:
        url = f"udp://{f'[{host}]' if ':' in host else host or '127.0.0.1'}:{environ.get('DD_DOGSTATSD_PORT') or PORT}"
    try:
        read_destination(url)
    except ValueError as error:
        ledger.add(str(error), where="environment")
        return None
    return (options or DatadogOptions()).model_copy(update={"dogstatsd": url})
