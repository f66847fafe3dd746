"""How to trust a server and be trusted by it: the options, and what the wire takes of them."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from kvmon.config.files import beside
from kvmon.config.values import File
from kvmon.model.targets.target import Tls
from kvmon.options import Options


class TlsOptions(Options):
    """How to trust a server and be trusted by it."""

    ca: File | None = None
    """PEM file of the authorities to trust; default: the system's."""
    cert: File | None = None
    """PEM file of the client certificate."""
    key: File | None = None
    """PEM file of the client certificate's key."""
    server_name: str | None = None
    """The name the certificate has to be for, where it is not the host of the URL."""
    verify: Literal["full", "ca", "none"] = "full"
    """`full`: chain and name; `ca`: chain only; `none`: nothing."""

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if (self.cert is None) != (self.key is None):
            raise ValueError("cert and key belong together: give both or neither")
        return self


def tls_of(options: TlsOptions | None, base: str) -> Tls:
    """How to trust; paths as the file in the folder `base` means them, read by nobody yet."""
    if options is None:
        return Tls()
    paths = {name: beside(path, base) for name in ("ca", "cert", "key") if (path := getattr(options, name))}
    return Tls(**paths, server_name=options.server_name, verify=options.verify)
