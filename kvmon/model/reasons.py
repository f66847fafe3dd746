"""Why a server cannot be used: each word that stands in labels, logs and verdicts, what it means, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """`meaning` goes after "because", `todo` is what to do; neither begins with a capital, or ends with a full stop."""

    word: str
    meaning: str
    todo: str

    @property
    def advice(self) -> str:
        """What to do, as a sentence."""
        return f"{self.todo[0].upper()}{self.todo[1:]}."


_ROWS = (
    Reason("dns", "its name is not resolved",
           "check how the host is spelt, and that this machine's resolver knows it: a private zone is seen in its network only"),
    Reason("refused", "nothing listens there",
           "check that the server runs, its port, and that it listens on this address (`bind`, Service, container port); "
           "its log and the system's say why it ended"),
    Reason("unreachable", "there is no route",
           "check routes, firewalls, security groups and network policies between this machine and the server"),
    Reason("timeout", "it does not answer in time",
           "look for a long command (SLOWLOG, `INFO commandstats`), a stopped or swapping server, a network that drops packets"),
    Reason("tls", "TLS fails",
           "check the certificate's name and end, the CA in `tls.ca`, and whether the port speaks TLS: see `kvmon doctor`"),
    Reason("auth", "our password is not accepted",
           "compare user and password with the server's; after a rotation, see that kvmon's file or variable has the new one"),
    Reason("noperm", "our user may not",
           "give the user the rights that `kvmon acl` prints"),
    Reason("maxclients", "it has no room for one more client",
           "find who holds connections (`CLIENT LIST`: a pool without a bound, usually), or raise maxclients"),
    Reason("protected", "it refuses other machines",
           "give the server a password, or set `bind` and `protected-mode` knowingly"),
    Reason("loading", "it loads its data set",
           "wait: it reads its data from disk after a start; `INFO persistence` shows loading_eta_seconds"),
    Reason("busy", "a script blocks it",
           "end it with SCRIPT KILL or FUNCTION KILL, unless it has written already, and bound its work"),
    Reason("masterdown", "its primary is gone and it may not answer with old data",
           "look at the primary, and at the network between the two"),
    Reason("clusterdown", "the cluster is not complete",
           "look for slots without a primary (`CLUSTER NODES`), and bring the failed nodes back or fail over"),
    Reason("closed", "its connections are ended",
           "look for a restart, CLIENT KILL, an idle limit or a proxy that cuts connections; the server's log may say"),
    Reason("protocol", "what answers is no Redis or Valkey",
           "something else listens there: check host and port, and whether it wants TLS (rediss://)"),
    Reason("too_large", "its answer is far too large",
           "check host and port; if they are right, the number of clients or keys that a collector lists"),
    Reason("unknown_command", "it does not know a command that kvmon needs",
           "INFO was renamed or disabled: allow it for kvmon's user"),
    Reason("oom", "its memory is full and nothing may be evicted",
           "raise maxmemory or the size, delete, give keys an expiry, or choose an allkeys policy"),
    Reason("readonly", "it is a replica and takes no writes",
           "name the primary or let topology be found; if there is none, see Sentinel, the cluster, or who made it a replica"),
    Reason("misconf", "its last save failed, and so it stops writes",
           "make room on the disk, or memory for the fork (vm.overcommit_memory 1): the server's log says which; then BGSAVE"),
    Reason("noreplicas", "too few replicas are connected",
           "bring replicas back, or lower min-replicas-to-write"),
    Reason("error", "it answers with an error",
           "see the server's own words, and its log"),
    Reason("slow", "it answers far too slowly",
           "look into the slow log for what blocks it, and at the machine's CPU and memory"),
)  # fmt: skip

REASONS: Mapping[str, Reason] = {row.word: row for row in _ROWS}


def reason(word: str) -> Reason:
    """What is known of the word; in general terms where that is nothing."""
    unknown = Reason(word, f"it fails ({word})" if word else "it does not succeed", "look at the server's log, and at kvmon's")
    return REASONS.get(word, unknown)
