"""redis_exporter's settings, each a flag and a variable: what they mean here, and what to use instead of the others."""

from __future__ import annotations

from dataclasses import dataclass

from kvmon.config.environment.exporter_keys import OFF, ON, PREFIX


@dataclass(frozen=True, slots=True)
class Setting:
    """One of redis_exporter's settings. `flag` without dashes; `instead` is empty where it has its meaning here.

    `harmless` are values that ask for nothing kvmon does not do anyway.
    """

    flag: str
    variable: str
    help: str = ""
    boolean: bool = False
    instead: str = ""
    harmless: tuple[str, ...] = ()


_WEB = "use web.config_file in the configuration file"
_COLLECT = "use collectors in the configuration file"

SETTINGS = (
    Setting("redis.addr", "REDIS_ADDR", "node to watch in exporter mode: series as redis_exporter's"),
    Setting("redis.user", "REDIS_USER", "its ACL user"),
    Setting("redis.password", "REDIS_PASSWORD", "its password"),
    Setting("redis.password-file", "REDIS_PASSWORD_FILE", "file with its password, plain or redis_exporter's JSON map"),
    Setting("connection-timeout", PREFIX + "CONNECTION_TIMEOUT", "deadline of a poll, such as 3s"),
    Setting("skip-tls-verification", PREFIX + "SKIP_TLS_VERIFICATION", "trust any certificate", boolean=True),
    Setting("tls-client-cert-file", PREFIX + "TLS_CLIENT_CERT_FILE", "client certificate (PEM)"),
    Setting("tls-client-key-file", PREFIX + "TLS_CLIENT_KEY_FILE", "its key (PEM)"),
    Setting("tls-ca-cert-file", PREFIX + "TLS_CA_CERT_FILE", "authorities to trust (PEM)"),
    Setting("tls-server-name", PREFIX + "TLS_SERVER_NAME", "name the server's certificate has to be for"),
    Setting("web.listen-address", PREFIX + "WEB_LISTEN_ADDRESS", "where to serve, as --listen"),
    Setting("namespace", PREFIX + "NAMESPACE", "prefix of the names of metrics"),
    Setting("debug", PREFIX + "DEBUG", "log everything", boolean=True),
    Setting("log-level", PREFIX + "LOG_LEVEL"),
    Setting("log-format", PREFIX + "LOG_FORMAT"),
    Setting("web.telemetry-path", PREFIX + "WEB_TELEMETRY_PATH", instead="the path is always /metrics", harmless=("/metrics",)),
    Setting("set-client-name", PREFIX + "SET_CLIENT_NAME", boolean=True, instead="connections are always named", harmless=ON),
    Setting("ping-on-connect", PREFIX + "PINGON_CONNECT", boolean=True, instead="a poll is one round trip", harmless=OFF),
    Setting("tls-server-cert-file", PREFIX + "TLS_SERVER_CERT_FILE", instead=_WEB),
    Setting("tls-server-key-file", PREFIX + "TLS_SERVER_KEY_FILE", instead=_WEB),
    Setting("tls-server-ca-cert-file", PREFIX + "TLS_SERVER_CA_CERT_FILE", instead=_WEB),
    Setting("tls-server-min-version", PREFIX + "TLS_SERVER_MIN_VERSION", instead=_WEB, harmless=("TLS1.2",)),
    Setting("basic-auth-username", PREFIX + "BASIC_AUTH_USERNAME", instead=_WEB),
    Setting("basic-auth-password", PREFIX + "BASIC_AUTH_PASSWORD", instead=_WEB),
    Setting("basic-auth-hash-password", PREFIX + "BASIC_AUTH_HASH_PASSWORD", instead=_WEB),
    Setting("disable-scrape-endpoint", PREFIX + "DISABLE_SCRAPE_ENDPOINT", boolean=True,
            instead="/scrape asks nothing but configured targets unless scrape_allow says so", harmless=OFF + ON),
    Setting("check-keys", PREFIX + "CHECK_KEYS", "patterns of keys to show, db0=session:*, separated by commas"),
    Setting("check-single-keys", PREFIX + "CHECK_SINGLE_KEYS", "keys to show"),
    Setting("count-keys", PREFIX + "COUNT_KEYS", "patterns whose keys are counted"),
    Setting("check-keys-batch-size", PREFIX + "CHECK_KEYS_BATCH_SIZE",
            instead="how much SCAN is asked for follows from how long the server takes", harmless=("1000",)),
    Setting("disable-exporting-key-values", PREFIX + "DISABLE_EXPORTING_KEY_VALUES",
            "show no numbers that are values; other values never are", boolean=True),
    Setting("skip-checkkeys-for-role-master", PREFIX + "SKIP_CHECKKEYS_FOR_ROLE_MASTER", boolean=True,
            instead="replicas are asked where there are any", harmless=OFF),
    Setting("check-key-groups", PREFIX + "CHECK_KEY_GROUPS", "Lua patterns of groups of keys, separated by commas"),
    Setting("max-distinct-key-groups", PREFIX + "MAX_DISTINCT_KEY_GROUPS", "groups that are shown, the others are `overflow`"),
    Setting("check-streams", PREFIX + "CHECK_STREAMS", "patterns of streams to show"),
    Setting("check-single-streams", PREFIX + "CHECK_SINGLE_STREAMS", "streams to show"),
    Setting("streams-exclude-consumer-metrics", PREFIX + "STREAMS_EXCLUDE_CONSUMER_METRICS", "show no consumers", boolean=True),
    Setting("script", PREFIX + "SCRIPT", "files of Lua scripts to run, separated by commas; a slow one holds up all clients"),
    Setting("lua-script-read-only", PREFIX + "LUA_SCRIPT_READONLY",
            "run them only where they may not write (7.0); false: let them write; neither: so where possible", boolean=True),
    Setting("config-command", PREFIX + "CONFIG_COMMAND", instead=f"{_COLLECT}: `config: off`", harmless=("CONFIG",)),
    Setting("include-config-metrics", PREFIX + "INCL_CONFIG_METRICS", boolean=True, instead=_COLLECT, harmless=OFF),
    Setting("redact-config-metrics", PREFIX + "REDACT_CONFIG_METRICS", boolean=True,
            instead="secrets of a configuration are never exported", harmless=ON),
    Setting("export-client-list", PREFIX + "EXPORT_CLIENT_LIST", boolean=True,
            instead="kvmon counts clients by name, library, user and state, never one series for each", harmless=OFF),
    Setting("export-client-port", PREFIX + "EXPORT_CLIENT_PORT", boolean=True, instead="kvmon counts clients", harmless=OFF),
    Setting("is-cluster", PREFIX + "IS_CLUSTER", boolean=True, instead="name each node in KVMON_TARGETS", harmless=OFF),
    Setting("cluster-discover-hostnames", PREFIX + "CLUSTER_DISCOVER_HOSTNAMES", boolean=True,
            instead="name each node in KVMON_TARGETS", harmless=OFF),
    Setting("include-sentinel-peer-info", PREFIX + "INCL_SENTINEL_PEER_INFO", boolean=True,
            instead=f"{_COLLECT}: `sentinel: {{peers: 10}}`", harmless=OFF),
    Setting("is-tile38", PREFIX + "IS_TILE38", boolean=True, instead="kvmon watches Redis and Valkey", harmless=OFF),
    Setting("include-modules-metrics", PREFIX + "INCL_MODULES_METRICS", boolean=True, instead=_COLLECT, harmless=OFF),
    Setting("include-search-indexes-metrics", PREFIX + "INCL_SEARCH_INDEXES_METRICS", boolean=True,
            instead=f"{_COLLECT}: `search: on`", harmless=OFF),
    Setting("check-search-indexes", PREFIX + "CHECK_SEARCH_INDEXES",
            instead=f"{_COLLECT}: `search: {{indexes: …}}`", harmless=(".*",)),
    Setting("include-system-metrics", PREFIX + "INCL_SYSTEM_METRICS", boolean=True,
            instead="total_system_memory_bytes is always exported", harmless=OFF + ON),
    Setting("include-rdb-file-size-metric", PREFIX + "INCL_RDB_FILE_SIZE_METRIC", boolean=True,
            instead="the size of the RDB file is not exported in this version", harmless=OFF),
    Setting("exclude-latency-histogram-metrics", PREFIX + "EXCLUDE_LATENCY_HISTOGRAM_METRICS", boolean=True,
            instead=f"{_COLLECT}: `latency: off`", harmless=OFF),
    Setting("include-metrics-for-empty-databases", PREFIX + "INCL_METRICS_FOR_EMPTY_DATABASES", boolean=True,
            instead="empty databases are always exported", harmless=ON),
    Setting("append-instance-role-label", PREFIX + "APPEND_INSTANCE_ROLE_LABEL", boolean=True,
            instead="join with redis_instance_info, which has the role", harmless=OFF),
    Setting("redis-only-metrics", PREFIX + "REDISONLY_METRICS", boolean=True,
            instead="scrape /scrape?target=redis for the node alone", harmless=OFF),
    Setting("include-go-runtime-metrics", PREFIX + "INCLUDE_GO_RUNTIME_METRICS", boolean=True,
            instead="kvmon is no Go program", harmless=OFF),
)  # fmt: skip
"""All of redis_exporter's settings but --version, in the order of its documentation."""
