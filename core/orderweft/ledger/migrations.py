"""The steps from an empty file to the present ledger; each is recorded and never changed once released."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("orderweft")


@migrations()
def m001_runs_and_claims(db: Database) -> None:
    """Create what every kind of pipeline needs."""
    db.conn.execute(
        """CREATE TABLE runs (
            id INTEGER PRIMARY KEY,
            pipeline TEXT NOT NULL,
            started_at TEXT NOT NULL,
            ended_at TEXT,
            result TEXT,              -- done, held, failed, interrupted; empty while it runs or when it died
            message TEXT,
            counts TEXT NOT NULL DEFAULT '{}'
        ) STRICT"""
    )
    db.conn.execute("CREATE INDEX runs_by_pipeline ON runs (pipeline, id)")
    db.conn.execute(
        """CREATE TABLE claims (
            pipeline TEXT PRIMARY KEY,
            holder TEXT,              -- host and process id; empty when nobody runs it
            fence INTEGER NOT NULL,   -- grows with every claim; a write under an older one is refused
            expires_at TEXT
        ) STRICT, WITHOUT ROWID"""
    )
    db.conn.execute(
        """CREATE TABLE bookmarks (
            pipeline TEXT PRIMARY KEY,
            bookmark TEXT,            -- only the source understands it
            moved_at TEXT NOT NULL
        ) STRICT, WITHOUT ROWID"""
    )
    db.conn.execute(
        """CREATE TABLE spool (
            entry INTEGER PRIMARY KEY AUTOINCREMENT,
            pipeline TEXT NOT NULL,
            payload TEXT NOT NULL,    -- an answer whose reading changed the source
            put_at TEXT NOT NULL
        ) STRICT"""
    )
    db.conn.execute(
        """CREATE TABLE accounts (
            connection TEXT PRIMARY KEY,
            identity TEXT NOT NULL    -- the settings that tell which account it is, as JSON
        ) STRICT, WITHOUT ROWID"""
    )


_ORDERS = (
    """CREATE TABLE orders (
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
        run INTEGER NOT NULL,
        PRIMARY KEY (pipeline, id)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX orders_by_number ON orders (number)",
    "CREATE INDEX orders_by_receipt ON orders (receipt_number) WHERE receipt_number IS NOT NULL",
    """CREATE INDEX orders_unfinished ON orders (pipeline, id)
    WHERE state IN ('staged', 'sending', 'held')""",
    """CREATE TABLE revisions (
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
    ) STRICT""",
    "CREATE UNIQUE INDEX revisions_by_order ON revisions (pipeline, id, revision)",
    """CREATE TABLE attempts (
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
    ) STRICT""",
    "CREATE INDEX attempts_by_key ON attempts (destination, key)",
    "CREATE INDEX attempts_by_order ON attempts (pipeline, id)",
    "CREATE INDEX attempts_open ON attempts (pipeline, attempt) WHERE outcome IS NULL OR outcome = 'unknown'",
    """CREATE TABLE acknowledgements (
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
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX acknowledgements_due ON acknowledgements (pipeline, id) WHERE due = 1",
)


@migrations()
def m002_orders(db: Database) -> None:
    """Create what pipelines of orders need."""
    for statement in _ORDERS:
        db.conn.execute(statement)


@migrations()
def m003_records(db: Database) -> None:
    """Create what pipelines of stock, products, customers and shipments need; find orders not confirmed yet."""
    db.conn.execute(
        """CREATE TABLE entries (
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
        ) STRICT, WITHOUT ROWID"""
    )
    db.conn.execute("CREATE INDEX entries_by_state ON entries (pipeline, state) WHERE state <> 'sent'")
    db.conn.execute(
        """CREATE INDEX orders_pending ON orders (pipeline, id)
        WHERE state = 'delivered' AND json_extract(receipt, '$.pending')"""
    )


_COUNT = """INSERT INTO tallies VALUES (new.pipeline, new.state, 1)
    ON CONFLICT (pipeline, state) DO UPDATE SET many = many + 1;"""
_DISCOUNT = "UPDATE tallies SET many = many - 1 WHERE pipeline = old.pipeline AND state = old.state;"
_UPKEEP = (
    "ALTER TABLE orders ADD COLUMN purged_at TEXT",  # since when its contents are not kept any more
    "ALTER TABLE orders ADD COLUMN erased_at TEXT",  # since when its customer is not known any more
    "CREATE INDEX orders_by_state ON orders (pipeline, state, changed_at)",
    "DROP INDEX attempts_by_key",
    "CREATE INDEX attempts_by_key ON attempts (key, destination)",
    """CREATE TABLE tallies (
        pipeline TEXT NOT NULL,
        state TEXT NOT NULL,
        many INTEGER NOT NULL,          -- orders in that state, kept by triggers
        PRIMARY KEY (pipeline, state)
    ) STRICT, WITHOUT ROWID""",
    "INSERT INTO tallies SELECT pipeline, state, count(*) FROM orders GROUP BY pipeline, state",
    f"CREATE TRIGGER orders_added AFTER INSERT ON orders BEGIN {_COUNT} END",
    f"CREATE TRIGGER orders_removed AFTER DELETE ON orders BEGIN {_DISCOUNT} END",
    f"""CREATE TRIGGER orders_moved AFTER UPDATE OF pipeline, state ON orders
    WHEN old.state <> new.state OR old.pipeline <> new.pipeline BEGIN {_DISCOUNT} {_COUNT} END""",
)


@migrations()
def m004_upkeep(db: Database) -> None:
    """Let contents go while the order stays known; count and find orders among a million."""
    for statement in _UPKEEP:
        db.conn.execute(statement)


_ACTIONS = (
    "ALTER TABLE orders ADD COLUMN export INTEGER NOT NULL DEFAULT 1",  # each further one has a key of its own
    """CREATE TABLE actions (
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
    ) STRICT""",
    "CREATE INDEX actions_by_order ON actions (pipeline, id)",
    "CREATE INDEX actions_by_receipt ON actions (receipt_number) WHERE receipt_number IS NOT NULL",
)


@migrations()
def m005_actions(db: Database) -> None:
    """Keep what people have decided about orders, and let one be exported once more."""
    for statement in _ACTIONS:
        db.conn.execute(statement)


@migrations()
def m006_alerts(db: Database) -> None:
    """Remember who was alerted of what, so that nobody is told twice in a row."""
    db.conn.execute(
        """CREATE TABLE alerts (
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
        ) STRICT"""
    )
    db.conn.execute("CREATE INDEX alerts_by_pipeline ON alerts (alert, pipeline)")
    db.conn.execute(
        """CREATE TABLE alert_channels (
            alert TEXT PRIMARY KEY,
            sent INTEGER NOT NULL,          -- messages taken since the ledger was made
            sent_at TEXT,                   -- when the last one was
            failures INTEGER NOT NULL,      -- messages not taken, or not known to be
            failed_at TEXT,                 -- since when it fails; empty when the last message was taken
            problem TEXT                    -- what was wrong at the last one
        ) STRICT, WITHOUT ROWID"""
    )


@migrations()
def m007_exchanges(db: Database) -> None:
    """Keep what was said about orders, and what the templates made of them."""
    db.conn.execute(
        """CREATE TABLE exchanges (
            exchange INTEGER PRIMARY KEY,
            run INTEGER NOT NULL,
            pipeline TEXT NOT NULL,
            connection TEXT NOT NULL,
            step TEXT NOT NULL,             -- fetch, send, settle, acknowledge
            started_at TEXT NOT NULL,
            seconds REAL NOT NULL,
            is_write INTEGER NOT NULL,      -- 1 when it may have changed something
            method TEXT NOT NULL,
            url TEXT NOT NULL,
            request TEXT NOT NULL,          -- body, without secrets, cut when it is long
            status INTEGER,
            response TEXT,                  -- body likewise; empty when no answer came
            error TEXT
        ) STRICT"""
    )
    db.conn.execute(
        """CREATE TABLE exchange_orders (
            pipeline TEXT NOT NULL,
            id TEXT NOT NULL,               -- an order it is about
            exchange INTEGER NOT NULL,
            PRIMARY KEY (pipeline, id, exchange)
        ) STRICT, WITHOUT ROWID"""
    )
    db.conn.execute("CREATE INDEX exchange_orders_by_exchange ON exchange_orders (exchange)")
    db.conn.execute(
        """CREATE TABLE mapped (
            pipeline TEXT NOT NULL,
            id TEXT NOT NULL,
            revision INTEGER NOT NULL,
            run INTEGER NOT NULL,
            mapped_at TEXT NOT NULL,
            record TEXT NOT NULL,           -- canonical JSON after the pipeline's map
            PRIMARY KEY (pipeline, id, revision)
        ) STRICT, WITHOUT ROWID"""
    )


_CHANGES = (
    """CREATE TABLE changes (
        pipeline TEXT NOT NULL,
        id TEXT NOT NULL,
        revision INTEGER NOT NULL,          -- of an order that was delivered in an earlier one
        base INTEGER NOT NULL,              -- the one it was compared with
        cancelled INTEGER NOT NULL,         -- 1 when it says that the order is cancelled
        state TEXT NOT NULL,                -- noted, waiting, sending, done, held, superseded
        seen_at TEXT NOT NULL,
        diff TEXT NOT NULL,                 -- sentences as JSON, nothing personal in them
        reason TEXT,
        message TEXT,
        fix TEXT,
        retry_at TEXT,
        config TEXT,
        tries INTEGER NOT NULL DEFAULT 0,
        doubts INTEGER NOT NULL DEFAULT 0,  -- times it was sent without an answer
        started_at TEXT,                    -- written before any byte leaves
        ended_at TEXT,
        outcome TEXT,
        run INTEGER NOT NULL,
        PRIMARY KEY (pipeline, id, revision)
    ) STRICT, WITHOUT ROWID""",
    """CREATE INDEX changes_open ON changes (pipeline, id)
    WHERE state IN ('waiting', 'sending', 'held')""",
    """CREATE INDEX orders_changed ON orders (pipeline, id)
    WHERE state = 'delivered' AND revision > delivered_revision""",
    # what was changed before anybody could ask for more was told then, and is not told or sent now
    """INSERT INTO changes (pipeline, id, revision, base, cancelled, state, seen_at, diff, run)
    SELECT pipeline, id, revision, delivered_revision, 0, 'noted', changed_at, '[]', run FROM orders
    WHERE state = 'delivered' AND revision > delivered_revision""",
)


@migrations()
def m008_changes(db: Database) -> None:
    """Keep what became of orders that were changed at their source after they were delivered."""
    for statement in _CHANGES:
        db.conn.execute(statement)
