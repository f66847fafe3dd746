"""What a reason means, and what to do about it: a few words and a sentence for each."""

from __future__ import annotations

ADVICE = {
    "dns": ("its name is not resolved",
            "Check the host name in the target's URL, and that this machine's resolver knows it."),
    "refused": ("nothing listens there",
                "Nothing listens there: check that the server runs, its port, and its bind setting."),
    "unreachable": ("there is no route",
                    "There is no route: check networks, firewalls and security groups between this machine and the server."),
    "timeout": ("it does not answer in time",
                "It does not answer in time: look for a firewall that drops packets, a blocking command, or swapping."),
    "tls": ("TLS fails",
            "Check the certificate's name and end, the CA in tls.ca, and whether the port speaks TLS at all."),
    "auth": ("our password is not accepted",
             "Check the user name and password; after a rotation, whether the new secret has arrived here."),
    "noperm": ("our user may not",
               "The user lacks permissions: kvmon acl prints the line that grants what kvmon asks."),
    "maxclients": ("it has no room for one more client",
                   "The server has no room for one more client: raise maxclients, or find who leaks connections."),
    "protected": ("it refuses other machines",
                  "Protected mode refuses other machines: set a password or bind, on the server."),
    "loading": ("it loads its data set",
                "It loads its data set: wait; the log of the server tells how far it is."),
    "busy": ("a script blocks it",
             "A script blocks it: SCRIPT KILL ends one that has not written yet."),
    "masterdown": ("its primary is gone",
                   "Its primary is gone and it may not answer with old data: look at the primary."),
    "clusterdown": ("the cluster is not complete",
                    "The cluster is not complete: look for slots without a primary."),
    "closed": ("its connections are ended",
               "The connection was ended: look for a restart, a proxy's idle limit, or CLIENT KILL in the server's log."),
    "protocol": ("what answers is no Redis or Valkey",
                 "What answers is no Redis or Valkey: check the port, and whether it expects TLS."),
    "too_large": ("its answer is far too large",
                  "Its answer is far too large: look at the number of clients or keys that a collector lists."),
    "oom": ("its memory is full and nothing may be evicted",
            "Raise maxmemory, delete, or choose an eviction policy."),
    "readonly": ("it is a replica and takes no writes",
                 "Find out why there is no primary: look at Sentinel, the cluster, or who made it a replica."),
    "misconf": ("its last save failed, and so it stops writes",
                "Look at the disk and at the server's log; then BGSAVE."),
    "noreplicas": ("too few replicas are connected",
                   "Bring replicas back, or lower min-replicas-to-write."),
    "slow": ("it answers far too slowly",
             "Look into the slow log for what blocks it, and at the machine's CPU and memory."),
}  # fmt: skip


def advice(reason: str) -> str:
    """The sentence for a reason; a general one for what has none."""
    return ADVICE[reason][1] if reason in ADVICE else "Look at the server's log, and at kvmon's."


def cause(reason: str) -> str:
    """The few words for a reason; the reason itself for what has none."""
    return ADVICE[reason][0] if reason in ADVICE else reason or "it does not succeed"
