"""redis_exporter's variables: the node and the scalars that they name, and which of them are refused."""

from __future__ import annotations

import json
from typing import Any

from kvmon.config.environment.exporter_keys import OFF, ON, PREFIX, read_keys
from kvmon.config.environment.exporter_keys import SETTINGS as KEYS
from kvmon.config.environment.exporter_scripts import read_scripts
from kvmon.config.environment.exporter_settings import SETTINGS
from kvmon.config.environment.places import Environment
from kvmon.config.files import read_text
from kvmon.config.mistakes import Ledger
from kvmon.config.source import Path, Source
from kvmon.config.urls import read_listen, read_url
from kvmon.options import parse_duration

NAME = "redis"
"""What the one target of exporter mode is called in paths; its series do not carry it."""


SCALARS: dict[str, Path] = {
    PREFIX + "CONNECTION_TIMEOUT": ("timeout",),
    PREFIX + "WEB_LISTEN_ADDRESS": ("listen",),
    PREFIX + "NAMESPACE": ("namespace",),
    PREFIX + "LOG_FORMAT": ("log", "format"),
    PREFIX + "LOG_LEVEL": ("log", "level"),
    PREFIX + "DEBUG": ("log", "level"),
}
"""Those that are scalars of the file."""

_LEVELS = {"trace": "debug", "warn": "warning", "fatal": "error", "panic": "error"}


def read_exporter_scalar(name: str, environment: Environment, source: Source, ledger: Ledger) -> None:
    """Put one of SCALARS into the source, in the words of the file."""
    value = environment[name].strip()
    place = environment.place(name)
    if name.endswith("_DEBUG"):
        if truth(value, place, ledger):
            source.put(SCALARS[name], "debug", place)
        return
    if name.endswith("_LOG_LEVEL"):
        value = _LEVELS.get(value.lower(), value.lower())
    if name.endswith("_LOG_FORMAT"):
        value = {"txt": "console"}.get(value.lower(), value.lower())
    try:
        if name.endswith("_CONNECTION_TIMEOUT"):
            parse_duration(value)
        if name.endswith("_WEB_LISTEN_ADDRESS"):
            read_listen(value)
    except ValueError as error:
        ledger.add(str(error), where=place)
        return
    source.put(SCALARS[name], value, place)


def truth(value: str, place: str, ledger: Ledger) -> bool:
    """A boolean of redis_exporter; anything else is a mistake."""
    if value.lower() not in ON + OFF:
        ledger.add("it has to be true or false", where=place)
    return value.lower() in ON


def refuse_others(environment: Environment, ledger: Ledger) -> None:
    """Write down the settings that ask for something which is not done here."""
    for setting in SETTINGS:
        value = environment.get(setting.variable, "").strip()
        if value and setting.instead and value.lower() not in [word.lower() for word in setting.harmless]:
            ledger.add(
                "this setting of redis_exporter is not supported", where=environment.place(setting.variable), hint=setting.instead
            )


def refuse_without_node(environment: Environment, ledger: Ledger) -> None:
    """Write down the settings that are about the node REDIS_ADDR names, where nothing names one: they would do nothing."""
    refuse_others(environment, ledger)
    for setting in SETTINGS:
        name = setting.variable
        off = setting.boolean and environment.get(name, "").strip().lower() in OFF
        shared = name == "REDIS_PASSWORD" or not (name.startswith(PREFIX) or environment.by_flag(name))
        if name in environment and not (setting.instead or off or shared or name in SCALARS):
            keys = name.removeprefix(PREFIX) in KEYS
            here = "collectors: {keys: …} of a target" if keys else "the same option of a target"
            ledger.add(
                "this setting of redis_exporter is about the node of REDIS_ADDR, which is not what is watched",
                where=environment.place(name), hint=f"name the node with REDIS_ADDR, or use {here} in the configuration file",
            )  # fmt: skip


def exporter_target(environment: Environment, source: Source, ledger: Ledger) -> str:
    """Add the node that REDIS_ADDR names; its name."""
    refuse_others(environment, ledger)
    target: dict[str, Any] = {"name": NAME, "url": environment["REDIS_ADDR"].strip()}
    places = dict.fromkeys(target, environment.place("REDIS_ADDR"))
    try:
        url = read_url(target["url"])
    except ValueError:
        source.add_target(target, places, places["url"])  # reported when the target is validated
        return NAME

    def put(key: str, variable: str, value: object = None) -> None:
        target[key] = environment[variable] if value is None else value
        places[key] = environment.place(variable)

    if "REDIS_USER" in environment and url.username is None:
        put("username", "REDIS_USER")
    if url.password is None:
        if "REDIS_PASSWORD" in environment:
            put("password", "REDIS_PASSWORD")
        elif "REDIS_PASSWORD_FILE" in environment:
            _password_file(environment, target, places, source, ledger)
    if url.tls:
        _tls(environment, target, places, ledger)
    read_keys(environment, target, places, ledger)
    read_scripts(environment, target, places, source, ledger)
    source.add_target(target, places, places["url"])
    return NAME


def _password_file(
    environment: Environment,
    target: dict[str, Any],
    places: dict[str, str],
    source: Source,
    ledger: Ledger,
) -> None:
    path, place = environment["REDIS_PASSWORD_FILE"].strip(), environment.place("REDIS_PASSWORD_FILE")
    try:
        table = _map(read_text(path))
    except ValueError as error:
        ledger.add(str(error), where=place)
        return
    if table is None:
        # Plain text, as Bitnami's charts have it: read again when it changes.
        target["password_file"], places["password_file"] = path, place
        return
    source.files.append(path)
    url = read_url(target["url"])
    user = url.username or target.get("username")
    key = f"{url.scheme}://{f'{user}@' if user else ''}{url.address}"
    password = table.get(key, table.get(target["url"]))
    if password is None:
        ledger.add(
            f"the JSON map in {path} has no entry for {key}",
            where=place,
            hint="add it, or write the password alone into the file",
        )
        return
    target["password"], places["password"] = password, place


def _map(text: str) -> dict[str, str] | None:
    """redis_exporter's `{"redis://user@host:port": "password"}`, or None where the text is a password."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        table = json.loads(text)
    except ValueError:
        return None
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        return None
    return table


def _tls(environment: Environment, target: dict[str, Any], places: dict[str, str], ledger: Ledger) -> None:
    files = {
        "ca": "TLS_CA_CERT_FILE", "cert": "TLS_CLIENT_CERT_FILE", "key": "TLS_CLIENT_KEY_FILE", "server_name": "TLS_SERVER_NAME",
    }  # fmt: skip
    found: dict[str, Any] = {
        key: environment[PREFIX + name].strip() for key, name in files.items() if PREFIX + name in environment
    }
    used = [PREFIX + name for key, name in files.items() if key in found]
    skip = PREFIX + "SKIP_TLS_VERIFICATION"
    if skip in environment and truth(environment[skip].strip(), environment.place(skip), ledger):
        found["verify"] = "none"
        used.append(skip)
    if found:
        target["tls"] = found
        places["tls"] = ", ".join(environment.place(name) for name in used)
