"""exporter-toolkit's `web.yml`: TLS and users of the HTTP door."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError

from kvmon.config.config import WebTls
from kvmon.config.document import read_document
from kvmon.config.explain import Explainer
from kvmon.config.files import beside, read_text
from kvmon.config.mistakes import Ledger
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


class _WebFile(Options):
    tls_server_config: _TlsServer | None = None
    basic_auth_users: dict[str, Annotated[SecretStr, AfterValidator(_hash)]] = Field(default_factory=dict)


def read_web_file(
    path: str,
    environ: Mapping[str, str],
    ledger: Ledger,
    files: list[str],
    *,
    where: str,
) -> tuple[WebTls | None, Mapping[str, SecretStr]]:
    """TLS and users (bcrypt hashes) of a file; mistakes go to the ledger."""
    try:
        read_text(path)
    except ValueError as error:
        ledger.add(f"web.config_file: {error}", where=where)
        return None, {}
    source = read_document(path, environ, ledger)
    files.extend(source.files)
    try:
        found = _WebFile.model_validate(source.value)
    except ValidationError as error:
        Explainer(source, ledger)(error, _WebFile, later=NOT_HERE)
        return None, {}
    return _tls(found.tls_server_config, path, ledger, files), found.basic_auth_users


def _tls(options: _TlsServer | None, path: str, ledger: Ledger, files: list[str]) -> WebTls | None:
    if options is None:
        return None
    base = str(Path(path).parent)
    if options.client_auth_type in ("VerifyClientCertIfGiven", "RequireAndVerifyClientCert") and not options.client_ca_file:
        ledger.add(f"tls_server_config: {options.client_auth_type} needs a client_ca_file", where=path)
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
            ledger.add(f"tls_server_config.{name}: {error}", where=path)
    return WebTls(**found, client_auth=options.client_auth_type, min_version=options.min_version)
