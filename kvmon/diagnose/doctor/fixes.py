"""What to do, by what went wrong."""

from __future__ import annotations

from kvmon.model import reasons
from kvmon.model.targets.providers import Provider
from kvmon.model.targets.target import Target

CONNECT_TIMEOUT = "packets are dropped on the way: check firewall, security group, network policy and private endpoint"

TLS_FIXES = {
    "expired": "renew the certificate on the server and have it loaded (CONFIG SET tls-cert-file, or a restart); check the clock here too",
    "early": "the certificate is not valid yet: check the clocks here and where it was made",
    "name": "connect by a name the certificate is for, or set `tls.server_name` to one of them, or have it issued for this name",
    "chain": "set `tls.ca` to the authority that issued it, and have the server send its intermediate certificates",
    "plain": "this port is without TLS: write redis:// or valkey://, or use the server's TLS port",
    "closed": "the server may not speak TLS there, or not with the versions of here: check port, `tls-port`, `tls-protocols`",
    "other": "check that this port speaks TLS, and that the server asks for no client certificate (`tls.cert`, `tls.key`)",
}

CLIENT_CERTIFICATE = (
    "the server probably wants a certificate of the client: set `tls.cert` and `tls.key`, issued by an authority that it trusts"
)
WANTS_TLS = "this port speaks TLS: write rediss:// or valkeys://"


IDENTITIES = {
    "entra": "see whom azure-identity finds (`az login`, the managed identity of machine or pod, AZURE_CLIENT_ID), and that Entra is enabled "
             "on the cache with an access policy for this object id",
    "elasticache-iam": "see whom botocore finds (role of machine or pod), that its policy allows elasticache:Connect to the cache and to the user, "
                       "and that cache, user and region are the ones configured",
}  # fmt: skip
"""By the kind of identity, where signing in fails."""


def fix_for(reason: str, message: str, target: Target) -> str:
    """What to do about a TargetError, with what is particular to the provider. `connect_timeout`: a timeout before a connection is there."""
    # Since TLS 1.3 a server says only after the handshake that it misses the client's certificate, and a reset may overtake its words.
    if "CERTIFICATE_REQUIRED" in message or (reason == "closed" and target.tls is not None and target.tls.cert is None):
        return CLIENT_CERTIFICATE
    auth = target.credentials.auth
    if reason == "auth" and auth is not None:
        return IDENTITIES[auth.kind]
    general = CONNECT_TIMEOUT if reason == "connect_timeout" else reasons.reason(reason).todo
    particular = _particular(reason, target.provider, target)
    return f"{general}; {particular}" if particular else general


def _particular(reason: str, provider: Provider, target: Target) -> str:
    title = provider.title
    if not provider.managed:
        return ""
    if provider.tls and target.tls is None:
        return f"{title} speaks TLS only: write rediss:// or valkeys://"
    port = provider.tls_port if target.tls else provider.port
    if reason in ("refused", "connect_timeout", "closed", "timeout") and any(
        address.port != port for address in target.addresses
    ):
        return f"{title} listens on port {port}{' with TLS' if target.tls else ''}"
    if reason == "connect_timeout":
        return f"{title} is usually reached from its own network or a private endpoint only"
    if reason == "auth" and provider.name.startswith("azure"):
        return f"on {title} an access key takes no username, and with Microsoft Entra the username is the object id"
    return ""
