"""IAM of Amazon ElastiCache and MemoryDB: a request to connect, signed by botocore, is the password for 15 minutes."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from kvmon.model.targets.target import Auth
from kvmon.watch.wire.identity.token import Token

LIFE = 900
"""Seconds that a signed request is accepted."""


class Aws:
    """Signs with the credentials that botocore finds: environment, profile, web identity, container, instance."""

    def __init__(self, auth: Auth) -> None:
        self._auth = auth
        self._session: Any = None

    async def fetch(self) -> Token:
        """A new token. Raises what botocore raises."""
        # botocore waits for files and networks.
        return await asyncio.to_thread(self._signed)

    def _signed(self) -> Token:
        import botocore.session
        from botocore.signers import RequestSigner

        auth = self._auth
        if self._session is None:
            self._session = botocore.session.get_session()
        credentials = self._session.get_credentials()
        if credentials is None:
            raise LookupError("botocore finds no credentials")
        region = auth.region or self._session.get_config_variable("region")
        if not region:
            raise LookupError("no region: set auth.region or AWS_REGION")
        service = auth.service
        signer = RequestSigner(
            _Service(service), region, service, "v4", credentials, self._session.get_component("event_emitter")
        )
        query = f"Action=connect&User={auth.username}" + ("&ResourceType=ServerlessCache" if auth.serverless else "")
        request = {"method": "GET", "url": f"https://{auth.cache}/?{query}", "body": {}, "headers": {}, "context": {}}
        until = time.time() + LIFE
        url = signer.generate_presigned_url(request, operation_name="connect", expires_in=LIFE, region_name=region)
        return Token(url.removeprefix("https://"), until, auth.username)


class _Service(str):
    """What RequestSigner wants of a ServiceId."""

    __slots__ = ()

    def hyphenize(self) -> str:
        """As botocore's own does."""
        return self.lower().replace(" ", "-")
