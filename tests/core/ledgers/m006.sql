BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'orderweft','m001_runs_and_claims','2026-11-22 05:27:26.394782+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'orderweft','m002_orders','2026-11-22 05:27:26.395467+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'orderweft','m003_records','2026-11-22 05:27:26.395756+00:00');
INSERT INTO "_sqlite_migrations" VALUES(4,'orderweft','m004_upkeep','2026-11-22 06:24:32.742682+00:00');
INSERT INTO "_sqlite_migrations" VALUES(5,'orderweft','m005_actions','2026-11-22 06:24:32.745654+00:00');
INSERT INTO "_sqlite_migrations" VALUES(6,'orderweft','m006_alerts','2026-11-22 06:27:17.077255+00:00');
CREATE TABLE accounts (
            connection TEXT PRIMARY KEY,
            identity TEXT NOT NULL    -- the settings that tell which account it is, as JSON
        ) STRICT, WITHOUT ROWID;
INSERT INTO "accounts" VALUES('shop','{"account": "ours"}');
INSERT INTO "accounts" VALUES('wholesale','{}');
CREATE TABLE acknowledgements (
        pipeline TEXT NOT NULL,
        id TEXT NOT NULL,
        number TEXT NOT NULL,
        delivered INTEGER NOT NULL,
        reason TEXT NOT NULL,           -- of the hold; empty when it was delivered
        message TEXT NOT NULL,
        receipt TEXT,
        due INTEGER NOT NULL,           -- 1 until the source has taken it
        tries INTEGER NOT NULL DEFAULT 0,
        outcome TEXT,
        changed_at TEXT NOT NULL,
        PRIMARY KEY (pipeline, id)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "acknowledgements" VALUES('orders','1','1',1,'','Delivered as S-wholesale:1.','{"id":"wholesale:1","number":"S-wholesale:1","remarks":[],"cancelled":false,"pending":false}',1,1,'too busy','2026-11-02T09:00:00.000000Z');
INSERT INTO "acknowledgements" VALUES('orders','2','2',0,'no_stock','Not delivered: 2 wanted, 1 there',NULL,0,1,'accepted','2026-11-02T09:00:00.000000Z');
INSERT INTO "acknowledgements" VALUES('orders','5','5',0,'invalid_field','Not delivered: lines.0.unit_price: money must be text',NULL,0,1,'accepted','2026-11-02T09:00:00.000000Z');
CREATE TABLE actions (
        action INTEGER PRIMARY KEY,
        pipeline TEXT NOT NULL,
        id TEXT NOT NULL,
        done_at TEXT NOT NULL,
        what TEXT NOT NULL,             -- retry, release, skip, re-export
        who TEXT NOT NULL,
        why TEXT,
        outcome TEXT NOT NULL,          -- what came of it, in a sentence
        key TEXT,                       -- of the delivery it has superseded
        receipt_number TEXT             -- what that was called at the destination
    ) STRICT;
INSERT INTO "actions" VALUES(1,'orders','4','2026-11-02T09:30:00.000000Z','skip','ann@office','a sample','it is left out',NULL,NULL);
CREATE TABLE alert_channels (
            alert TEXT PRIMARY KEY,
            sent INTEGER NOT NULL,          -- messages taken since the ledger was made
            sent_at TEXT,                   -- when the last one was
            failures INTEGER NOT NULL,      -- messages not taken, or not known to be
            failed_at TEXT,                 -- since when it fails; empty when the last message was taken
            problem TEXT                    -- what was wrong at the last one
        ) STRICT, WITHOUT ROWID;
CREATE TABLE alerts (
            row INTEGER PRIMARY KEY,
            alert TEXT NOT NULL,            -- name of its table in the configuration
            pipeline TEXT NOT NULL,         -- empty for what concerns all of them
            kind TEXT NOT NULL,             -- order, record, run, alert
            about TEXT NOT NULL,            -- id of the order, key of the record, what failed
            reason TEXT NOT NULL,           -- reason class it was told with
            urgent INTEGER NOT NULL,        -- 1 when it was told as urgent
            told_at TEXT,                   -- empty until a message was taken
            tried_at TEXT NOT NULL,
            doubts INTEGER NOT NULL         -- messages in a row whose end nobody knows
        ) STRICT;
CREATE TABLE attempts (
        attempt INTEGER PRIMARY KEY,
        destination TEXT NOT NULL,
        key TEXT NOT NULL,
        pipeline TEXT NOT NULL,
        id TEXT NOT NULL,
        revision INTEGER NOT NULL,
        run INTEGER NOT NULL,
        started_at TEXT NOT NULL,       -- written before any byte leaves
        ended_at TEXT,
        outcome TEXT,                   -- empty: not known whether it left
        message TEXT,
        receipt TEXT
    ) STRICT;
INSERT INTO "attempts" VALUES(1,'shop','wholesale:1','orders','1',1,1,'2026-11-02T09:00:00.000000Z','2026-11-02T09:00:00.000000Z','accepted',NULL,'{"id":"wholesale:1","number":"S-wholesale:1","remarks":[],"cancelled":false,"pending":false}');
INSERT INTO "attempts" VALUES(2,'shop','wholesale:2','orders','2',1,1,'2026-11-02T09:00:00.000000Z','2026-11-02T09:00:00.000000Z','refused','2 wanted, 1 there',NULL);
INSERT INTO "attempts" VALUES(3,'shop','wholesale:3','orders','3',1,1,'2026-11-02T09:00:00.000000Z','2026-11-02T09:00:00.000000Z','unknown','no answer',NULL);
INSERT INTO "attempts" VALUES(4,'shop','wholesale:6','orders','6',1,2,'2026-11-02T09:00:00.000000Z',NULL,NULL,NULL,NULL);
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
INSERT INTO "claims" VALUES('stock',NULL,1,NULL);
CREATE TABLE entries (
            pipeline TEXT NOT NULL,
            key TEXT NOT NULL,              -- identity of the record at the destination
            label TEXT NOT NULL,            -- what people call it
            state TEXT NOT NULL,            -- sending, sent, pending, held
            sent TEXT,                      -- record as last confirmed by the destination; empty when it never was
            mark TEXT,                      -- fingerprint of `sent`; empty when something else may have arrived since
            offered TEXT,                   -- fingerprint of what was sent last
            trying TEXT,                    -- record under way; empty once it was answered
            target TEXT,                    -- fingerprint of where it was sent: destination and its settings
            item TEXT,                      -- which item a stock level is of
            reason TEXT,                    -- reason class of a hold
            message TEXT,
            fix TEXT,
            config TEXT,                    -- fingerprint of the rules it was decided by
            tries INTEGER NOT NULL DEFAULT 0,
            retry_at TEXT,
            receipt TEXT,
            sent_at TEXT,
            changed_at TEXT NOT NULL,
            run INTEGER NOT NULL,
            PRIMARY KEY (pipeline, key)
        ) STRICT, WITHOUT ROWID;
INSERT INTO "entries" VALUES('stock','a','item a','sent','{"bucket":"immediate","quantity":3}','3','3',NULL,'t','item of a',NULL,NULL,NULL,'1',0,NULL,'{"id":"1","remarks":[],"cancelled":false,"pending":false}','2026-11-02T09:00:00.000000Z','2026-11-02T09:00:00.000000Z',3);
INSERT INTO "entries" VALUES('stock','b','item b','pending','{"bucket":"immediate","quantity":0}','0','0',NULL,'t','item of b',NULL,NULL,NULL,'1',0,'2026-11-03T09:00:00.000000Z','{"id":"2","remarks":[],"cancelled":false,"pending":true}','2026-11-02T09:00:00.000000Z','2026-11-02T09:00:00.000000Z',3);
INSERT INTO "entries" VALUES('stock','c','item c','held',NULL,NULL,'4',NULL,'t','item of c','unknown_item','no such item','create it','1',1,'2026-11-02T09:15:00.000000Z',NULL,NULL,'2026-11-02T09:00:00.000000Z',3);
INSERT INTO "entries" VALUES('stock','d','item d','sending',NULL,NULL,'5','{"bucket":"immediate","quantity":5}','t','item of d',NULL,NULL,NULL,'1',0,NULL,NULL,NULL,'2026-11-02T09:00:00.000000Z',3);
INSERT INTO "entries" VALUES('stock','e','item e','held',NULL,NULL,NULL,NULL,NULL,NULL,'invalid_field','it has no barcode','add one','1',0,NULL,NULL,NULL,'2026-11-02T09:00:00.000000Z',3);
CREATE TABLE orders (
        pipeline TEXT NOT NULL,
        id TEXT NOT NULL,               -- the source's own id
        number TEXT NOT NULL,
        source TEXT NOT NULL,
        destination TEXT NOT NULL,
        state TEXT NOT NULL,            -- staged, sending, delivered, skipped, held, superseded, cancelled
        reason TEXT,                    -- reason class of a hold
        message TEXT,
        fix TEXT,
        customer TEXT,
        revision INTEGER NOT NULL,      -- newest one seen
        fingerprint TEXT NOT NULL,
        delivered_revision INTEGER,
        config TEXT,                    -- fingerprint of the rules it was decided by
        tries INTEGER NOT NULL DEFAULT 0,
        retry_at TEXT,
        receipt_id TEXT,
        receipt_number TEXT,
        receipt TEXT,
        first_seen TEXT NOT NULL,
        changed_at TEXT NOT NULL,
        run INTEGER NOT NULL, purged_at TEXT, erased_at TEXT, export INTEGER NOT NULL DEFAULT 1,
        PRIMARY KEY (pipeline, id)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "orders" VALUES('orders','1','1','wholesale','shop','delivered',NULL,NULL,NULL,'C1 Example Store',1,'794da6502b8e2ea97200a1884d39a7f7',1,'a1d92686bf515dd5',0,NULL,'wholesale:1','S-wholesale:1','{"id":"wholesale:1","number":"S-wholesale:1","remarks":[],"cancelled":false,"pending":false}','2026-11-02T09:00:00.000000Z','2026-11-02T09:00:00.000000Z',1,NULL,NULL,1);
INSERT INTO "orders" VALUES('orders','2','2','wholesale','shop','held','no_stock','2 wanted, 1 there','restock it','C1 Example Store',1,'b2da9702516fcb944c8d6577249344ab',NULL,'a1d92686bf515dd5',1,'2026-11-02T09:15:00.000000Z',NULL,NULL,NULL,'2026-11-02T09:00:00.000000Z','2026-11-02T09:00:00.000000Z',1,NULL,NULL,1);
INSERT INTO "orders" VALUES('orders','3','3','wholesale','shop','held','in_doubt','it was sent to shop and no answer came; The store cannot be asked about it','look in The store for wholesale:3, and enter the order by hand if it is missing','C1 Example Store',1,'daa69ef42d676ed3449592697e3f1a8e',NULL,NULL,0,NULL,NULL,NULL,NULL,'2026-11-02T09:00:00.000000Z','2026-11-02T09:00:00.000000Z',1,NULL,NULL,1);
INSERT INTO "orders" VALUES('orders','4','4','wholesale','shop','skipped',NULL,'a sample order',NULL,'C1 Example Store',1,'af4547f7b6895e1d4ddd3186618ae9df',NULL,'a1d92686bf515dd5',0,NULL,NULL,NULL,NULL,'2026-11-02T09:00:00.000000Z','2026-11-02T09:00:00.000000Z',1,NULL,NULL,1);
INSERT INTO "orders" VALUES('orders','5','5','wholesale','shop','held','invalid_field','lines.0.unit_price: money must be text','correct the order at The market or the setting named; then it is read again','C1 Example Store',1,'6d09d46ab2a8e557570320edaadda3fa',NULL,'a1d92686bf515dd5',0,NULL,NULL,NULL,NULL,'2026-11-02T09:00:00.000000Z','2026-11-02T09:00:00.000000Z',1,NULL,NULL,1);
INSERT INTO "orders" VALUES('orders','6','6','wholesale','shop','sending',NULL,NULL,NULL,'C1 Example Store',1,'a5743b21b836740e317f2e0ccc1cb0b9',NULL,NULL,0,NULL,NULL,NULL,NULL,'2026-11-02T09:00:00.000000Z','2026-11-02T09:00:00.000000Z',2,NULL,NULL,1);
INSERT INTO "orders" VALUES('orders','7','7','wholesale','shop','staged',NULL,NULL,NULL,'C1 Example Store',1,'3c168c80d2c2912d563e02fcba17d3b6',NULL,NULL,0,NULL,NULL,NULL,NULL,'2026-11-02T09:00:00.000000Z','2026-11-02T09:00:00.000000Z',2,NULL,NULL,1);
CREATE TABLE revisions (
        pipeline TEXT NOT NULL,
        id TEXT NOT NULL,
        revision INTEGER NOT NULL,
        fingerprint TEXT NOT NULL,
        seen_at TEXT NOT NULL,
        run INTEGER NOT NULL,
        payload TEXT,                   -- as received; empty when the record says it all
        record TEXT,                    -- canonical JSON; empty when it could not be read
        problem TEXT,                   -- why it could not be read
        skip TEXT                       -- why the source's settings leave it out
    ) STRICT;
INSERT INTO "revisions" VALUES('orders','1',1,'794da6502b8e2ea97200a1884d39a7f7','2026-11-02T09:00:00.000000Z',1,NULL,'{"origin":{"channel":"market","connection":"wholesale","id":"1"},"number":"1","status":"approved","currency":"EUR","divisions":[],"customer":{"account_code":"C1","name":"Example Store"},"addresses":[],"lines":[{"key":"1","barcode":"2000000000008","quantity":2,"unit_price":"10.00","custom_fields":{}}],"taxes":[],"custom_fields":{}}',NULL,NULL);
INSERT INTO "revisions" VALUES('orders','2',1,'b2da9702516fcb944c8d6577249344ab','2026-11-02T09:00:00.000000Z',1,NULL,'{"origin":{"channel":"market","connection":"wholesale","id":"2"},"number":"2","status":"approved","currency":"EUR","divisions":[],"customer":{"account_code":"C1","name":"Example Store"},"addresses":[],"lines":[{"key":"1","barcode":"2000000000008","quantity":2,"unit_price":"10.00","custom_fields":{}}],"taxes":[],"custom_fields":{}}',NULL,NULL);
INSERT INTO "revisions" VALUES('orders','3',1,'daa69ef42d676ed3449592697e3f1a8e','2026-11-02T09:00:00.000000Z',1,NULL,'{"origin":{"channel":"market","connection":"wholesale","id":"3"},"number":"3","status":"approved","currency":"EUR","divisions":[],"customer":{"account_code":"C1","name":"Example Store"},"addresses":[],"lines":[{"key":"1","barcode":"2000000000008","quantity":2,"unit_price":"10.00","custom_fields":{}}],"taxes":[],"custom_fields":{}}',NULL,NULL);
INSERT INTO "revisions" VALUES('orders','4',1,'af4547f7b6895e1d4ddd3186618ae9df','2026-11-02T09:00:00.000000Z',1,NULL,'{"origin":{"channel":"market","connection":"wholesale","id":"4"},"number":"4","status":"approved","currency":"EUR","divisions":[],"customer":{"account_code":"C1","name":"Example Store"},"addresses":[],"lines":[{"key":"1","barcode":"2000000000008","quantity":2,"unit_price":"10.00","custom_fields":{}}],"taxes":[],"custom_fields":{}}',NULL,NULL);
INSERT INTO "revisions" VALUES('orders','5',1,'6d09d46ab2a8e557570320edaadda3fa','2026-11-02T09:00:00.000000Z',1,'{"id": 5, "price": "free"}',NULL,'lines.0.unit_price: money must be text',NULL);
INSERT INTO "revisions" VALUES('orders','6',1,'a5743b21b836740e317f2e0ccc1cb0b9','2026-11-02T09:00:00.000000Z',2,NULL,'{"origin":{"channel":"market","connection":"wholesale","id":"6"},"number":"6","status":"approved","currency":"EUR","divisions":[],"customer":{"account_code":"C1","name":"Example Store"},"addresses":[],"lines":[{"key":"1","barcode":"2000000000008","quantity":2,"unit_price":"10.00","custom_fields":{}}],"taxes":[],"custom_fields":{}}',NULL,NULL);
INSERT INTO "revisions" VALUES('orders','7',1,'3c168c80d2c2912d563e02fcba17d3b6','2026-11-02T09:00:00.000000Z',2,NULL,'{"origin":{"channel":"market","connection":"wholesale","id":"7"},"number":"7","status":"approved","currency":"EUR","divisions":[],"customer":{"account_code":"C1","name":"Example Store"},"addresses":[],"lines":[{"key":"1","barcode":"2000000000008","quantity":2,"unit_price":"10.00","custom_fields":{}}],"taxes":[],"custom_fields":{}}',NULL,NULL);
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
INSERT INTO "runs" VALUES(3,'stock','2026-11-02T09:00:00.000000Z','2026-11-02T09:00:00.000000Z','held',NULL,'{"read": 4}');
CREATE TABLE spool (
            entry INTEGER PRIMARY KEY AUTOINCREMENT,
            pipeline TEXT NOT NULL,
            payload TEXT NOT NULL,    -- an answer whose reading changed the source
            put_at TEXT NOT NULL
        ) STRICT;
INSERT INTO "spool" VALUES(1,'orders','{"orders": []}','2026-11-02T09:00:00.000000Z');
CREATE TABLE tallies (
        pipeline TEXT NOT NULL,
        state TEXT NOT NULL,
        many INTEGER NOT NULL,          -- orders in that state, kept by triggers
        PRIMARY KEY (pipeline, state)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "tallies" VALUES('orders','delivered',1);
INSERT INTO "tallies" VALUES('orders','held',3);
INSERT INTO "tallies" VALUES('orders','sending',1);
INSERT INTO "tallies" VALUES('orders','skipped',1);
INSERT INTO "tallies" VALUES('orders','staged',1);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX runs_by_pipeline ON runs (pipeline, id);
CREATE INDEX orders_by_number ON orders (number);
CREATE INDEX orders_by_receipt ON orders (receipt_number) WHERE receipt_number IS NOT NULL;
CREATE INDEX orders_unfinished ON orders (pipeline, id)
    WHERE state IN ('staged', 'sending', 'held');
CREATE UNIQUE INDEX revisions_by_order ON revisions (pipeline, id, revision);
CREATE INDEX attempts_by_order ON attempts (pipeline, id);
CREATE INDEX attempts_open ON attempts (pipeline, attempt) WHERE outcome IS NULL OR outcome = 'unknown';
CREATE INDEX acknowledgements_due ON acknowledgements (pipeline, id) WHERE due = 1;
CREATE INDEX entries_by_state ON entries (pipeline, state) WHERE state <> 'sent';
CREATE INDEX orders_pending ON orders (pipeline, id)
        WHERE state = 'delivered' AND json_extract(receipt, '$.pending');
CREATE INDEX orders_by_state ON orders (pipeline, state, changed_at);
CREATE INDEX attempts_by_key ON attempts (key, destination);
CREATE TRIGGER orders_added AFTER INSERT ON orders BEGIN INSERT INTO tallies VALUES (new.pipeline, new.state, 1)
    ON CONFLICT (pipeline, state) DO UPDATE SET many = many + 1; END;
CREATE TRIGGER orders_removed AFTER DELETE ON orders BEGIN UPDATE tallies SET many = many - 1 WHERE pipeline = old.pipeline AND state = old.state; END;
CREATE TRIGGER orders_moved AFTER UPDATE OF pipeline, state ON orders
    WHEN old.state <> new.state OR old.pipeline <> new.pipeline BEGIN UPDATE tallies SET many = many - 1 WHERE pipeline = old.pipeline AND state = old.state; INSERT INTO tallies VALUES (new.pipeline, new.state, 1)
    ON CONFLICT (pipeline, state) DO UPDATE SET many = many + 1; END;
CREATE INDEX actions_by_order ON actions (pipeline, id);
CREATE INDEX actions_by_receipt ON actions (receipt_number) WHERE receipt_number IS NOT NULL;
CREATE INDEX alerts_by_pipeline ON alerts (alert, pipeline);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('spool',1);
COMMIT;
