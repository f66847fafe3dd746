"""Every managed provider as its double: error replies caused in a minute, alarms, and what is said to be missing.

Exit code 1 where, after the first minute, a command was refused that kvmon need not have sent, or a breaker changed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.servers.cloud import Cloud
from tests.servers.daemon import Daemon
from tests.servers.profiles import CLUSTERS, PROFILES
from tests.servers.waiting import until


def run(minutes: int, seconds: float) -> int:
    """How many things were wrong in so many minutes after the first. A minute has so many `seconds`."""
    wrong = 0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        clouds = [stack.enter_context(Cloud(profile, folder)) for profile in (*PROFILES, *CLUSTERS)]
        targets = [{**cloud.target, "name": cloud.profile.id} for cloud in clouds]
        daemon = stack.enter_context(Daemon({"interval": "5s", "targets": targets}))
        nodes = sum(len(cloud.instances) for cloud in clouds)
        until(lambda: sum(each.value for each in daemon.samples("redis_up")) == nodes, what="every node up")
        time.sleep(seconds)
        begun = changes(daemon)
        for minute in range(1, minutes + 1):
            for cloud in clouds:
                cloud.forget_errors()
            time.sleep(seconds)
            for cloud in clouds:
                errors = cloud.errors
                wrong += errors.total()
                print(f"minute {minute}  {cloud.profile.id:24} error replies {errors.total()}  {dict(errors) or ''}", flush=True)
        alarms = changes(daemon) - begun
        print(f"changes of breakers: {alarms:g}")
        for node in (node for target in daemon.get("/v1/targets").json()["targets"] for node in target["nodes"]):
            missing = {each["why"] for each in node["capabilities"].values() if each["status"] in ("refused", "withheld")}
            print(f"{node['instance']:24} {node['status']:4} missing: {'; '.join(sorted(missing)) or 'nothing'}")
    return wrong + int(alarms)


def changes(daemon: Daemon) -> float:
    """How often breakers changed, of all targets."""
    return sum(each.value for each in daemon.samples("kvmon_breaker_transitions_total"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=2, help="after the first, which is not counted")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long a minute is")
    given = parser.parse_args()
    sys.exit(1 if run(given.minutes, given.seconds) else 0)
