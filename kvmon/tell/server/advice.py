"""What to do about a node that does not answer: a sentence for each reason."""

from __future__ import annotations

ADVICE = {
    "dns": "Check the host name in the target's URL, and that this machine's resolver knows it.",
    "refused": "Nothing listens there: check that the server runs, its port, and its bind setting.",
    "unreachable": "There is no route: check networks, firewalls and security groups between this machine and the server.",
    "timeout": "It does not answer in time: look for a firewall that drops packets, a blocking command, or swapping.",
    "tls": "Check the certificate's name and end, the CA in tls.ca, and whether the port speaks TLS at all.",
    "auth": "Check the user name and password; after a rotation, whether the new secret has arrived here.",
    "noperm": "The user lacks permissions: kvmon acl prints the line that grants what kvmon asks.",
    "maxclients": "The server has no room for one more client: raise maxclients, or find who leaks connections.",
    "protected": "Protected mode refuses other machines: set a password or bind, on the server.",
    "loading": "It loads its data set: wait; the log of the server tells how far it is.",
    "busy": "A script blocks it: SCRIPT KILL ends one that has not written yet.",
    "masterdown": "Its primary is gone and it may not answer with old data: look at the primary.",
    "clusterdown": "The cluster is not complete: look for slots without a primary.",
    "closed": "The connection was ended: look for a restart, a proxy's idle limit, or CLIENT KILL in the server's log.",
    "protocol": "What answers is no Redis or Valkey: check the port, and whether it expects TLS.",
    "too_large": "Its answer is far too large: look at the number of clients or keys that a collector lists.",
}


def advice(reason: str) -> str:
    """The sentence for a reason; a general one for what has none."""
    return ADVICE.get(reason, "Look at the server's log, and at kvmon's.")
