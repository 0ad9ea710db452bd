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
