"""Real servers, a receiver, followers and scrapers around one daemon, and what can go wrong with them."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from random import Random

from tests.servers.daemon import Daemon
from tests.servers.following import Follower
from tests.servers.hook import Answer, Got, Hook
from tests.servers.server import Server
from tests.servers.waiting import until

RULES = """
groups:
  - name: soak
    interval: 1s
    rules:
      - alert: Down
        expr: redis_up == 0
        for: 2s
      - record: soak:commands:rate1m
        expr: sum by (target) (rate(redis_commands_processed_total[1m]))
"""

LONG = 90.0
"""Seconds that a consequence may take on a machine that is busy with something else."""


class World:
    """Everything of one run. What did not happen as it should is in `failures`."""

    def __init__(self, stack: ExitStack, kinds: list[str], random: Random) -> None:
        self.random = random
        self.failures: list[str] = []
        self.done: dict[str, int] = {}
        self.mood = "good"
        self.hook = stack.enter_context(Hook(self._answer))
        self.servers = [stack.enter_context(Server(kind)) for kind in kinds]
        self.daemon = stack.enter_context(self._daemon())
        self._ended = threading.Event()
        self._scrapers = [threading.Thread(target=self._scrape, args=(kind,), daemon=True) for kind in ("text", "gzip", "page")]
        stack.callback(self._ended.set)
        for name in self.names:
            self.daemon.until("redis_up", 1.0, target=name, within=LONG)
        for thread in self._scrapers:
            thread.start()

    @property
    def names(self) -> list[str]:
        """The targets that are always there."""
        return [f"s{number}" for number in range(len(self.servers))]

    def _daemon(self) -> Daemon:
        daemon = Daemon("", ready=False)  # for its folder: the configuration names files in it
        daemon.stop()
        self.folder = daemon.folder
        (self.folder / "rules.yaml").write_text(RULES)
        self.announce(0)
        return Daemon(self.configuration())

    def configuration(self, label: str = "a") -> str:
        """With a label that a reload may change."""
        targets = [{"name": n, "url": s.url, "labels": {"team": label}} for n, s in zip(self.names, self.servers, strict=True)]
        webhook = {"url": f"{self.hook.url}/", "timeout": "2s"}
        route = {"receiver": "hook", "group_by": ["target"], "group_wait": "0s", "group_interval": "1s"}
        return json.dumps({
            "interval": "1s", "timeout": "900ms", "targets": targets, "state_dir": str(self.folder / "state"),
            "discovery": {"files": [str(self.folder / "found.json")]},
            "window": {"retention": "5m"},  # full before the warm-up of a longer run is over
            "rules": {"files": [str(self.folder / "rules.yaml")]},
            "alerting": {"route": route, "receivers": [{"name": "hook", "webhook_configs": [webhook]}]},
        })  # fmt: skip

    def announce(self, number: int) -> None:
        """So many more targets, by a file_sd document."""
        found = [{"targets": [server.address], "labels": {"target": f"d{n}"}} for n, server in enumerate(self.servers[:number])]
        beside = self.folder / "found.json.new"
        beside.write_text(json.dumps(found))
        beside.replace(self.folder / "found.json")

    def _answer(self, _: Got) -> Answer:
        if self.mood == "slow":
            time.sleep(1.0)
        return Answer({"bad": 503, "rude": 0}.get(self.mood, 200))

    def _scrape(self, kind: str) -> None:
        while not self._ended.wait(0.5):
            with contextlib.suppress(OSError, http.client.HTTPException):
                path = "/" if kind == "page" else "/metrics"
                headers = {"Accept-Encoding": "gzip"} if kind == "gzip" else {"Accept": "application/openmetrics-text"}
                self.daemon.get(path, headers=headers, timeout=30)

    @property
    def settled(self) -> bool:
        """Whether nobody follows, and every alert has ended."""
        return self.daemon.value("kvmon_breaker_followers") in (None, 0.0) and not self.daemon.samples("ALERTS")

    # What may go wrong. Each leaves the world as it was.

    def faults(self) -> dict[str, Callable[[], None]]:
        """By name."""
        return {
            "kill": self.kill, "stop": self.stop, "flicker": self.flicker, "relabel": self.relabel, "nonsense": self.nonsense,
            "churn": self.churn, "receiver": self.receiver, "followers": self.followers, "rude": self.rude,
            "load": self.load,
        }  # fmt: skip

    def play(self, name: str) -> None:
        """Let it go wrong, and see that all is well afterwards."""
        self.done[name] = self.done.get(name, 0) + 1
        try:
            self.faults()[name]()
            for target in self.names:
                self.daemon.until("redis_up", 1.0, target=target, within=LONG)
        except (AssertionError, OSError) as error:
            self.failures.append(f"{name}: {str(error).splitlines()[0][:300]}")

    def expect(self, condition: Callable[[], object], what: str) -> None:
        """It comes about, or that is a failure."""
        try:
            until(condition, LONG, what=what)
        except AssertionError as error:
            self.failures.append(str(error).splitlines()[0][:300])

    def kill(self) -> None:
        """A crash: the alert comes, and so does its end."""
        with self._outage() as server:
            server.kill()

    def stop(self) -> None:
        """A server that hangs."""
        with self._outage() as server:
            server.pause()

    @contextlib.contextmanager
    def _outage(self) -> Iterator[Server]:
        number = self.random.randrange(len(self.servers))
        name, server, before = self.names[number], self.servers[number], len(self.hook.got)
        yield server
        try:
            self.daemon.until("redis_up", 0.0, target=name, within=LONG)
            self._breakers_are("open", name)
            until(lambda: self._told(name, "firing", before), LONG, what=f"{name} told as firing")
        finally:
            server.resume()
            if not self._runs(server):
                server.restart()
        self.daemon.until("redis_up", 1.0, target=name, within=LONG)
        self._breakers_are("closed", name)
        until(lambda: self._told(name, "resolved", before), LONG, what=f"{name} told as resolved")

    def _breakers_are(self, state: str, name: str) -> None:
        for op in ("read", "write"):
            self.daemon.until("kvmon_breaker_state", 1.0, target=name, op=op, state=state, within=LONG)

    def _runs(self, server: Server) -> bool:
        try:
            return bool(server.command("PING"))
        except OSError:
            return False

    def _told(self, name: str, status: str, since: int) -> bool:
        told = [alert for got in self.hook.got[since:] for alert in got.json()["alerts"]]
        return any(alert["labels"].get("target") == name and alert["status"] == status for alert in told)

    def untold(self) -> list[str]:
        """At the end: alerts whose end nobody was told, and what still waits to be delivered."""
        last = {alert["labels"].get("target"): alert["status"] for got in self.hook.got for alert in got.json()["alerts"]}
        found = [f"{name} was told as {status} last" for name, status in last.items() if status != "resolved"]
        waiting = sum(sample.value for sample in self.daemon.samples("kvmon_notification_outbox"))
        return [*found, f"{waiting:g} notifications wait"] if waiting else found

    def flicker(self) -> None:
        """Connections are cut, again and again."""
        server = self.random.choice(self.servers)
        for _ in range(10):
            server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            time.sleep(0.1)

    def relabel(self) -> None:
        """A reload gives every series another label."""
        for label in ("b", "a"):
            self.daemon.write(self.configuration(label))
            self.daemon.reload()
            self.daemon.until("redis_up", 1.0, target=self.names[0], team=label, within=LONG)

    def nonsense(self) -> None:
        """A configuration that is none: the old one stays."""
        self.daemon.write("targets: [{nme: x}]")
        self.daemon.reload()
        time.sleep(0.5)
        self.daemon.write(self.configuration())
        self.daemon.reload()

    def churn(self) -> None:
        """Discovered targets come and go."""
        for number in (len(self.servers), 1, 3, 0):
            self.announce(number)
            until(lambda wanted=number: self._found() == wanted, LONG, what=f"{number} discovered")  # type: ignore[misc]

    def _found(self) -> int:
        return sum(sample.labels["target"].startswith("d") for sample in self.daemon.samples("redis_up"))

    def receiver(self) -> None:
        """The receiver is slow, refuses or hangs up while an alert is to be told: it is told later."""
        self.mood = self.random.choice(("slow", "bad", "rude"))
        timer = threading.Timer(5.0, setattr, (self, "mood", "good"))
        timer.start()
        try:
            self.kill()
        finally:
            timer.join()

    def followers(self) -> None:
        """Streams that come, and go without a word."""
        with ExitStack() as stack:
            for _ in range(20):
                stack.enter_context(Follower(self.daemon))
            time.sleep(1.0)

    def rude(self) -> None:
        """Clients that leave in the middle of a request, or of an answer."""
        for number in range(30):
            connection = http.client.HTTPConnection("127.0.0.1", self.daemon.port, timeout=10)
            if number % 2:
                connection.request("GET", "/metrics")
            else:
                connection.putrequest("POST", "/v1/reports")
                connection.putheader("Content-Length", "1000")
                connection.endheaders(b"{")
            connection.close()

    def load(self) -> None:
        """Work for a server: its numbers change, its commands appear."""
        server = self.random.choice(self.servers)
        with server.client() as client:
            for number in range(2000):
                client.command("SET", f"soak:{number % 100}", number, "EX", 60)
