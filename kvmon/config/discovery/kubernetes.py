"""What annotations of Services and Pods say: which of them are targets, and how these are reached."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

from kvmon.config.discovery.documents import Group
from kvmon.config.discovery.sources import KubernetesSource
from kvmon.config.discovery.wanted import OPTION, OPTIONS
from kvmon.model.targets.address import DEFAULT_PORT, SCHEMES, Address

PREFIX = "kvmon/"
"""Annotations that begin so are for kvmon: `kvmon/watch: "true"`, and how."""

_OWN = ("watch", "port", "scheme", "target")
_SCHEMES = tuple(scheme for scheme in SCHEMES if scheme != "unix")
_LONGEST = 63


def group_of(item: dict[str, Any], source: KubernetesSource) -> Group | None:
    """The target that a Service or Pod is; None for one that is not annotated, and for a Pod that does not run."""
    item = mapping(item)
    about = mapping(item.get("metadata"))
    name, namespace = str(about.get("name")), str(about.get("namespace"))
    said = {
        str(key).removeprefix(PREFIX): str(value)
        for key, value in mapping(about.get("annotations")).items()
        if str(key).startswith(PREFIX)
    }
    host = _host(item, source.role, name, namespace)
    if said.get("watch", "false") == "false" or not host:
        return None
    where = f"{source.role} {namespace}/{name}"
    try:
        url = _url(host, said, _ports(item, source.role), source.scheme)
    except ValueError as error:
        return Group((), problem=f"{where} is left out: {error}")
    labels = {
        **source.labels, "namespace": namespace, source.role: name, "target": _called(said.get("target", name), namespace),
        **{f"{OPTION}{option}": value for option, value in said.items() if option in OPTIONS},
    }  # fmt: skip
    unknown = next((key for key in said if key not in _OWN and key not in OPTIONS), None)
    problem = f"{where}: the annotation {PREFIX}{unknown} is none that is known: use {', '.join((*_OWN, *OPTIONS))}"
    return Group((url,), tuple(sorted(labels.items())), problem if unknown is not None else "")


def _url(host: str, said: dict[str, str], ports: list[tuple[str, int]], usual: str) -> str:
    """How it is reached; raises ValueError with a sentence."""
    if said["watch"] != "true":
        raise ValueError(f'its annotation {PREFIX}watch is {said["watch"]!r}: write "true" or "false"')
    scheme = said.get("scheme", usual)
    if scheme not in _SCHEMES:
        raise ValueError(f"its annotation {PREFIX}scheme is {scheme!r}: use one of {', '.join(_SCHEMES)}")
    return f"{scheme}://{Address(host, _port(ports, said.get('port')))}"


def _host(item: dict[str, Any], role: str, name: str, namespace: str) -> str:
    """Where it is reached; nothing where it is not (any more)."""
    if role == "service":
        return f"{name}.{namespace}.svc"
    status = mapping(item.get("status"))
    leaves = mapping(item.get("metadata")).get("deletionTimestamp") is not None
    return str(status.get("podIP") or "") if status.get("phase") == "Running" and not leaves else ""


def _ports(item: dict[str, Any], role: str) -> list[tuple[str, int]]:
    """Its TCP ports by name."""
    spec = mapping(item.get("spec"))
    if role == "service":
        found: Iterable[Any] = _list(spec.get("ports"))
        key = "port"
    else:
        found = (port for container in _list(spec.get("containers")) for port in _list(mapping(container).get("ports")))
        key = "containerPort"
    entries = [mapping(port) for port in found]
    return [
        (str(port.get("name") or ""), number)
        for port in entries
        if port.get("protocol", "TCP") == "TCP" and isinstance(number := port.get(key), int)
    ]


def _port(ports: list[tuple[str, int]], said: str | None) -> int:
    """The port that is meant; raises ValueError with a sentence."""
    if said is not None:
        number = int(said) if said.isascii() and said.isdigit() and len(said) < 6 else dict(ports).get(said, 0)
        if not 0 < number < 65_536:
            raise ValueError(f"its annotation {PREFIX}port is {said!r}, which is no port and no name of one of its ports")
        return number
    named = [number for name, number in ports if name in _SCHEMES]
    numbers = [number for _, number in ports] or [DEFAULT_PORT]
    if named or len(numbers) == 1:
        return (named or numbers)[0]
    if DEFAULT_PORT in numbers:
        return DEFAULT_PORT
    raise ValueError(f"it has several ports: say which with the annotation {PREFIX}port")


def _called(name: str, namespace: str) -> str:
    """A name that nothing in another namespace can have."""
    whole = f"{name}.{namespace}"
    if len(whole) <= _LONGEST:
        return whole
    return f"{whole[: _LONGEST - 9].rstrip('-.')}-{blake2b(whole.encode(), digest_size=4).hexdigest()}"


def mapping(value: Any) -> dict[str, Any]:
    """Itself where it is a mapping, as it should be; else an empty one."""
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
