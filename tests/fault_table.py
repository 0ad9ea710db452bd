"""What can go wrong at each channel, what a run does about it, and what a person is told: data for tests and manual.

The faults are those the notes on each channel end with. Those a channel cannot have are in `NOT_HERE`, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from orderweft import Kind
from orderweft.testing import Fault, FaultKind, Response
from orderweft_shopify.simulator import answers

FOR_EVER = 10_000
Outcome = Literal["goes on", "ends", "holds", "refuses"]
End = Literal["once", "held"]

OUTCOMES: Mapping[Outcome, str] = {
    "goes on": "goes on and does everything",
    "ends": "ends with code 4",
    "holds": "does the rest, code 3",
    "refuses": "is refused with code 2",
}
ENDS: Mapping[End, str] = {
    "once": "everything is there, once",
    "held": "one record waits for a person; the rest is there, once",
}


@dataclass(frozen=True)
class Work:
    """What a run is doing meanwhile: a pipeline between two simulators."""

    words: str
    kind: Kind
    source: str
    destination: str
    options: Mapping[str, Any] = field(default_factory=dict)
    """More settings of the channel at fault."""


@dataclass(frozen=True)
class Row:
    """One fault at one channel."""

    channel: str
    work: str
    fault: str
    run: Outcome
    told: str = ""
    """Words of what the person is told; nothing where empty."""
    end: End = "once"
    calls: tuple[Fault, ...] = ()
    """Calls of the simulator that go wrong."""
    switches: Mapping[str, Any] = field(default_factory=dict)
    """Switches of the simulator."""
    hand: str = ""
    """What somebody or something does there: a name in `test_faults.HANDS`."""

    @property
    def id(self) -> str:
        """Return what tells it from the others."""
        return f"{self.work}: {self.fault}"


WORKS: Mapping[str, Work] = {
    "joor orders in": Work("reading orders", "orders", "joor", "zedonk"),
    "joor orders in, by the queue": Work(
        "reading orders from the export queue", "orders", "joor", "zedonk", {"read_mode": "sync"}
    ),
    "joor orders in, one a page": Work("reading orders page by page", "orders", "joor", "zedonk", {"page_size": 1}),
    "joor notes": Work("telling JOOR what became of orders", "orders", "joor", "shopify", {"acknowledge": "v4"}),
    "joor products in": Work("reading products", "catalog", "joor", "shopify"),
    "joor stock": Work("writing stock", "inventory", "shopify", "joor"),
    "joor products": Work("writing products", "catalog", "shopify", "joor"),
    "joor customers": Work("writing customers", "customers", "zedonk", "joor"),
    "shopify orders": Work("creating orders", "orders", "joor", "shopify"),
    "shopify stock in": Work("reading stock", "inventory", "shopify", "joor"),
    "shopify stock in, in bulk": Work("reading stock in bulk", "inventory", "shopify", "joor", {"bulk_from": 0}),
    "shopify stock": Work("writing stock", "inventory", "joor", "shopify"),
    "shopify products": Work("writing products", "catalog", "joor", "shopify"),
    "shopify customers": Work("writing customers", "customers", "joor", "shopify"),
    "zedonk orders": Work("handing orders over", "orders", "joor", "zedonk"),
    "zedonk files in": Work("reading customers from files", "customers", "zedonk", "shopify"),
    "zedonk reports": Work(
        "reading customers by report calls",
        "customers",
        "zedonk",
        "shopify",
        {"read_by": "reports", "report_url": "http://127.0.0.1:9"},
    ),
    "oms orders": Work("creating orders", "orders", "joor", "oms_generic"),
    "oms stock in": Work("reading stock", "inventory", "oms_generic", "joor"),
}

HTML = Response(200, {"content-type": "text/html"}, b"<html><body>Please sign in to the hotel's Wi-Fi</body></html>")
HALF = Response(200, {"content-type": "application/json"}, b'{"code": 200, "data": [{"id": 9000001, "cust')
LATIN = Response(200, {"content-type": "application/json"}, '{"name": "Esimerkki N\u00e4ytekatu"}'.encode("latin-1"))
DOWN = Response(503, {"content-type": "text/html"}, b"<html>Service Unavailable</html>")
GATEWAY = Response(502, {"content-type": "text/html"}, b"<html>Bad Gateway</html>")
LIMIT = Response(429, {"content-type": "application/json"}, b'{"message": "Too many requests"}')
LIMIT_FOR = Response(429, {"content-type": "application/json", "retry-after": "30"}, b'{"message": "Too many"}')
DENIED = Response(401, {"content-type": "application/json"}, b'{"message": "Invalid token"}')

Way = tuple[FaultKind, Response | None, int]

READ_FAULTS: Mapping[str, tuple[Way, Outcome, str]] = {
    "no answer, once": (("timeout_before", None, 1), "goes on", ""),
    "503, for ever": (("answer_before", DOWN, FOR_EVER), "ends", "HTTP 503"),
    "HTML in the place of data, for ever": (("answer_before", HTML, FOR_EVER), "ends", "complete JSON"),
    "JSON cut off, for ever": (("answer_before", HALF, FOR_EVER), "ends", "complete JSON"),
    "no answer, for ever": (("timeout_before", None, FOR_EVER), "ends", "no complete answer"),
    "not reachable": (("refuse", None, FOR_EVER), "ends", "cannot be reached"),
    "the answer breaks off, once": (("reset_mid_body", None, 1), "goes on", ""),
    "429 with Retry-After, once": (("answer_before", LIMIT_FOR, 1), "goes on", ""),
    "429 without Retry-After, once": (("answer_before", LIMIT, 1), "goes on", ""),
    "another encoding": (("answer_before", LATIN, 1), "ends", "reading orders"),
}
WRITE_FAULTS: Mapping[str, tuple[Way, Outcome, str]] = {
    "time-out after the work": (("timeout_after", None, 1), "goes on", ""),
    "502 after the work": (("answer_after", GATEWAY, 1), "goes on", ""),
    "429 without Retry-After": (("answer_before", LIMIT, 1), "goes on", ""),
    "time-out before the work": (("timeout_before", None, 1), "goes on", ""),
    "not reachable, once": (("refuse", None, 1), "goes on", ""),
    "the answer breaks off after the work": (("reset_mid_body", None, 1), "goes on", ""),
    "429 with Retry-After": (("answer_before", LIMIT_FOR, 1), "goes on", ""),
    "503 before the work": (("answer_before", DOWN, 1), "goes on", ""),
    "HTML after the work": (("answer_after", HTML, 1), "goes on", ""),
    "JSON cut off after the work": (("answer_after", HALF, 1), "goes on", ""),
}
ALL, SOME_READS, SOME_WRITES = 10, 4, 3

CALLS: Mapping[str, tuple[str, str, int]] = {
    "joor orders in": ("joor", "orders.read", ALL),
    "joor products in": ("joor", "products.read", SOME_READS),
    "joor notes": ("joor", "orders.acknowledge", SOME_WRITES),
    "joor stock": ("joor", "inventory.write", ALL),
    "joor products": ("joor", "products.create", SOME_WRITES),
    "joor customers": ("joor", "customers.write", SOME_WRITES),
    "shopify stock in": ("shopify", "ReadProducts", SOME_READS),
    "shopify orders": ("shopify", "CreateOrder", ALL),
    "shopify stock": ("shopify", "SetQuantities", SOME_WRITES),
    "shopify products": ("shopify", "SetProduct", SOME_WRITES),
    "shopify customers": ("shopify", "CreateCustomer", SOME_WRITES),
    "zedonk reports": ("zedonk", "report.CustomerList", SOME_READS),
    "oms stock in": ("oms_generic", "stock.read", SOME_READS),
    "oms orders": ("oms_generic", "order.create", ALL),
}
"""For each work, the channel and the call that fails, and how many of the faults above are tried."""

OTHERWISE: Mapping[tuple[str, str], tuple[Outcome, str]] = {
    ("joor stock", "429 without Retry-After"): ("ends", "JOOR's rate limit is reached"),
    ("joor products", "429 without Retry-After"): ("ends", "JOOR's rate limit is reached"),
    ("joor customers", "429 without Retry-After"): ("ends", "JOOR's rate limit is reached"),
    **{("joor notes", fault): ("goes on", "has not taken 3 notes on orders; the next run repeats them")
       for fault in WRITE_FAULTS},
    ("zedonk reports", "HTML in the place of data, for ever"): ("ends", "the answer has no 'code'; check report_url"),
    ("zedonk reports", "JSON cut off, for ever"): ("ends", "not whole XML"),
    **{("shopify stock in", fault): ("ends", "Shopify's answer cannot be read")
       for fault in ("HTML in the place of data, for ever", "JSON cut off, for ever")},
}  # fmt: skip
"""Where a channel behaves in another way than most."""


def _calls() -> Iterator[Row]:
    for work, (channel, operation, many) in CALLS.items():
        reads = WORKS[work].source == channel and work != "joor notes"
        for fault, (way, most, words) in list((READ_FAULTS if reads else WRITE_FAULTS).items())[:many]:
            kind, response, times = way
            run, told = OTHERWISE.get((work, fault), (most, words))
            yield Row(channel, work, fault, run, told, calls=_fails(operation, kind, response, times))


def _fails(operation: str, kind: FaultKind, response: Response | None = None, times: int = 1) -> tuple[Fault, ...]:
    return (Fault(operation, kind, times=times, response=response),)


SPECIAL: Sequence[Row] = (
    Row("joor", "joor orders in", "the token is refused", "ends", "refuses the token (HTTP 401); check token",
        calls=_fails("orders.read", "answer_before", DENIED, FOR_EVER)),
    Row("joor", "joor products in", "a v4 token expires early", "goes on",
        calls=_fails("products.read", "answer_before", DENIED)),
    Row("joor", "joor orders in, one a page", "the last page comes again and again", "goes on",
        switches={"last_page": "repeat"}),
    Row("joor", "joor orders in, one a page", "pages in another order", "goes on", switches={"sort": "newest"}),
    Row("joor", "joor orders in, by the queue", "orders are marked as exported, and the answer is lost", "ends",
        "found by their modification date (sync=0) in the next run", calls=_fails("orders.read", "timeout_after")),
    Row("joor", "joor orders in", "a state nobody has documented", "holds", "JOOR's state '2' is not known", "held",
        hand="unknown state"),
    Row("joor", "joor orders in", "its clock is 50 minutes slow", "goes on", hand="slow clock"),
    Row("shopify", "shopify orders", "THROTTLED in a 200 before a look-up", "goes on",
        calls=_fails("FindOrder", "answer_before", answers.throttled())),
    Row("shopify", "shopify orders", "THROTTLED in a 200 in the place of the work", "goes on",
        calls=_fails("CreateOrder", "answer_before", answers.throttled())),
    Row("shopify", "shopify orders", "INTERNAL_SERVER_ERROR after the work", "goes on",
        calls=_fails("CreateOrder", "answer_after", answers.internal_error())),
    Row("shopify", "shopify orders", "430, the store blocks us", "ends", "wait, then",
        calls=_fails("CreateOrder", "answer_before", answers.blocked_430(), FOR_EVER)),
    Row("shopify", "shopify orders", "402, the store is frozen", "ends", "owner has to",
        calls=_fails("CreateOrder", "answer_before", answers.frozen_402(), FOR_EVER)),
    Row("shopify", "shopify orders", "423, the store is locked", "ends", "support",
        calls=_fails("CreateOrder", "answer_before", answers.locked_423(), FOR_EVER)),
    Row("shopify", "shopify orders", "the token expires early", "goes on",
        calls=_fails("FindOrder", "answer_before", answers.unauthorized())),
    Row("shopify", "shopify orders", "tokens last one second", "goes on", switches={"token_lifetime": 1}),
    Row("shopify", "shopify orders", "access is taken away", "ends", "check the app",
        calls=_fails("FindOrder", "answer_before", answers.unauthorized(), FOR_EVER)),
    Row("shopify", "shopify orders", "the secret was rotated", "ends", "check client_id, client_secret, shop",
        calls=_fails("oauth.token", "answer_before", Response(400, {}, b"invalid_client"), FOR_EVER)),
    Row("shopify", "shopify orders", "time-out after the work, and search lags ten minutes", "goes on",
        calls=_fails("CreateOrder", "timeout_after"), switches={"search_delay": 600.0}),
    Row("shopify", "shopify orders", "time-out after the work, and identifiers lag half a minute", "goes on",
        calls=_fails("CreateOrder", "timeout_after"), switches={"identifier_delay": 30.0}),
    Row("shopify", "shopify orders", "time-out after the work, and copies are not refused", "goes on",
        calls=_fails("CreateOrder", "timeout_after"), switches={"duplicate_external_id": "accepted"}),
    Row("shopify", "shopify stock", "a sale between reading and writing", "goes on", hand="sale"),
    Row("shopify", "shopify stock in, in bulk", "the operation fails", "goes on", hand="bulk failed"),
    Row("shopify", "shopify stock in, in bulk", "the operation never ends", "goes on", hand="bulk stuck"),
    Row("shopify", "shopify stock in, in bulk", "the file is cut short", "goes on", hand="bulk cut"),
    Row("zedonk", "zedonk files in", "an export is half written", "goes on", hand="half-written export"),
    Row("zedonk", "zedonk files in", "an export is cut off", "ends", "breaks off in its last line", hand="cut export"),
    Row("zedonk", "zedonk files in", "an export is empty", "ends", "it has not even headings", hand="empty export"),
    Row("zedonk", "zedonk files in", "the exports have vanished", "ends", "have it exported", hand="vanished exports"),
    Row("zedonk", "zedonk files in", "files are in Windows' encoding", "goes on", switches={"encoding": "cp1252"}),
    Row("zedonk", "zedonk files in", "columns in another order", "goes on", switches={"column_order": "profile"}),
    Row("zedonk", "zedonk reports", "the password is refused, in a 200", "ends", "code 401",
        calls=_fails("report.CustomerList", "answer_before",
                     Response(200, {}, b"<x><code>401</code><message>no</message></x>"), FOR_EVER)),
    Row("zedonk", "zedonk orders", "a file vanishes before it is imported", "goes on", "no longer to be found", "held",
        hand="vanished order"),
    Row("zedonk", "zedonk orders", "a result is lost", "goes on", switches={"results": "missing"}),
    Row("zedonk", "zedonk orders", "the SFTP server refuses to write, once", "goes on", hand="sftp write refuse"),
    Row("zedonk", "zedonk orders", "no permission to write", "ends", "is not permitted to",
        hand="sftp write permission"),
    Row("zedonk", "zedonk orders", "the connection is lost in the middle of a file", "goes on",
        hand="sftp write lose_before"),
    Row("zedonk", "zedonk orders", "the connection is lost after a file got its name", "goes on",
        hand="sftp rename lose_after"),
    Row("zedonk", "zedonk orders", "another host key", "refuses", "host key", hand="wrong host key"),
    Row("oms_generic", "oms orders", "the key is refused", "ends", "check what [connections.to.values] says",
        calls=_fails("order.create", "answer_before", DENIED, FOR_EVER)),
    Row("oms_generic", "oms orders", "time-out after the work, and copies are not refused", "goes on",
        calls=_fails("order.create", "timeout_after"), switches={"duplicates": "accepted"}),
)  # fmt: skip

ROWS: Sequence[Row] = (*_calls(), *SPECIAL)

NOT_HERE: Sequence[tuple[str, str, str]] = (
    ("JOOR", "THROTTLED in a 200", "JOOR answers 429"),
    ("JOOR", "a slow index", "JOOR has no search: orders are read by the day they were changed, with an overlap"),
    ("JOOR", "a stale write", "JOOR compares nothing with what was there before; the last figure counts"),
    ("JOOR, Shopify", "half-written and vanished files, SFTP", "no files are exchanged"),
    ("Shopify", "its clock is slow or fast", "the next reading goes on from Shopify's own time, never from ours"),
    ("Shopify", "pages twice or in another order", "pages are followed by cursors; what comes twice counts once"),
    (
        "Zedonk",
        "429, THROTTLED, a slow index, a stale write",
        "files have none of them; of the reports no limit is known",
    ),
    ("Zedonk", "an expired token", "its credentials have no time of their own"),
    ("Zedonk", "unknown words", "columns that decide something hold yes or no; anything else holds the record"),
    (
        "an OMS",
        "an unknown state, expired tokens",
        "they depend on the system: each profile says what it knows, and is tried with its own samples",
    ),
)
"""Channel, fault, and why it is not in the table."""
