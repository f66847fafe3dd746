"""redis_exporter's settings of scripts: the collector `scripts`."""

from __future__ import annotations

from typing import Any

from kvmon.config.environment.exporter_keys import OFF, ON, PREFIX
from kvmon.config.environment.places import Environment
from kvmon.config.files import read_text
from kvmon.config.mistakes import Ledger
from kvmon.config.source import Source

SCRIPT, READ_ONLY = PREFIX + "SCRIPT", PREFIX + "LUA_SCRIPT_READONLY"


def read_scripts(
    environment: Environment, target: dict[str, Any], places: dict[str, str], source: Source, ledger: Ledger
) -> None:
    """Files of scripts, separated by commas; they are read again when they change."""
    scripts = []
    for path in [part.strip() for part in environment.get(SCRIPT, "").split(",") if part.strip()]:
        try:
            scripts.append({"name": path, "lua": read_text(path)})
        except ValueError as error:
            ledger.add(str(error), where=environment.place(SCRIPT))
            continue
        source.files.append(path)
    word = environment.get(READ_ONLY, "").strip().lower()
    if word and word not in ON + OFF:
        ledger.add("it has to be true or false", where=environment.place(READ_ONLY))
    if scripts:
        read_only = "always" if word in ON else "where-possible" if not word else "never"
        target.setdefault("collectors", {})["scripts"] = {"run": scripts, "read_only": read_only}
        places["collectors"] = ", ".join(filter(None, (places.get("collectors"), environment.place(SCRIPT))))
