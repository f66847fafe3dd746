"""The tables. Times are wall seconds, documents are JSON."""

from __future__ import annotations

VERSION = 1
"""Of the schema, kept in the file (`PRAGMA user_version`). A file of a higher version is not touched."""

TABLES = """
CREATE TABLE IF NOT EXISTS alerts (
    id TEXT PRIMARY KEY,
    rule TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS alerts_by_rule ON alerts (rule);

CREATE TABLE IF NOT EXISTS notices (
    fingerprint TEXT PRIMARY KEY,
    data TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS notified (
    way TEXT NOT NULL,
    grouping TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (way, grouping)
);
CREATE TABLE IF NOT EXISTS outbox (
    id TEXT PRIMARY KEY,
    way TEXT NOT NULL,
    grouping TEXT NOT NULL,
    message TEXT NOT NULL,
    created_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    due_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    dead_at REAL,
    error TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS outbox_by_due ON outbox (due_at) WHERE dead_at IS NULL;

CREATE TABLE IF NOT EXISTS silences (
    id TEXT PRIMARY KEY,
    ends_at REAL NOT NULL,
    data TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    target TEXT NOT NULL DEFAULT '',
    node TEXT NOT NULL DEFAULT '',
    subject TEXT NOT NULL DEFAULT '',
    text TEXT NOT NULL DEFAULT '',
    data TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX IF NOT EXISTS events_by_target ON events (target, at);
CREATE INDEX IF NOT EXISTS events_by_kind ON events (kind, at);
CREATE TRIGGER IF NOT EXISTS events_bounded AFTER INSERT ON events WHEN NEW.id % 1000 = 0
BEGIN DELETE FROM events WHERE id <= NEW.id - 100000; END;

CREATE TABLE IF NOT EXISTS overrides (
    target TEXT NOT NULL,
    op TEXT NOT NULL,
    shard TEXT NOT NULL DEFAULT '',
    until REAL,
    data TEXT NOT NULL,
    PRIMARY KEY (target, op, shard)
);

CREATE TABLE IF NOT EXISTS backoffs (
    target TEXT NOT NULL,
    op TEXT NOT NULL,
    shard TEXT NOT NULL DEFAULT '',
    at REAL NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (target, op, shard)
);

CREATE TABLE IF NOT EXISTS incidents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    target TEXT NOT NULL DEFAULT '',
    op TEXT NOT NULL DEFAULT '',
    shard TEXT NOT NULL DEFAULT '',
    data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS incidents_by_target ON incidents (target, at);
CREATE TRIGGER IF NOT EXISTS incidents_bounded AFTER INSERT ON incidents
BEGIN DELETE FROM incidents WHERE id <= NEW.id - 1000; END;

CREATE TABLE IF NOT EXISTS cursors (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
"""
"""Events and incidents are bounded by triggers, the other tables by what they stand for."""
