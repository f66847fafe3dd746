"""TLS of the door, from exporter-toolkit's web configuration."""

from __future__ import annotations

import ssl

from kvmon.config import Web
from kvmon.errors import ConfigError

VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
DEMANDS = {
    "none": ssl.CERT_NONE,
    "request": ssl.CERT_OPTIONAL,
    "verify_if_given": ssl.CERT_OPTIONAL,
    "any": ssl.CERT_REQUIRED,
    "verify": ssl.CERT_REQUIRED,
}
"""What each `client_auth` asks of a client. OpenSSL verifies what it is given: `request` and `any` are as strict as their kin."""


def door_tls(web: Web) -> ssl.SSLContext | None:
    """The context to serve with; None for plain HTTP. Raises ConfigError where a PEM file cannot be used."""
    if web.cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = VERSIONS.get(web.min_version, ssl.TLSVersion.TLSv1_2)
    try:
        context.load_cert_chain(web.cert, web.key)
        if web.client_ca is not None:
            context.load_verify_locations(web.client_ca)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"cannot serve TLS with {web.cert}: {error}", hint="check the certificate, its key and the client CA"
        ) from None
    context.verify_mode = DEMANDS[web.client_auth]
    return context
