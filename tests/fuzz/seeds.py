"""What is right, to begin with."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]

RESP = (
    b"+OK\r\n",
    b"-ERR no\r\n",
    b":12\r\n",
    b"$5\r\nhello\r\n",
    b"*2\r\n$1\r\na\r\n*1\r\n:1\r\n",
    b"%1\r\n+a\r\n:1\r\n",
    b"$-1\r\n",
    b"*-1\r\n",
    b",1.5\r\n",
    b"#t\r\n",
    b"=8\r\ntxt:text\r\n",
    b"~1\r\n+x\r\n",
    b">2\r\n+message\r\n+x\r\n",
    b"|1\r\n+k\r\n+v\r\n:1\r\n",
)
INFOS = tuple(file.read_bytes() for file in sorted((ROOT / "tests" / "replies").glob("*/info*.txt")))
RULES = tuple(file.read_bytes() for file in sorted((ROOT / "alerts").glob("*.yaml")))
CONFIGURATIONS = (
    b"interval: 15s\ntargets:\n  - name: a\n    url: redis://h\n    labels: {a: b}\n    probe: {interval: 1s}\n",
    b"targets: [{name: b, url: 'rediss://u:p@h:1', tls: {}, memory_limit: 6GiB, collectors: {slowlog: off}}]\n",
    b"datadog: {interval: 15s}\nweb: {tokens: [a-long-token]}\ntargets: [{name: c, url: unix:///s}]\nrules: {files: []}\n",
    b"discovery: {files: [x/*.json], http: [{url: 'http://h/'}]}\nshard: 0/2\nalerting: {alertmanagers: ['http://am:9093']}\n",
)
ALERTMANAGERS = (
    b"""route: {receiver: a, group_by: ['...'], routes: [{matchers: [severity=~"a|b"], receiver: b, continue: true}]}
receivers: [{name: a}, {name: b, webhook_configs: [{url: 'http://h/'}]}]
""",
    b"""global: {resolve_timeout: 5m, smtp_from: a@b, smtp_smarthost: 'h:25'}
route: {receiver: a, group_wait: 0s}
inhibit_rules: [{source_match: {a: b}, target_match_re: {c: 'd.*'}, equal: [e]}]
receivers: [{name: a, email_configs: [{to: x@y}], slack_configs: [{api_url: 'http://s/', channel: '#c'}]}]
""",
)
STREAMS = (
    b'event: snapshot\nid: boot-1\ndata: {"index":1}\n\n',
    b"retry: 2000\n\n",
    b": comment\r\ndata\r\n\r\n",
    b"data: a\rdata: b\r\r",
    b"\xef\xbb\xbfdata: x\n\n",
    b"id: \0\nevent\n\n",
)
QUERIES = (
    b"sum by (target) (rate(redis_commands_processed_total[5m]))",
    b"redis_up == 0 or on () vector(1)",
    b'histogram_quantile(0.9, rate(x_bucket{le!~"a|b"}[1m] offset 5m))',
    b"topk(3, a @ start()) / -b ^ 2 % 3",
    b"a[5m:30s] > bool 1",
)
