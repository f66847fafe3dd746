"""What a user sees for each mistake in a file: the exact message, exit code 2, no traceback."""

# ruff: noqa: E501 - a message is a line

from __future__ import annotations

import pytest

from tests.cli.running import Terminal

GOOD = "targets: [{name: a, url: 'redis://h'}]\n"

MISTAKES: dict[str, tuple[str | bytes, str]] = {
    "unknown key": (
        "intervall: 15s\n" + GOOD,
        "kvmon.yaml:1: intervall: unknown key (did you mean 'interval'?)",
    ),
    "unknown key in a target": (
        "targets:\n  - name: a\n    url: redis://h\n    topolgy: auto\n",
        "kvmon.yaml:4: targets[0].topolgy: unknown key (did you mean 'topology'?)",
    ),
    "unknown key far from any": (
        "log: {zzz: 1}\n" + GOOD,
        "kvmon.yaml:1: log.zzz: unknown key (known: format, level)",
    ),
    "unknown collector": (
        "targets:\n  - name: a\n    url: redis://h\n    collectors: {slolog: {every: 15s}}\n",
        "kvmon.yaml:4: targets[0].collectors.slolog: unknown key (did you mean 'slowlog'?)",
    ),
    "unknown option of a collector": (
        "collectors:\n  slowlog:\n    evry: 15s\n" + GOOD,
        "kvmon.yaml:3: collectors.slowlog.evry: unknown key (did you mean 'every'?)",
    ),
    "a way to poll that there is not": (
        GOOD + "poll: on-scrape\n",
        "kvmon.yaml:2: poll: it has to be one of 'scheduled', 'on_scrape'",
    ),
    "key in the wrong place": (
        GOOD + "breaker: {}\n",
        "kvmon.yaml:2: breaker: unknown key (it belongs under targets)",
    ),
    "a document that Prometheus would not take": (
        GOOD + "discovery:\n  files: [a/*/b.json]\n",
        "kvmon.yaml:3: discovery.files[0]: only the last part of the path may hold a *, as Prometheus wants it",
    ),
    "a default that is none": (
        GOOD + "discovery:\n  files: [b.json]\n  defaults: {intervall: 1s}\n",
        "kvmon.yaml:4: discovery.defaults.intervall: unknown key (did you mean 'interval'?)",
    ),
    "a name server without an address": (
        GOOD + "discovery:\n  dns:\n  - name: _redis._tcp.h\n    nameserver: h:53\n",
        "kvmon.yaml:5: discovery.dns[0].nameserver: it is no IP address with a port, such as 10.0.0.2:53",
    ),
    "two ways to say who asks": (
        GOOD + "discovery:\n  http:\n  - url: https://a.example\n    token: x\n    password_file: y\n    username: u\n",
        "kvmon.yaml:4: discovery.http[0]: password_file and token say who is asking: keep one",
    ),
    "a role that Kubernetes does not have here": (
        GOOD + "discovery:\n  kubernetes: [node]\n",
        "kvmon.yaml:3: discovery.kubernetes[0].role: it has to be one of 'service', 'pod'",
    ),
    "no part": (
        GOOD + "shard: 6/5\n",
        "kvmon.yaml:2: shard: there is no part 6 of 5: they are counted from 1",
    ),
    "key twice": (
        "interval: 15s\ninterval: 30s\n" + GOOD,
        "kvmon.yaml:2: the key 'interval' stands here a second time (the first is at kvmon.yaml:1)",
    ),
    "no YAML": (
        "targets: [\n",
        "kvmon.yaml:2: this is no YAML: did not find expected node content",
    ),
    "a list at the top": ("- a\n", "kvmon.yaml:1: a configuration is a mapping of keys to values"),
    "not text": (b"\xff\xfe", "cannot read kvmon.yaml: it is not UTF-8 text (byte 0) (name the file with --config)"),
    "empty": (
        "",
        "kvmon.yaml: there is nothing to watch (name a target in the file, or set REDIS_URL, KVMON_TARGETS or REDIS_ADDR)",
    ),
    "targets is no list": ("targets: {a: redis://h}\n", "kvmon.yaml:1: targets: it has to be a list"),
    "a target is no mapping": (
        "targets: ['redis://h']\n",
        "kvmon.yaml:1: targets[0]: it has to be a mapping of keys to values",
    ),
    "duration without a unit": (
        "interval: 15\n" + GOOD,
        "kvmon.yaml:1: interval: 15 is no duration: write a number with its unit, such as 15s, 250ms or 1h30m",
    ),
    "duration that is none": (
        "timeout: soon\n" + GOOD,
        "kvmon.yaml:1: timeout: 'soon' is no duration: write a number with its unit, such as 15s, 250ms or 1h30m",
    ),
    "duration of nothing": ("interval: 0s\n" + GOOD, "kvmon.yaml:1: interval: it has to be greater than 0"),
    "interval too short": (
        "targets:\n- name: a\n  url: redis://h\n  interval: 5ms\n",
        "kvmon.yaml:4: targets[0].interval: 5ms is too short: at least 100ms",
    ),
    "timeout longer than the interval": (
        "targets:\n- name: a\n  url: redis://h\n  interval: 5s\n  timeout: 7s\n",
        "kvmon.yaml:5: targets[0].timeout: 7s is longer than the interval 5s: a poll has to end first",
    ),
    "size without a unit": (
        "targets:\n- name: a\n  url: redis://h\n  memory_limit: 6\n",
        "kvmon.yaml:4: targets[0].memory_limit: 6 is no size: write a number with its unit, such as 512MiB or 6GB",
    ),
    "no name": ("targets:\n- url: redis://h\n", "kvmon.yaml:2: targets[0].name: it is missing"),
    "bad name": (
        "targets:\n- name: Sessions\n  url: redis://h\n",
        (
            "kvmon.yaml:2: targets[0].name: 'Sessions' is no name for a target: use lower-case letters, digits, dot, dash and "
            "underscore, beginning with a letter or digit, at most 63"
        ),
    ),
    "the same name": (
        "targets:\n- name: a\n  url: redis://h\n- name: a\n  url: redis://i\n",
        "kvmon.yaml:4: targets[1].name: another target is called 'a' already (the first is at kvmon.yaml:2)",
    ),
    "no url": ("targets:\n- name: a\n", "kvmon.yaml:2: targets[0]: it has no url"),
    "two ways to say it": (
        "targets:\n- name: a\n  url: redis://h\n  urls: ['redis://i']\n",
        "kvmon.yaml:2: targets[0]: url and urls say the same thing: keep one",
    ),
    "wrong scheme": (
        "targets:\n- name: a\n  url: http://h\n",
        "kvmon.yaml:3: targets[0].url: unknown scheme 'http': use one of redis://, rediss://, valkey://, valkeys://, unix://",
    ),
    "Sentinel without a service": (
        "targets:\n- name: a\n  url: redis+sentinel://h,i\n",
        "kvmon.yaml:3: targets[0].url: it names no service: write redis+sentinel://host:26379/SERVICE, as sentinel.conf calls it",
    ),
    "Sentinel twice": (
        "targets:\n- name: a\n  url: redis+sentinel://h,h:26379/s\n",
        "kvmon.yaml:3: targets[0].url: one of its hosts stands there twice",
    ),
    "Sentinels and a cluster": (
        "targets:\n- name: a\n  url: redis+sentinel://h/s\n  topology: cluster\n",
        "kvmon.yaml:2: targets[0]: topology is cluster, and its url names Sentinels: leave one of the two away",
    ),
    "wrong port": (
        "targets:\n- name: a\n  url: redis://h:99999\n",
        "kvmon.yaml:3: targets[0].url: its port is no number from 1 to 65535",
    ),
    "relative socket": (
        "targets:\n- name: a\n  url: unix://run/valkey.sock\n",
        "kvmon.yaml:3: targets[0].url: a unix URL needs an absolute path: unix:///run/valkey.sock",
    ),
    "provider": (
        "targets:\n- name: a\n  url: redis://h\n  provider: azure\n",
        (
            "kvmon.yaml:4: targets[0].provider: 'azure' is no provider: use one of auto, self-hosted, azure-cache, azure-managed, "
            "elasticache-serverless, elasticache, memorydb, memorystore"
        ),
    ),
    "Sentinels that are none": (
        "targets:\n- name: a\n  url: redis://h\n  topology: sentinel\n",
        "kvmon.yaml:2: targets[0]: its url names no Sentinels: write redis+sentinel://host:26379/SERVICE",
    ),
    "address_map": (
        "targets:\n- name: a\n  url: redis://h\n  address_map: {10.0.0.7: h:99999}\n",
        "kvmon.yaml:4: targets[0].address_map: its port is no number from 1 to 65535",
    ),
    "address_map from a host to a port": (
        "targets:\n- name: a\n  url: redis://h\n  address_map: {10.0.0.7: h:6379}\n",
        "kvmon.yaml:4: targets[0].address_map: '10.0.0.7' is a host without a port: it has to lead to one without a port too",
    ),
    "password as a number": (
        "targets:\n- name: a\n  url: redis://h\n  password: 12345\n",
        "kvmon.yaml:4: targets[0].password: it has to be text: put it in quotes",
    ),
    "two passwords": (
        "targets:\n- name: a\n  url: redis://:x@h\n  password: hunter2\n",
        "kvmon.yaml:4: targets[0].password: the url holds a password too: keep one",
    ),
    "password file": (
        "targets:\n- name: a\n  url: redis://h\n  password_file: nowhere\n",
        "kvmon.yaml:4: targets[0].password_file: cannot read nowhere: no such file or directory",
    ),
    "TLS options without TLS": (
        "targets:\n- name: a\n  url: redis://h\n  tls: {verify: none}\n",
        "kvmon.yaml:4: targets[0].tls: the url is without TLS: write rediss:// or valkeys://, or remove tls",
    ),
    "half a client certificate": (
        "targets:\n- name: a\n  url: rediss://h\n  tls: {cert: a.pem}\n",
        "kvmon.yaml:4: targets[0].tls: cert and key belong together: give both or neither",
    ),
    "verify": (
        "targets:\n- name: a\n  url: rediss://h\n  tls: {verify: maybe}\n",
        "kvmon.yaml:4: targets[0].tls.verify: it has to be one of 'full', 'ca', 'none'",
    ),
    "label that every series has": (
        "targets:\n- name: a\n  url: redis://h\n  labels:\n    team: web\n    instance: x\n",
        "kvmon.yaml:6: targets[0].labels: the label 'instance' is taken: every series carries it: choose another name",
    ),
    "label of a metric": (
        "targets:\n- name: a\n  url: redis://h\n  labels: {db: x}\n",
        "kvmon.yaml:4: targets[0].labels: the label 'db' is taken: redis_db_keys carries it: choose another name",
    ),
    "label that is no name": (
        "targets:\n- name: a\n  url: redis://h\n  labels: {a-b: x}\n",
        "kvmon.yaml:4: targets[0].labels: 'a-b' is no name for a label: use letters, digits and underscore, not beginning with __",
    ),
    "boolean": (
        "targets:\n- name: a\n  url: redis://h\n  critical: perhaps\n",
        "kvmon.yaml:4: targets[0].critical: it has to be true or false",
    ),
    "variable that is not set": (
        "targets:\n- name: a\n  url: ${NOPE}\n",
        "kvmon.yaml:3: targets[0].url: ${NOPE}: the environment variable NOPE is not set: set it, or write ${NOPE:-default}",
    ),
    "file that is not there": (
        "targets:\n- name: a\n  url: redis://h\n  password: ${file:secret}\n",
        "kvmon.yaml:4: targets[0].password: cannot read secret: no such file or directory",
    ),
    "reference that is never closed": (
        "targets:\n- name: a\n  url: redis://${HOST\n",
        "kvmon.yaml:3: targets[0].url: a ${ is never closed: write $${ for a literal one",
    ),
    "listen": ("listen: here\n" + GOOD, "kvmon.yaml:1: listen: 'here' is not HOST:PORT, such as 127.0.0.1:9121"),
    "log level": (
        "log: {level: loud}\n" + GOOD,
        "kvmon.yaml:1: log.level: it has to be one of 'debug', 'info', 'warning', 'error'",
    ),
    "namespace": (
        "namespace: my-redis\n" + GOOD,
        "kvmon.yaml:1: namespace: 'my-redis' is no prefix for names of metrics: use letters, digits and underscore",
    ),
    "short token": ("web: {tokens: [abc]}\n" + GOOD, "kvmon.yaml:1: web.tokens[0].token: it is too short: at least 8 characters"),
    "web file": (
        "web: {config_file: web.yml}\n" + GOOD,
        "kvmon.yaml:1: web.config_file: cannot read web.yml: no such file or directory",
    ),
    "pattern": (
        "scrape_allow: ['*.example']\n" + GOOD,
        "kvmon.yaml:1: scrape_allow[0]: '*.example' is no regular expression: nothing to repeat",
    ),
    "aliases that refer to themselves": (
        "targets: &a [*a]\n",
        "kvmon.yaml: the document is too deep or too large: aliases may refer to themselves",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_its_place_and_what_to_do(terminal: Terminal, mistake: str) -> None:
    text, message = MISTAKES[mistake]
    terminal.write(text)
    assert terminal("check", "kvmon.yaml") == (2, "", message + "\n")


def test_every_mistake_is_told_at_once_in_the_order_of_lines(terminal: Terminal) -> None:
    terminal.write("interval: 15\ntargets:\n- name: A\n  url: redis://h\n- name: b\n  urll: x\nlog: {level: x}\n")
    code, _, err = terminal("check", "kvmon.yaml")
    assert code == 2
    assert [line.split(": ")[0] for line in err.splitlines()] == [f"kvmon.yaml:{line}" for line in (1, 3, 6, 7)]


@pytest.mark.parametrize(
    "command", [("run", "--config"), ("config", "--config"), ("check",), ("metrics", "--unmapped", "a", "--config")]
)
def test_a_missing_file_is_named_by_every_command(terminal: Terminal, command: tuple[str, ...]) -> None:
    code, out, err = terminal(*command, "nowhere.yaml")
    assert (code, out) == (2, "")
    assert err == "cannot read nowhere.yaml: no such file or directory (name the file with --config)\n"


def test_a_folder_in_place_of_a_file_and_an_unreadable_file_are_named(terminal: Terminal) -> None:
    (terminal.folder / "folder").mkdir()
    assert terminal("check", "folder").err == "cannot read folder: is a directory (name the file with --config)\n"


def test_a_document_that_is_nested_without_end_is_refused(terminal: Terminal) -> None:
    terminal.write("a: " + "[" * 2000 + "]" * 2000)
    code, _, err = terminal("check", "kvmon.yaml")
    assert code == 2
    assert "the document is too deep" in err or "nesting depth" in err, err  # whoever gives up first, libyaml or kvmon


def test_a_huge_document_of_aliases_is_refused_quickly(terminal: Terminal) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    terminal.write("\n".join(lines))
    code, _, err = terminal("check", "kvmon.yaml")
    assert code == 2
    assert "kvmon.yaml: the document is too deep or too large: aliases may refer to themselves" in err.splitlines()
