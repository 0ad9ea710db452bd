BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'orderweft','m001_runs_and_claims','2026-11-22 05:27:26.394782+00:00');
CREATE TABLE accounts (
            connection TEXT PRIMARY KEY,
            identity TEXT NOT NULL    -- the settings that tell which account it is, as JSON
        ) STRICT, WITHOUT ROWID;
INSERT INTO "accounts" VALUES('shop','{"account": "ours"}');
INSERT INTO "accounts" VALUES('wholesale','{}');
CREATE TABLE bookmarks (
            pipeline TEXT PRIMARY KEY,
            bookmark TEXT,            -- only the source understands it
            moved_at TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
INSERT INTO "bookmarks" VALUES('orders','after page 1','2026-11-02T09:00:00.000000Z');
CREATE TABLE claims (
            pipeline TEXT PRIMARY KEY,
            holder TEXT,              -- host and process id; empty when nobody runs it
            fence INTEGER NOT NULL,   -- grows with every claim; a write under an older one is refused
            expires_at TEXT
        ) STRICT, WITHOUT ROWID;
INSERT INTO "claims" VALUES('orders','elsewhere:1:7:1',2,'2026-11-02T09:15:00.000000Z');
CREATE TABLE runs (
            id INTEGER PRIMARY KEY,
            pipeline TEXT NOT NULL,
            started_at TEXT NOT NULL,
            ended_at TEXT,
            result TEXT,              -- done, held, failed, interrupted; empty while it runs or when it died
            message TEXT,
            counts TEXT NOT NULL DEFAULT '{}'
        ) STRICT;
INSERT INTO "runs" VALUES(1,'orders','2026-11-02T09:00:00.000000Z','2026-11-02T09:00:00.000000Z','held',NULL,'{"fetched": 5, "new": 5, "changed": 0, "known": 0, "skipped": 1, "cancelled": 0, "held": 3, "already_there": 0, "delivered": 1, "in_doubt": 1}');
INSERT INTO "runs" VALUES(2,'orders','2026-11-02T09:00:00.000000Z',NULL,NULL,NULL,'{}');
CREATE TABLE spool (
            entry INTEGER PRIMARY KEY AUTOINCREMENT,
            pipeline TEXT NOT NULL,
            payload TEXT NOT NULL,    -- an answer whose reading changed the source
            put_at TEXT NOT NULL
        ) STRICT;
INSERT INTO "spool" VALUES(1,'orders','{"orders": []}','2026-11-02T09:00:00.000000Z');
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX runs_by_pipeline ON runs (pipeline, id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('spool',1);
COMMIT;
