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


class DoorTls:
    """TLS that is renewed under a listening socket.

    What a connection begins with (versions, whether a client certificate is asked for) is the outer context's and is changed in
    place; certificate, key and trusted authorities are those of `current`, which each handshake takes anew.
    """

    def __init__(self, web: Web) -> None:
        self._current = _made(web)
        self.context = _made(web)
        self.context.sni_callback = self._swap

    def renew(self, web: Web) -> None:
        """From the next handshake on. Raises ConfigError, and changes nothing, where a PEM file cannot be used."""
        self._current = _made(web)
        self.context.minimum_version = self._current.minimum_version
        self.context.verify_mode = self._current.verify_mode

    def _swap(self, connection: ssl.SSLObject, name: str | None, outer: ssl.SSLContext) -> None:
        del name, outer
        connection.context = self._current


def door_tls(web: Web) -> DoorTls | None:
    """What to serve with; None for plain HTTP. Raises ConfigError where a PEM file cannot be used."""
    return None if web.cert is None else DoorTls(web)


def _made(web: Web) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = VERSIONS.get(web.min_version, ssl.TLSVersion.TLSv1_2)
    # A session that is taken up again shows no certificate: an old ticket must not outlive the authority that it came by.
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    try:
        context.load_cert_chain(web.cert or "", web.key)
        if web.client_ca is not None:
            context.load_verify_locations(web.client_ca)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"cannot serve TLS with {web.cert}: {error}", hint="check the certificate, its key and the client CA"
        ) from None
    context.verify_mode = DEMANDS[web.client_auth]
    return context
