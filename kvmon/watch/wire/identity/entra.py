"""Microsoft Entra ID: a token of this machine's, pod's or person's identity, through azure-identity."""

from __future__ import annotations

import asyncio
import base64
import binascii
import importlib
import json
from typing import Any

from kvmon.model.targets.target import Auth
from kvmon.watch.wire.identity.token import Token


class Entra:
    """Fetches tokens with DefaultAzureCredential: environment, workload identity, managed identity, Azure CLI, in this order."""

    def __init__(self, auth: Auth) -> None:
        self._auth = auth

    async def fetch(self) -> Token:
        """A new token. Raises what azure-identity raises."""
        # Half a second of imports the first time: not on the loop's time.
        library: Any = await asyncio.to_thread(importlib.import_module, "azure.identity.aio")
        client = self._auth.client_id
        # A credential for each token: they are few, and nothing stays open between them.
        async with library.DefaultAzureCredential(**({"managed_identity_client_id": client} if client else {})) as credential:
            told = await credential.get_token(self._auth.scope)
        return Token(told.token, float(told.expires_on), object_id(told.token))


def object_id(token: str) -> str | None:
    """The claim `oid` of a token: the username that Azure wants. None where it has none."""
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return None
    found = claims.get("oid") if isinstance(claims, dict) else None
    return found if isinstance(found, str) else None
