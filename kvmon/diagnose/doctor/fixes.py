"""What to do, by what went wrong."""

from __future__ import annotations

from kvmon.model.targets.providers import Provider
from kvmon.model.targets.target import Target

FIXES = {
    "dns": "check the spelling of the host, and that this machine's resolver knows it (a private zone is only seen from its network)",
    "refused": "check the port, and that the server runs and listens on this address (`bind`, Service, container port)",
    "unreachable": "check routes, firewall, security group and network policy between here and there",
    "connect_timeout": "packets are dropped on the way: check firewall, security group, network policy and private endpoint",
    "timeout": "the server accepted the connection and does not answer: it may be stopped, swapping, or busy with one long command "
               "(SLOWLOG, `INFO commandstats`); a proxy or a TLS-only port looks the same",
    "auth": "compare user and password with the server's; after a rotation, that the new one is in the file or variable that kvmon reads",
    "noperm": "give the user the rights that `kvmon acl` prints",
    "maxclients": "close idle clients or raise maxclients; `CLIENT LIST` shows who holds them (a pool without a bound, usually)",
    "protected": "give the server a password, or set `bind` and `protected-mode` knowingly",
    "loading": "the server reads its data from disk after a start: wait; `INFO persistence` shows loading_eta_seconds",
    "busy": "a script or function runs: SCRIPT KILL or FUNCTION KILL, and bound its work",
    "masterdown": "the replica lost its primary: look at the primary and at the network between them",
    "clusterdown": "slots without an owner or a lost majority: `CLUSTER NODES`, bring the failed nodes back or fail over",
    "closed": "the server or something before it ends the connection: look at the server's log, at idle timeouts, and at proxies",
    "protocol": "something else listens there: check host and port, and whether it wants TLS (rediss://)",
    "too_large": "something else listens there: check host and port",
    "unknown_command": "INFO was renamed or disabled: allow it for kvmon's user",
    "error": "see the server's own words",
}  # fmt: skip
"""By the reason of a TargetError; `connect_timeout` is the reason timeout before a connection is there."""

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
    """What to do about a TargetError, with what is particular to the provider."""
    # Since TLS 1.3 a server says only after the handshake that it misses the client's certificate, and a reset may overtake its words.
    if "CERTIFICATE_REQUIRED" in message or (reason == "closed" and target.tls is not None and target.tls.cert is None):
        return CLIENT_CERTIFICATE
    auth = target.credentials.auth
    if reason == "auth" and auth is not None:
        return IDENTITIES[auth.kind]
    return _joined(FIXES.get(reason, FIXES["error"]), _particular(reason, target.provider, target))


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


def _joined(general: str, particular: str) -> str:
    return f"{general}; {particular}" if particular else general
