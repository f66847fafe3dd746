"""An identity whose tokens somebody writes to a file: `token lifetime`, or nothing for an identity provider that is ill."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NamedTuple, Self


class AccessToken(NamedTuple):
    token: str
    expires_on: int


class DefaultAzureCredential:
    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def get_token(self, scope: str) -> AccessToken:
        assert scope == "https://redis.azure.com/.default"
        words = Path(os.environ["FAKE_TOKEN_FILE"]).read_text().split()  # noqa: ASYNC240 - a few bytes
        if not words:
            raise RuntimeError("the identity provider is ill")
        return AccessToken(words[0], int(time.time()) + int(words[1]))
