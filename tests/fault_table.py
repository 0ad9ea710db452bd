"""What can go wrong at each channel, what a run does about it, and what a person is told: data for tests and manual.

Each channel has every fault of `FAULTS` in at least one row, or is in `NOT_HERE` with the reason why it cannot have it;
and faults of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta

from orderweft.testing import Fault, FaultKind, Response
from orderweft_shopify.simulator import answers

from .fault_words import Answer, Course, Kin, Row

FOR_EVER = 10_000

HTML = Response(200, {"content-type": "text/html"}, b"<html><body>Please sign in to the hotel's Wi-Fi</body></html>")
HALF = Response(200, {"content-type": "application/json"}, b'{"code": 200, "data": [{"id": 9000001, "cust')
HALF_XML = Response(200, {"content-type": "text/xml"}, b"<x><code>200</code><Data><Reports><Customer_x0020_Na")
LATIN = Response(200, {"content-type": "application/json"}, '{"name": "Esimerkki N\u00e4ytekatu"}'.encode("latin-1"))
DOWN = Response(503, {"content-type": "text/html"}, b"<html>Service Unavailable</html>")
GATEWAY = Response(502, {"content-type": "text/html"}, b"<html>Bad Gateway</html>")
LIMIT = Response(429, {"content-type": "application/json"}, b'{"message": "Too many requests"}')
LIMIT_FOR = Response(429, {"content-type": "application/json", "retry-after": "30"}, b'{"message": "Too many"}')
LIMIT_FOR_MS = Response(429, {"x-skubana-quota-retryafter": "4000"})
LIMIT_IN_BODY = Response.of_json({"success_code": False, "error_code": "RateLimit", "message": "slow down"})
DENIED = Response(401, {"content-type": "application/json"}, b'{"message": "Invalid token"}')
ONE_FIELD = Response.of_json({
    "data": {"products": None},
    "errors": [{"message": "Access denied for inventoryItem field.", "path": ["products", "nodes", 0, "inventoryItem"],
                "extensions": {"code": "ACCESS_DENIED"}}],
})  # fmt: skip

Way = tuple[FaultKind, Response | None, int]
Known = tuple[Kin, Way, Answer, Course, str]
"""A fault as it goes at most channels."""

READ_FAULTS: Mapping[str, Known] = {
    "no answer, once": ("time-out before commit", ("timeout_before", None, 1), "Page", "goes on", ""),
    "503, for ever": ("of its own", ("answer_before", DOWN, FOR_EVER), "UnavailableError", "ends", "HTTP 503"),
    "HTML in the place of data, for ever": (
        "HTML body", ("answer_before", HTML, FOR_EVER), "UnavailableError", "ends", "complete JSON"),
    "JSON cut off, for ever": (
        "truncated JSON", ("answer_before", HALF, FOR_EVER), "UnavailableError", "ends", "complete JSON"),
    "no answer, for ever": (
        "of its own", ("timeout_before", None, FOR_EVER), "UnavailableError", "ends", "no complete answer"),
    "not reachable": ("of its own", ("refuse", None, FOR_EVER), "UnavailableError", "ends", "cannot be reached"),
    "the answer breaks off, once": ("reset mid-body", ("reset_mid_body", None, 1), "Page", "goes on", ""),
    "429 with Retry-After, once": (
        "429 with Retry-After", ("answer_before", LIMIT_FOR, 1), "Page", "goes on", ""),
    "429 without Retry-After, once": (
        "429 without Retry-After", ("answer_before", LIMIT, 1), "Page", "goes on", ""),
    "another encoding, for ever": (
        "wrong encoding", ("answer_before", LATIN, FOR_EVER), "UnavailableError", "ends", "complete JSON"),
}  # fmt: skip
WRITE_FAULTS: Mapping[str, Known] = {
    "time-out after the work": ("time-out after commit", ("timeout_after", None, 1), "Unknown", "goes on", ""),
    "502 after the work": ("5xx after commit", ("answer_after", GATEWAY, 1), "Unknown", "goes on", ""),
    "429 without Retry-After": ("429 without Retry-After", ("answer_before", LIMIT, 1), "NotSent", "goes on", ""),
    "time-out before the work": ("time-out before commit", ("timeout_before", None, 1), "Unknown", "goes on", ""),
    "not reachable, once": ("of its own", ("refuse", None, 1), "NotSent", "goes on", ""),
    "the answer breaks off after the work": ("reset mid-body", ("reset_mid_body", None, 1), "Unknown", "goes on", ""),
    "429 with Retry-After": ("429 with Retry-After", ("answer_before", LIMIT_FOR, 1), "NotSent", "goes on", ""),
    "503 before the work": ("of its own", ("answer_before", DOWN, 1), "Unknown", "goes on", ""),
    "HTML after the work": ("HTML body", ("answer_after", HTML, 1), "Unknown", "goes on", ""),
    "JSON cut off after the work": ("truncated JSON", ("answer_after", HALF, 1), "Unknown", "goes on", ""),
}
SOME_READS = ("no answer, once", "503, for ever", "HTML in the place of data, for ever", "JSON cut off, for ever")
SOME_WRITES = ("time-out after the work", "502 after the work", "429 without Retry-After")
_WRONG = "another encoding, for ever"

CALLS: Mapping[str, tuple[str, str, Collection[str]]] = {
    "joor orders in": ("joor", "orders.read", tuple(READ_FAULTS)[:-1]),
    "joor products in": ("joor", "products.read", SOME_READS),
    "joor notes": ("joor", "orders.acknowledge", SOME_WRITES),
    "joor stock": ("joor", "inventory.write", WRITE_FAULTS),
    "joor products": ("joor", "products.create", SOME_WRITES),
    "joor customers": ("joor", "customers.write", SOME_WRITES),
    "shopify stock in": ("shopify", "ReadProducts", (*SOME_READS, _WRONG)),
    "shopify orders": ("shopify", "CreateOrder", WRITE_FAULTS),
    "shopify stock": ("shopify", "SetQuantities", SOME_WRITES),
    "shopify products": ("shopify", "SetProduct", SOME_WRITES),
    "shopify customers": ("shopify", "CreateCustomer", SOME_WRITES),
    "zedonk reports": (
        "zedonk", "report.CustomerList",
        (*SOME_READS[:3], "the answer breaks off, once", "429 with Retry-After, once", "429 without Retry-After, once"),
    ),
    "oms stock in": ("oms_generic", "stock.read", (*SOME_READS, _WRONG)),
    "oms orders": ("oms_generic", "order.create", WRITE_FAULTS),
}  # fmt: skip
"""For each work, the channel and the call that fails, and which of the faults above are tried."""

OTHERWISE: Mapping[tuple[str, str], tuple[Answer, Course, str]] = {
    ("joor stock", "429 without Retry-After"): ("NotSent", "ends", "JOOR's rate limit is reached"),
    ("joor products", "429 without Retry-After"): ("NotSent", "ends", "JOOR's rate limit is reached"),
    ("joor customers", "429 without Retry-After"): ("NotSent", "ends", "JOOR's rate limit is reached"),
    **{("joor notes", fault): (answer, "goes on", "has not taken 3 notes on orders; the next run repeats them")
       for fault, (_, _, answer, _, _) in WRITE_FAULTS.items()},
    **{("shopify stock", fault): ("Accepted", "goes on", "") for fault in SOME_WRITES},
    ("zedonk reports", "HTML in the place of data, for ever"):
        ("UnavailableError", "ends", "the answer has no 'code'; check report_url"),
    **{("shopify stock in", fault): ("UnavailableError", "ends", "Shopify's answer cannot be read")
       for fault in ("HTML in the place of data, for ever", "JSON cut off, for ever", _WRONG)},
}  # fmt: skip
"""Where a channel behaves in another way than most."""


def _calls() -> Iterator[Row]:
    for work, (channel, operation, faults) in CALLS.items():
        known = READ_FAULTS if READ_FAULTS.keys() & faults else WRITE_FAULTS
        for fault in faults:
            kin, (kind, response, times), answer, run, told = known[fault]
            answer, run, told = OTHERWISE.get((work, fault), (answer, run, told))
            yield Row(channel, work, kin, fault, answer, run, told, calls=_fails(operation, kind, response, times))


def _fails(operation: str, kind: FaultKind, response: Response | None = None, times: int = 1) -> tuple[Fault, ...]:
    return (Fault(operation, kind, times=times, response=response),)


SPECIAL: Sequence[Row] = (
    Row("joor", "joor orders in", "rotated token", "the token is replaced", "AuthenticationError", "ends",
        "refuses the token (HTTP 401); check token", hand="rotation"),
    Row("joor", "joor orders in", "of its own", "the token is refused for a while", "AuthenticationError", "ends",
        "refuses the token (HTTP 401); check token", calls=_fails("orders.read", "answer_before", DENIED, FOR_EVER)),
    Row("joor", "joor products in", "expired token", "a v4 token expires early", "Page", "goes on",
        calls=_fails("products.read", "answer_before", DENIED)),
    Row("joor", "joor orders in, one a page", "duplicate pages", "the last page comes again and again", "Page",
        "goes on",
        switches={"last_page": "repeat"}),
    Row("joor", "joor orders in, one a page", "reordered pages", "the newest come first", "Page", "goes on",
        switches={"sort": "newest"}),
    Row("joor", "joor orders in, by the queue", "of its own", "orders are marked as exported, and the answer is lost",
        "UnavailableError", "ends", "found by their modification date (sync=0) in the next run",
        calls=_fails("orders.read", "timeout_after")),
    Row("joor", "joor orders in", "unknown enum", "a state nobody has documented", "Unread", "holds",
        "JOOR's state '2' is not known", "held", hand="unknown state"),
    Row("joor", "joor orders in", "clock skew", "its clock is 50 minutes slow", "Page", "goes on",
        ahead=timedelta(minutes=-50)),
    Row("joor", "joor orders in", "clock skew", "its clock is 50 minutes fast", "Page", "goes on",
        ahead=timedelta(minutes=50)),
    Row("joor", "joor orders in", "wrong encoding", "a name in Latin-1", "Unread", "holds",
        "unable to parse raw data as a unicode string",
        hand="a name in Latin-1"),
    Row("shopify", "shopify orders", "THROTTLED", "THROTTLED in a 200 before a look-up", "Accepted", "goes on",
        calls=_fails("FindOrder", "answer_before", answers.throttled())),
    Row("shopify", "shopify orders", "THROTTLED", "THROTTLED in a 200 in the place of the work", "NotSent", "goes on",
        calls=_fails("CreateOrder", "answer_before", answers.throttled())),
    Row("shopify", "shopify orders", "5xx after commit", "INTERNAL_SERVER_ERROR after the work", "Unknown", "goes on",
        calls=_fails("CreateOrder", "answer_after", answers.internal_error())),
    Row("shopify", "shopify orders", "of its own", "430, the store blocks us", "NotSent", "ends", "wait, then",
        calls=_fails("CreateOrder", "answer_before", answers.blocked_430(), FOR_EVER)),
    Row("shopify", "shopify orders", "of its own", "402, the store is frozen", "NotSent", "ends", "owner has to",
        calls=_fails("CreateOrder", "answer_before", answers.frozen_402(), FOR_EVER)),
    Row("shopify", "shopify orders", "of its own", "423, the store is locked", "NotSent", "ends", "support",
        calls=_fails("CreateOrder", "answer_before", answers.locked_423(), FOR_EVER)),
    Row("shopify", "shopify orders", "expired token", "the token expires early", "Accepted", "goes on",
        calls=_fails("FindOrder", "answer_before", answers.unauthorized())),
    Row("shopify", "shopify orders", "expired token", "tokens last one second", "Accepted", "goes on",
        switches={"token_lifetime": 1}),
    Row("shopify", "shopify orders", "of its own", "access is taken away", "AuthenticationError", "ends",
        "check the app",
        calls=_fails("FindOrder", "answer_before", answers.unauthorized(), FOR_EVER)),
    Row("shopify", "shopify orders", "rotated token", "the secret is replaced", "AuthenticationError", "ends",
        "check client_id, client_secret, shop", hand="rotation"),
    Row("shopify", "shopify orders", "slow index", "time-out after the work, and search lags ten minutes", "Unknown",
        "goes on", calls=_fails("CreateOrder", "timeout_after"), switches={"search_delay": 600.0}),
    Row("shopify", "shopify orders", "slow index", "time-out after the work, and identifiers lag half a minute",
        "Unknown",
        "goes on", calls=_fails("CreateOrder", "timeout_after"), switches={"identifier_delay": 30.0}),
    Row("shopify", "shopify orders", "time-out after commit", "time-out after the work, and copies are not refused",
        "Unknown", "goes on", calls=_fails("CreateOrder", "timeout_after"),
        switches={"duplicate_external_id": "accepted"}),
    Row("shopify", "shopify orders", "of its own", "five new orders a minute, told as a user error", "NotSent",
        "goes on",
        switches={"order_limit": "user_error"}, hand="seven orders"),
    Row("shopify", "shopify orders", "of its own", "five new orders a minute, told beside the data", "NotSent",
        "goes on",
        switches={"order_limit": "top_level"}, hand="seven orders"),
    Row("shopify", "shopify orders in", "unknown enum", "a state of fulfillment nobody has documented", "Page",
        "goes on",
        hand="unknown fulfillment"),
    Row("shopify", "shopify orders in", "clock skew", "its clock is 50 minutes slow", "Page", "goes on",
        ahead=timedelta(minutes=-50)),
    Row("shopify", "shopify orders in", "clock skew", "its clock is 50 minutes fast", "Page", "goes on",
        ahead=timedelta(minutes=50)),
    Row("shopify", "shopify stock", "stale write", "a sale between reading and writing", "Accepted", "goes on",
        hand="sale"),
    Row("shopify", "shopify stock", "of its own", "the location is deactivated", "Refused", "holds",
        "the store has no active location 'London'", hand="deactivated location"),
    Row("shopify", "shopify stock in", "of its own", "ACCESS_DENIED on one field", "AuthenticationError", "ends",
        "give the app that access", calls=_fails("ReadProducts", "answer_before", ONE_FIELD, FOR_EVER)),
    Row("shopify", "shopify orders in, two a page", "duplicate pages", "an order comes on two pages", "Page", "goes on",
        hand="order twice"),
    Row("shopify", "shopify orders in, two a page", "duplicate pages", "a page comes again and again",
        "UnavailableError",
        "ends", "Shopify's pages do not go on", hand="page again"),
    Row("shopify", "shopify orders in, two a page", "reordered pages", "each page is in another order", "Page",
        "goes on", hand="orders reversed"),
    Row("shopify", "shopify stock in, in bulk", "of its own", "the operation fails", "Page", "goes on",
        hand="bulk failed"),
    Row("shopify", "shopify stock in, in bulk", "of its own", "the operation is EXPIRED", "Page", "goes on",
        hand="bulk expired"),
    Row("shopify", "shopify stock in, in bulk", "of its own", "the operation never ends", "Page", "goes on",
        hand="bulk stuck"),
    Row("shopify", "shopify stock in, in bulk", "truncated JSON", "the file is cut short", "Page", "goes on",
        hand="bulk cut"),
    Row("shopify", "shopify stock in, in bulk", "of its own", "the file has an error in the place of a row", "Page",
        "goes on", hand="bulk row error"),
    Row("zedonk", "zedonk files in", "of its own", "an export is half written", "Page", "goes on",
        hand="half-written export"),
    Row("zedonk", "zedonk files in", "truncated JSON", "an export is cut off", "UnavailableError", "ends",
        "breaks off in its last line", hand="cut export"),
    Row("zedonk", "zedonk files in", "of its own", "an export is empty", "UnavailableError", "ends",
        "it has not even headings", hand="empty export"),
    Row("zedonk", "zedonk files in", "of its own", "the exports have vanished", "UnavailableError", "ends",
        "have it exported", hand="vanished exports"),
    Row("zedonk", "zedonk files in", "wrong encoding", "files are in Windows' encoding", "Page", "goes on",
        switches={"encoding": "cp1252"}),
    Row("zedonk", "zedonk files in", "of its own", "columns in another order", "Page", "goes on",
        switches={"column_order": "profile"}),
    Row("zedonk", "zedonk files in", "duplicate pages", "an older export lies beside the new one", "Page", "goes on",
        switches={"old_exports": "kept"}, hand="exported twice"),
    Row("zedonk", "zedonk files in", "clock skew", "its clock is eight days slow", "UnavailableError", "ends",
        "older than max_age_hours = 168", ahead=timedelta(days=-8)),
    Row("zedonk", "zedonk files in", "clock skew", "its clock is 50 minutes fast", "Page", "goes on",
        ahead=timedelta(minutes=50)),
    Row("zedonk", "zedonk files in", "unknown enum", "a flag is neither yes nor no", "Unread", "holds",
        "neither true nor false", hand="unknown flag"),
    Row("zedonk", "zedonk reports", "of its own", "the password is refused, in a 200", "AuthenticationError", "ends",
        "code 401", calls=_fails("report.CustomerList", "answer_before",
                                 Response(200, {}, b"<x><code>401</code><message>no</message></x>"), FOR_EVER)),
    Row("zedonk", "zedonk reports", "truncated JSON", "XML cut off, for ever", "UnavailableError", "ends",
        "not whole XML",
        calls=_fails("report.CustomerList", "answer_before", HALF_XML, FOR_EVER)),
    Row("zedonk", "zedonk reports", "rotated token", "the password is replaced", "AuthenticationError", "ends",
        "check username, the password for reports and key", hand="rotation"),
    Row("zedonk", "zedonk orders", "of its own", "a file vanishes before it is imported", "Accepted", "goes on",
        "no longer to be found", "held", hand="vanished order"),
    Row("zedonk", "zedonk orders", "of its own", "a result is lost", "Accepted", "goes on",
        switches={"results": "missing"}),
    Row("zedonk", "zedonk orders", "of its own", "the SFTP server refuses to write, once", "NotSent", "goes on",
        hand="sftp write refuse"),
    Row("zedonk", "zedonk orders", "of its own", "no permission to write", "AuthenticationError", "ends",
        "is not permitted to", hand="sftp write permission"),
    Row("zedonk", "zedonk orders", "reset mid-body", "the connection is lost in the middle of a file", "NotSent",
        "goes on", hand="sftp write lose_before"),
    Row("zedonk", "zedonk orders", "time-out after commit", "the connection is lost after a file got its name",
        "NotSent", "goes on", hand="sftp rename lose_after"),
    Row("zedonk", "zedonk orders", "of its own", "another host key", "SettingsError", "refuses", "host key",
        hand="wrong host key"),
    Row("oms_generic", "oms orders", "rotated token", "the key is replaced", "AuthenticationError", "ends",
        "check what [connections.to.values] says", hand="rotation"),
    Row("oms_generic", "oms orders", "of its own", "the key is refused for a while", "AuthenticationError", "ends",
        "check what [connections.to.values] says", calls=_fails("order.create", "answer_before", DENIED, FOR_EVER)),
    Row("oms_generic", "oms orders", "time-out after commit", "time-out after the work, and copies are not refused",
        "Unknown", "goes on", calls=_fails("order.create", "timeout_after"), switches={"duplicates": "accepted"}),
    Row("oms_generic", "oms orders, settled late", "slow index",
        "time-out after the work, and look-ups lag ten minutes", "Unknown",
        "goes on", calls=_fails("order.create", "timeout_after"), switches={"find_delay": 600.0}),
    Row("oms_generic", "cartrover orders", "THROTTLED", "RateLimit in a 200 in the place of the work", "NotSent",
        "goes on", calls=_fails("order.create", "answer_before", LIMIT_IN_BODY)),
    Row("oms_generic", "skubana orders", "429 with Retry-After", "429 with the wait in milliseconds", "NotSent",
        "goes on", calls=_fails("order.create", "answer_before", LIMIT_FOR_MS)),
    Row("oms_generic", "skubana orders in", "unknown enum", "a state nobody has documented", "Unread", "holds",
        "status", hand="unknown order state"),
    Row("oms_generic", "skubana stock in", "duplicate pages", "a row comes on two pages", "Page", "goes on",
        hand="row twice"),
    Row("oms_generic", "skubana stock in", "reordered pages", "each page is in another order", "Page", "goes on",
        hand="rows reversed"),
    Row("oms_generic", "netsuite orders", "expired token", "all tokens expire before the work", "Accepted", "goes on",
        hand="expired tokens"),
    Row("oms_generic", "netsuite orders", "clock skew", "its clock is four minutes slow", "Accepted", "goes on",
        ahead=timedelta(minutes=-4)),
    Row("oms_generic", "netsuite orders", "clock skew", "its clock is 50 minutes slow", "AuthenticationError", "ends",
        "and this machine's clock", ahead=timedelta(minutes=-50)),
    Row("oms_generic", "netsuite orders", "clock skew", "its clock is 50 minutes fast", "AuthenticationError", "ends",
        "and this machine's clock", ahead=timedelta(minutes=50)),
    Row("oms_generic", "netsuite orders", "of its own", "overload that looks like a refused sign-in, once", "Accepted",
        "goes on", calls=_fails("order.upsert", "answer_before", DENIED)),
)  # fmt: skip

ROWS: Sequence[Row] = (*_calls(), *SPECIAL)

NOT_HERE: Sequence[tuple[str, Kin, str]] = (
    ("joor", "THROTTLED", "JOOR answers 429; it has no such word"),
    ("joor", "slow index", "JOOR has no search: orders are read by the day they were changed, with an overlap"),
    ("joor", "stale write", "JOOR compares nothing with what was there before; the last figure counts"),
    ("zedonk", "THROTTLED", "a report tells its code only, and no limit of its calls is known"),
    ("zedonk", "5xx after commit", "nothing is written by calls: orders are handed over as files"),
    ("zedonk", "slow index", "nothing is searched: what became of a file stands in a file of its own"),
    ("zedonk", "stale write", "an order file compares nothing with what was there before"),
    ("zedonk", "expired token", "its credentials have no time of their own"),
    ("zedonk", "reordered pages", "a report and an export have no pages: each comes whole"),
    ("oms_generic", "stale write", "none of the systems compares with what was there before; the last figure counts"),
)
"""Channel, fault, and why it cannot have it."""
