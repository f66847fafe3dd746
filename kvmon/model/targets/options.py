"""How a target signs in with tokens."""

from __future__ import annotations

from typing import Literal

from kvmon.options import Options


class AuthOptions(Options):
    """Signs in with tokens of an identity in place of a password: the type alone, or a mapping."""

    type: Literal["entra", "elasticache-iam"]
    """`entra`: Microsoft Entra ID (package `kvmon[entra]`); `elasticache-iam`: IAM of ElastiCache and MemoryDB (`kvmon[aws]`)."""
    scope: str = "https://redis.azure.com/.default"
    """Of Entra: what the token is for."""
    client_id: str | None = None
    """Of Entra: which user-assigned managed identity."""
    cache: str | None = None
    """Of IAM: the name of the replication group, serverless cache or cluster."""
    region: str | None = None
    """Of IAM; default: as botocore finds it (`AWS_REGION`, the profile)."""
