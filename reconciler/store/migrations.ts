import type { DatabaseSync } from 'node:sqlite'
import { GitvirtError } from '../lib/errors.ts'

/** One entry per schema version, in order; an entry that was released is never edited. */
const migrations: readonly string[] = [
  `
  CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE objects (
    key TEXT PRIMARY KEY, uid TEXT NOT NULL, created_at TEXT NOT NULL, generation INTEGER NOT NULL, observed_generation INTEGER NOT NULL,
    spec_digest TEXT NOT NULL, content_digest TEXT NOT NULL, resource_version INTEGER NOT NULL, deleted_at TEXT, identity TEXT,
    conditions TEXT NOT NULL, marks TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE events (key TEXT PRIMARY KEY, last_seen INTEGER NOT NULL, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE nodes (name TEXT PRIMARY KEY, seen_at TEXT NOT NULL, facts TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE observations (node TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (node, key)) STRICT, WITHOUT ROWID;
  CREATE TABLE applied (
    key TEXT NOT NULL, node TEXT NOT NULL, revision TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (key, node)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE suspensions (key TEXT PRIMARY KEY, by TEXT NOT NULL, reason TEXT NOT NULL, at TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE approvals (
    id INTEGER PRIMARY KEY, plan TEXT, key TEXT, by TEXT NOT NULL, at TEXT NOT NULL, UNIQUE (plan, key)
  ) STRICT;
  CREATE TABLE receipts (
    id INTEGER PRIMARY KEY, plan TEXT NOT NULL, step TEXT NOT NULL, key TEXT NOT NULL, node TEXT NOT NULL, state TEXT NOT NULL,
    at TEXT NOT NULL, code TEXT, message TEXT
  ) STRICT;
  CREATE INDEX receipts_by_key ON receipts (key, id);
  CREATE TABLE plans (
    id TEXT PRIMARY KEY, node TEXT NOT NULL, revision TEXT NOT NULL, sent_at TEXT NOT NULL, body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX plans_by_age ON plans (sent_at);
  CREATE TABLE tokens (
    hash TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, groups TEXT NOT NULL, created_at TEXT NOT NULL, expires_at TEXT
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE objects ADD COLUMN summary TEXT;
  -- With it, the keys are read without the rest.
  CREATE INDEX objects_by_summary ON objects (summary);
  -- A table with row ids: rows are long, and most are added at the end.
  CREATE TABLE bodies (key TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
  CREATE TABLE settled (key TEXT PRIMARY KEY, print TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE told (key TEXT PRIMARY KEY, print TEXT NOT NULL, objects TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE ledger (
    sequence INTEGER PRIMARY KEY, digest TEXT NOT NULL, revision TEXT NOT NULL, line TEXT NOT NULL, plan TEXT NOT NULL, step TEXT NOT NULL,
    result TEXT NOT NULL, at TEXT NOT NULL, noted INTEGER NOT NULL DEFAULT 0, UNIQUE (plan, step, result, at)
  ) STRICT;
  CREATE INDEX ledger_pending ON ledger (sequence) WHERE noted = 0;
  `,
  `
  CREATE TABLE signed_approvals (
    key TEXT NOT NULL, plan TEXT NOT NULL, fingerprint TEXT NOT NULL, name TEXT NOT NULL, commit_id TEXT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (key, plan, fingerprint)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE pending_approvals (commit_id TEXT NOT NULL, token TEXT NOT NULL, PRIMARY KEY (commit_id, token)) STRICT, WITHOUT ROWID;
  CREATE TABLE change_writers (
    path TEXT NOT NULL, commit_id TEXT NOT NULL, people TEXT NOT NULL, PRIMARY KEY (path, commit_id)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE suspensions ADD COLUMN until TEXT;
  CREATE TABLE leases (
    key TEXT PRIMARY KEY, id TEXT NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL, at TEXT NOT NULL, until TEXT NOT NULL,
    ending TEXT NOT NULL, branch TEXT, wish TEXT, kept_until TEXT, ended_at TEXT
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE news_told (
    rule TEXT NOT NULL, key TEXT NOT NULL, reason TEXT NOT NULL, class TEXT NOT NULL, at INTEGER NOT NULL, standing INTEGER NOT NULL,
    PRIMARY KEY (rule, key, reason, class)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX news_standing ON news_told (key) WHERE standing = 1;
  CREATE TABLE news_groups (
    rule TEXT NOT NULL, type TEXT NOT NULL, reason TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, count INTEGER NOT NULL,
    items TEXT NOT NULL, PRIMARY KEY (rule, type, reason)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE news_outbox (
    id TEXT PRIMARY KEY, rule TEXT NOT NULL, destination TEXT NOT NULL, made_at INTEGER NOT NULL, due_at INTEGER NOT NULL,
    tries INTEGER NOT NULL, body TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE news_sent (id INTEGER PRIMARY KEY, rule TEXT NOT NULL, destination TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
  CREATE INDEX news_sent_by_destination ON news_sent (destination, at);
  CREATE INDEX news_sent_by_rule ON news_sent (rule, at);
  `,
  `
  CREATE TABLE past_states (id INTEGER PRIMARY KEY, key TEXT NOT NULL, at INTEGER NOT NULL, body TEXT) STRICT;
  CREATE INDEX past_states_by_key ON past_states (key, id);
  CREATE TABLE past_revisions (id INTEGER PRIMARY KEY, commit_id TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
  `,
  `
  -- When the commit was made; NULL until that was looked at, and the approval counts for nothing so long.
  ALTER TABLE signed_approvals ADD COLUMN made_at TEXT;
  -- Kept for good: one row for each word of a person, which must not count twice whatever becomes of the branch.
  CREATE TABLE used_approvals (commit_id TEXT NOT NULL, token TEXT NOT NULL, PRIMARY KEY (commit_id, token)) STRICT, WITHOUT ROWID;
  `,
  `
  -- Empty where an environment has one source.
  CREATE TABLE owners (key TEXT PRIMARY KEY, path TEXT NOT NULL) STRICT, WITHOUT ROWID;
  -- Receipts that no note of their object's own source holds yet.
  CREATE TABLE ledger_copies (
    source TEXT NOT NULL, sequence INTEGER NOT NULL, revision TEXT NOT NULL, PRIMARY KEY (source, sequence)
  ) STRICT, WITHOUT ROWID;
  `,
]

/**
 * Brings the database to the newest schema, each version in its own transaction.
 * @throws GitvirtError `StoreTooNew` where a later gitvirt wrote the file
 */
export function migrate(db: DatabaseSync): void {
  const row = db.prepare('PRAGMA user_version').get()
  const version = Number(row?.['user_version'] ?? 0)
  if (version > migrations.length) {
    throw new GitvirtError({
      code: 'StoreTooNew',
      message: `The state database has schema version ${version}; this gitvirt knows versions up to ${migrations.length}.`,
      action: 'Run the gitvirt that wrote it, or a newer one.',
      terminal: true,
    })
  }
  for (const [index, statements] of migrations.entries()) {
    if (index < version) continue
    db.exec(`BEGIN IMMEDIATE; ${statements}; PRAGMA user_version = ${index + 1}; COMMIT`)
  }
}
