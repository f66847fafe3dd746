"""exporter-toolkit's `web.yml`: TLS and users of the HTTP door."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError

from kvmon.config.config import Web
from kvmon.config.document import read_document
from kvmon.config.explain import Explainer
from kvmon.config.files import beside, read_text
from kvmon.config.mistakes import Ledger
from kvmon.config.source import Source
from kvmon.options import Options

_BCRYPT = re.compile(r"\$2[aby]\$\d{2}\$[./A-Za-z0-9]{53}")
NOT_HERE = ("http_server_config", "rate_limit")


def _hash(value: SecretStr) -> SecretStr:
    if not _BCRYPT.fullmatch(value.get_secret_value()):
        raise ValueError("it is no bcrypt hash: make one with `htpasswd -nBC 10 USER`")
    return value


class _TlsServer(Options):
    cert_file: Annotated[str, Field(min_length=1)]
    key_file: Annotated[str, Field(min_length=1)]
    client_auth_type: Literal[
        "NoClientCert", "RequestClientCert", "RequireAnyClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"
    ] = "NoClientCert"
    client_ca_file: str | None = None
    min_version: Literal["TLS12", "TLS13"] = "TLS12"


class WebFile(Options):
    """What may stand in exporter-toolkit's file."""

    tls_server_config: _TlsServer | None = None
    basic_auth_users: dict[str, Annotated[SecretStr, AfterValidator(_hash)]] = Field(default_factory=dict)


CLIENT_AUTH = {
    "NoClientCert": "none",
    "RequestClientCert": "request",
    "RequireAnyClientCert": "any",
    "VerifyClientCertIfGiven": "verify_if_given",
    "RequireAndVerifyClientCert": "verify",
}
"""exporter-toolkit's words, and ours."""


def read_web_file(path: str, where: str, environ: Mapping[str, str], ledger: Ledger, files: list[str]) -> Web:
    """TLS and users of a file; mistakes go to the ledger. `where`: the place that names the file."""
    files.append(path)
    try:
        read_text(path)
    except ValueError as error:
        ledger.add(f"web.config_file: {error}", where=where)
        return Web()
    source = read_document(path, environ, ledger)
    try:
        found = WebFile.model_validate(source.value)
    except ValidationError as error:
        Explainer(source, ledger)(error, WebFile, later=NOT_HERE)
        return Web()
    users = {name: digest.get_secret_value() for name, digest in found.basic_auth_users.items()}
    tls = found.tls_server_config
    return Web(users=users) if tls is None else replace(_tls(tls, source, ledger, files), users=users)


def _tls(options: _TlsServer, source: Source, ledger: Ledger, files: list[str]) -> Web:
    base = str(FilePath(source.files[0]).parent)
    auth = CLIENT_AUTH[options.client_auth_type]
    if auth.startswith("verify") and not options.client_ca_file:
        where = source.where(("tls_server_config", "client_auth_type"))
        ledger.add(f"tls_server_config: {options.client_auth_type} needs a client_ca_file", where=where)
    found: dict[str, Any] = {}
    for field, name in (("cert", "cert_file"), ("key", "key_file"), ("client_ca", "client_ca_file")):
        given = getattr(options, name)
        if given is None:
            continue
        found[field] = beside(given, base)
        files.append(found[field])
        try:
            read_text(found[field])
        except ValueError as error:
            ledger.add(f"tls_server_config.{name}: {error}", where=source.where(("tls_server_config", name)))
    return Web(**found, client_auth=auth, min_version=options.min_version)
