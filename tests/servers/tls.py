"""Certificates of a made-up authority, for servers and clients on loopback."""

from __future__ import annotations

import ssl
from datetime import datetime
from pathlib import Path

import trustme


class Certificates:
    """Files under `folder`: ca.pem, server.pem, server.key, client.pem, client.key. The server's is good `until` then."""

    def __init__(
        self,
        folder: Path,
        *,
        names: tuple[str, ...] = ("127.0.0.1", "localhost"),
        clients: bool = False,
        until: datetime | None = None,
    ) -> None:
        self.folder = folder
        self.require_client = clients
        folder.mkdir(parents=True, exist_ok=True)
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(folder / "ca.pem"))
        for name, identities in (("server", names), ("client", ("client.example",))):
            issued = authority.issue_cert(*identities, not_after=until if name == "server" else None)
            issued.private_key_pem.write_to_path(str(folder / f"{name}.key"))
            (folder / f"{name}.pem").write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))

    def __getitem__(self, file: str) -> str:
        return str(self.folder / file)

    def lines(self) -> list[str]:
        """The server's lines of redis.conf."""
        return [
            f"tls-cert-file {self['server.pem']}",
            f"tls-key-file {self['server.key']}",
            f"tls-ca-cert-file {self['ca.pem']}",
            f"tls-auth-clients {'yes' if self.require_client else 'no'}",
            "tls-replication yes",
        ]

    def server(self) -> ssl.SSLContext:
        """A server that proves who it is."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self["server.pem"], self["server.key"])
        return context

    def client(self) -> ssl.SSLContext:
        """A client that trusts the authority and can prove who it is."""
        context = ssl.create_default_context(cafile=self["ca.pem"])
        context.load_cert_chain(self["client.pem"], self["client.key"])
        return context
