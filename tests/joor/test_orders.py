"""Reading JOOR's orders, telling JOOR about them and looking them up: by hand and against JOOR in memory."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orderweft_joor
import pytest
from jsonschema import Draft202012Validator
from orderweft import (
    Acknowledgement,
    AuthenticationError,
    Connection,
    Fetched,
    Http,
    Limits,
    OrderQuery,
    Outcome,
    Page,
    Receipt,
    SettingsError,
    UnavailableError,
)
from orderweft.testing import (
    ConnectionLost,
    ConnectionRefused,
    FakeClock,
    Fault,
    FaultKind,
    Faulty,
    Request,
    Response,
    SimulatorServer,
)
from orderweft_joor import Settings
from orderweft_joor.simulator import Simulator
from pydantic import ValidationError

from .test_mapping import row, row_with_line

NOW = FakeClock().now()
SIGN_IN = {"client_id": "id", "client_secret": "hush", "username": "kim", "password": "p w&d"}
V4 = {"account_id": "77", **SIGN_IN}
Handler = Callable[[Request], Response]


def connect(handler: Handler, **settings: Any) -> Connection[Settings]:
    clock = FakeClock()
    checked = Settings.model_validate({"token": "s3cret-token", **settings})
    http = Http(checked.service_url, clock=clock, limits=Limits(), handler=handler)
    return Connection("joor", "joor", checked, http, clock)


def fetch(connection: Connection[Settings], **query: Any) -> list[Page]:
    return list(orderweft_joor.fetch_orders(connection, OrderQuery(**query)))


def items(pages: Sequence[Page]) -> dict[str, Fetched]:
    return {item.id: item for page in pages for item in page.items}


def rows(number: int, **fields: Any) -> list[dict[str, Any]]:
    return [row(order_id=index + 1, **fields) for index in range(number)]


def envelope(orders: Any, **response: Any) -> Response:
    return Response.of_json({"response": {"code": 0, "comment": "", **response}, "orders": orders})


class Joor:
    """Pages through *orders*; *end* makes `next_start`; *change* may alter the list before call number n."""

    def __init__(
        self,
        orders: list[dict[str, Any]],
        *,
        end: Callable[[int, int, int], Any] = lambda start, shown, total: (
            start + shown if start + shown < total else ""
        ),
        cap: int = 1000,
        change: Callable[[int, list[dict[str, Any]]], None] = lambda call, orders: None,
    ) -> None:
        self.orders, self.end, self.cap, self.change = orders, end, cap, change
        self.requests: list[Request] = []

    def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        self.change(len(self.requests), self.orders)
        start, count = int(request.query.get("start_from", "0")), int(request.query["count"])
        page = self.orders[start : start + min(count, self.cap)]
        following = self.end(start, len(page), len(self.orders))
        extra = {} if following is None else {"next_start": following}
        return envelope(page or "", start_from=start, **extra)


# Reading by modification date


def test_reading_marks_nothing_and_is_signed_as_documented() -> None:
    """Orders are asked for with sync=0, the encoded token, a content type and a window of modification dates."""
    joor = Joor(rows(1))
    fetch(connect(joor), bookmark=None)
    request = joor.requests[0]
    assert request.path == "/v2/order/"
    assert request.query == {
        "sync": "0",
        "order_type": "8",
        "date_start": "2026-10-03T09:00:00.0Z",
        "date_end": "2026-11-03T09:00:00.0Z",
        "start_from": "0",
        "count": "50",
    }
    assert request.headers["authorization"] == "OAuth2 " + base64.b64encode(b"s3cret-token").decode()
    assert request.headers["content-type"] == "application/json"


ENDS: dict[str, Callable[[int, int, int], Any]] = {
    "absent": lambda start, shown, total: start + shown if start + shown < total else None,
    "zero": lambda start, shown, total: start + shown if start + shown < total else 0,
    "empty": lambda start, shown, total: str(start + shown) if start + shown < total else "",
    "same": lambda start, shown, total: start + shown if start + shown < total else start,
    "beyond the end": lambda start, shown, total: start + shown,
    "never sent": lambda start, shown, total: None,
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("total", [0, 1, 9, 10, 11, 20, 25])
def test_every_form_of_the_last_page_ends_the_window(end: Callable[[int, int, int], Any], total: int) -> None:
    """However JOOR marks the last page, all orders are read once through and the bookmark reaches the end."""
    joor = Joor(rows(total, date_modified="2026-11-01T12:00:00+00:00"), end=end)
    pages = fetch(connect(joor, page_size=10))
    assert len(items(pages)) == total
    reached = NOW - timedelta(hours=21) if total else NOW - timedelta(days=30)
    assert json.loads(pages[-1].bookmark or "") == {"to": reached.isoformat()}
    assert len(joor.requests) <= total // 10 + 3


def test_pages_smaller_than_asked_for_lose_nothing() -> None:
    """A JOOR that gives fewer orders than asked for is read to the end."""
    assert len(items(fetch(connect(Joor(rows(30), cap=7), page_size=20)))) == 30


@pytest.mark.parametrize("page_size", [1, 2, 5])
@pytest.mark.parametrize("dropped", [1, 2, 3, 4, 7])
def test_orders_that_leave_the_window_hide_no_other(page_size: int, dropped: int) -> None:
    """Orders modified while they are paged through drop out, and the ones behind them are still all read."""

    def change(call: int, orders: list[dict[str, Any]]) -> None:
        if call == 3:
            del orders[:dropped]

    found = items(fetch(connect(Joor(rows(20), change=change), page_size=page_size)))
    assert set(found) >= {str(number) for number in range(dropped + 1, 21)}


def test_endless_movement_is_given_up() -> None:
    """When orders move faster than they can be read, reading stops with a sentence instead of going on for ever."""

    def change(call: int, orders: list[dict[str, Any]]) -> None:
        orders[:] = [row(order_id=call * 100 + index) for index in range(20)]

    joor = Joor([], change=change)
    with pytest.raises(UnavailableError, match=r"joor: orders change faster .* page_size"):
        fetch(connect(joor, page_size=5))
    assert len(joor.requests) < 20


def test_a_server_that_repeats_its_first_page_is_noticed() -> None:
    """A JOOR that ignores where a page is to start does not pass for one that has no more orders."""
    with pytest.raises(UnavailableError, match="page_size"):
        fetch(connect(lambda request: envelope(rows(5), next_start=5), page_size=5))


@pytest.mark.parametrize("stored", range(5))
def test_a_run_that_stops_between_pages_is_taken_up_again(stored: int) -> None:
    """From any page's bookmark on, another run reads all that was not stored."""
    connection = connect(Joor(rows(20)), page_size=4)
    first = fetch(connection)[: stored + 1]
    second = fetch(connection, bookmark=first[-1].bookmark)
    assert len(items([*first, *second])) == 20
    assert json.loads(second[-1].bookmark or "").keys() == {"to"}


def test_the_next_window_overlaps_the_last() -> None:
    """A new run reaches back behind the newest order read, by the overlap."""
    joor = Joor([row(date_modified="2026-11-02T08:30:00+00:00"), row(order_id=2, date_modified="2026-11-01T00:00:00Z")])
    connection = connect(joor, overlap_minutes=90)
    bookmark = fetch(connection)[-1].bookmark
    connection.clock.sleep(3600)
    fetch(connection, bookmark=bookmark)
    assert joor.requests[-1].query["date_start"] == "2026-11-02T07:00:00.0Z"
    assert joor.requests[-1].query["date_end"] == "2026-11-03T10:00:00.0Z"


def test_a_wrong_clock_of_ours_loses_nothing() -> None:
    """The next window begins at JOOR's own dates, however far ahead our clock is, and looks a day beyond it."""
    joor = Joor([row(date_modified="2026-11-02T08:30:00+00:00")])
    connection = connect(joor, overlap_minutes=60)
    connection.clock.sleep(5 * 86400)
    bookmark = fetch(connection)[-1].bookmark
    fetch(connection, bookmark=bookmark)
    assert joor.requests[-1].query["date_start"] == "2026-11-02T07:30:00.0Z"
    assert fetch(connect(Joor([]), overlap_minutes=60), bookmark=bookmark)[-1].bookmark == bookmark


def test_an_answer_that_is_no_list_is_not_taken_for_an_empty_one() -> None:
    """A sentence or an empty envelope instead of orders ends the reading, and the bookmark stays."""
    for answer in ("Service temporarily unavailable", {}, {"message": "?"}):
        response = Response.of_json({"response": answer})
        with pytest.raises(UnavailableError):
            fetch(connect(lambda request: response))  # noqa: B023  it is called at once


def test_an_order_is_read_again_from_its_payload() -> None:
    """What could not be read is read from what was stored, under other settings."""
    pack = row_with_line(item_multiplier="6", item_quantity=12, item_price=46, item_price_extended="552.00")
    (held,) = fetch(connect(Joor([pack])))[0].items
    assert held.order is None
    again = orderweft_joor.reread_order(connect(Joor([]), case_packs="units"), held.payload or "")
    assert again.order is not None
    assert (again.id, again.order.lines[0].quantity) == (held.id, 12)


def test_a_given_date_leaves_the_bookmark_alone() -> None:
    """Reading since a date starts exactly there and gives no bookmark."""
    joor = Joor(rows(12))
    pages = fetch(connect(joor, page_size=5), bookmark="not read", since=NOW - timedelta(days=400))
    assert joor.requests[0].query["date_start"] == "2025-09-28T09:00:00.0Z"
    assert len(items(pages)) == 12
    assert {page.bookmark for page in pages} == {None}


def test_one_number_gives_that_order_only() -> None:
    """Asking for a number gives the order of exactly that number, if it is there."""
    connection = connect(Joor(rows(12)), page_size=5)
    assert list(items(fetch(connection, number="1"))) == ["1"]
    assert list(items(fetch(connection, number="11"))) == ["11"]
    assert fetch(connection, number="99") == []


def test_an_unreadable_bookmark_says_what_to_do() -> None:
    """A bookmark that is not ours asks for a run since a date."""
    with pytest.raises(SettingsError, match="--since"):
        fetch(connect(Joor([])), bookmark="{}")


# What is taken and what is left out


@pytest.mark.parametrize(
    ("setting", "taken"),
    [
        ("notes", {6}),
        ("approved_shipped", {4, 5}),
        ("pending", {3}),
        ("all", {1, 3, 4, 5, 6}),
        ("cancelled", {0}),
        ("approved", {4}),
        ("shipped", {5}),
    ],
)
def test_order_status_chooses_by_the_right_code_set(setting: str, taken: set[int]) -> None:
    """All orders are asked for, so that a cancellation is heard of; they are chosen by the state numbers."""
    joor = Joor([row(order_id=100 + state, order_type=state) for state in (0, 1, 3, 4, 5, 6)])
    found = items(fetch(connect(joor, order_status=setting)))
    assert {int(identity) - 100 for identity, item in found.items() if item.skip is None} == taken
    assert [request.query["order_type"] for request in joor.requests] == ["8"]


@pytest.mark.parametrize(
    ("fields", "settings", "sentence"),
    [
        ({"order_type": 3}, {}, "It is Pending in JOOR; this pipeline takes Approved."),
        ({"order_type": 0}, {"order_status": "approved_shipped"}, "It is Cancelled in JOOR; this pipeline takes "
         "Approved, Shipped."),
        ({"customer_code": "  "}, {}, "Its customer has no code in JOOR; give it one, or set "
         "skip_empty_customer_code = false and run --since."),
        ({"customer_code": ""}, {"skip_empty_customer_code": False}, None),
        ({}, {"warehouse": "EU"}, "It is assigned to warehouse 'Default' in JOOR; this pipeline takes 'EU'."),
        ({"warehouse_name": "default"}, {"warehouse": "Default"}, "It is assigned to warehouse 'default' in JOOR; "
         "this pipeline takes 'Default'."),
        ({"warehouse_code": "EU"}, {"warehouse": "EU"}, None),
        ({"warehouse_name": ""}, {"warehouse": "EU"}, None),
        ({}, {"warehouse": " "}, None),
    ],
    ids=[
        "state", "states", "no customer code", "no code is fine", "other warehouse",
        "compared exactly", "warehouse by code", "no warehouse", "blank loads all",
    ],
)  # fmt: skip
def test_orders_left_out_say_why(fields: dict[str, Any], settings: dict[str, Any], sentence: str | None) -> None:
    """An order the settings leave out is still shown, with one sentence that says why."""
    found = items(fetch(connect(Joor([row(**fields)]), **settings)))["9000001"]
    assert (found.skip, found.problem) == (sentence, None)
    assert found.order is not None


def test_an_unreadable_order_does_not_stop_its_page() -> None:
    """A row that cannot be read carries its problem and its raw text; its neighbors are read."""
    joor = Joor([row(order_id=1), row(order_id=2, order_total="?"), row(order_id="")])
    joor.orders.append("gone")  # type: ignore[arg-type]
    first, second, third, fourth = fetch(connect(joor))[0].items
    assert first.order is not None
    assert (second.id, second.order, second.problem) == ("2", None, "order_total: '?' is not a number")
    assert third.problem == "order_id: is missing"
    assert fourth.problem == "orders: a row is not an object"
    assert len({first.id, second.id, third.id, fourth.id}) == 4


def test_an_unwanted_order_may_be_unreadable() -> None:
    """An order that is left out and cannot be read either carries both sentences."""
    found = items(fetch(connect(Joor([row(order_type=3, order_total="?")]))))["9000001"]
    assert (found.order, found.problem) == (None, "order_total: '?' is not a number")
    assert found.skip == "It is Pending in JOOR; this pipeline takes Approved."


def test_half_a_character_does_not_stop_its_page() -> None:
    """An order with a text cut in the middle of an emoji is a problem that can be stored; its neighbors are read."""
    cut = row(order_id=1, customer_name="\ud83d")
    in_a_line = row(order_id=2)
    in_a_line["line_items"] = [in_a_line["line_items"][0] | {"item_name": "\ud83d"}]
    first, second, third = fetch(connect(lambda request: as_json({"orders": [cut, in_a_line, row()]})))[0].items
    assert (first.problem or "").startswith("name: ")
    assert (second.problem or "").startswith("line_items[0].style_name: ")
    assert third.order is not None
    assert all(item.payload and item.payload.encode() for item in (first, second, third))


def test_the_raw_order_is_kept_exactly() -> None:
    """The payload is JSON with every number as JOOR sent it, and nothing else than the order."""
    body = (
        b'{"response": {"code": 0}, "orders": [{"order_id": 9, "order_total": 10.10, "note": "\xc3\xa9", "x": 1E+2}]}'
    )
    payload = items(fetch(connect(lambda request: Response(200, {}, body))))["9"].payload
    assert payload == '{"order_id": 9, "order_total": 10.10, "note": "é", "x": 1E+2}'


@pytest.mark.parametrize(
    "document",
    [
        {"response": {"code": "0"}, "orders": [row()]},
        {"orders": {"response": {"code": 0}, "orders": [row()]}},
        {"orders": {"response": {"code": 0}, "order": row()}},
        {"get_orders": {"response": {"code": 0}, "orders": {"order": [row()]}}},
        {"response": {"code": 0, "orders": [row()]}},
        {"orders": [row()]},
    ],
    ids=["flat", "root node", "one order", "nested order", "inside the response", "no response"],
)
def test_orders_are_found_in_any_wrapping(document: dict[str, Any]) -> None:
    """The list of orders is found at the top or below, under either name, as a list or as one object."""
    assert list(items(fetch(connect(lambda request: as_json(document))))) == ["9000001"]


@pytest.mark.parametrize(
    "nothing",
    ["", [], None, {}, {"order": ""}, {"response": {"code": 0}}],
    ids=["text", "list", "null", "object", "nested", "envelope only"],
)
def test_no_orders_come_in_many_forms(nothing: Any) -> None:
    """An empty list may be empty text, a list, nothing or an empty object."""
    assert items(fetch(connect(lambda request: envelope(nothing)))) == {}


def as_json(document: Any) -> Response:
    return Response(200, {}, json.dumps(document, default=str).encode())


KNOWN_ANSWERS: list[tuple[str, Response, type[Exception], str]] = [
    ("bad token", Response(401, {}, b"Unauthorized"), AuthenticationError, "check token, and that sandbox"),
    ("forbidden", Response(403), AuthenticationError, "check token, and that sandbox"),
    ("refused in the envelope", envelope("", code=401, comment="no"), AuthenticationError, "code 401: no"),
    ("code", envelope("", code="17", comment="bad\ndate"), UnavailableError, "code 17: bad date"),
    ("code and status", Response(400, {}, envelope("", code=3, comment="why").body), UnavailableError, "code 3: why"),
    ("not found", Response(404, {}, b"<html>"), UnavailableError, "HTTP 404; check base_url"),
    ("HTML", Response(200, {}, b"<html>maintenance</html>"), UnavailableError, "not complete JSON"),
    (
        "cut off",
        Response(200, {}, b'{"response": {"code": 0}, "orders": [{"ord'),
        UnavailableError,
        "not complete JSON",
    ),
    ("something else", Response.of_json({"hello": 1}), UnavailableError, "not a list of orders"),
    ("a list", Response.of_json([1]), UnavailableError, "not a list of orders"),
    ("throttled", Response(429), UnavailableError, "429"),
    ("server error", Response(503), UnavailableError, "503"),
    ("redirect", Response(302, {"location": "https://other.example/"}), UnavailableError, "other.example"),
]


@pytest.mark.parametrize(
    ("answer", "error", "message"), [known[1:] for known in KNOWN_ANSWERS], ids=[known[0] for known in KNOWN_ANSWERS]
)
def test_every_known_answer_is_an_error_of_ours(answer: Response, error: type[Exception], message: str) -> None:
    """Each way JOOR can fail becomes the error that says what happens next, without the token."""
    with pytest.raises(error) as raised:
        fetch(connect(lambda request: answer))
    assert message in str(raised.value)
    assert "s3cret" not in str(raised.value)


# Reading JOOR's export queue


class Queue(Joor):
    """JOOR with an export queue: sync=1 marks what it shows."""

    def __init__(self, orders: list[dict[str, Any]]) -> None:
        super().__init__(orders)
        self.queue = list(orders)

    def __call__(self, request: Request) -> Response:
        if request.query["sync"] == "0":
            return super().__call__(request)
        self.requests.append(request)
        count = int(request.query["count"])
        shown, self.queue = self.queue[:count], self.queue[count:]
        return envelope(shown or "")


def syncs(joor: Joor) -> str:
    return "".join(request.query["sync"] for request in joor.requests)


def test_the_queue_is_emptied_from_its_start_and_then_checked() -> None:
    """In sync mode pages are taken from 0 until one is empty; then the same orders are read without marking."""
    joor = Queue(rows(5))
    connection = connect(joor, read_mode="sync", page_size=2)
    pages = fetch(connection, bookmark=None)
    assert syncs(joor) == "1111" + "000"
    assert {request.query["start_from"] for request in joor.requests[:4]} == {"0"}
    assert {request.query["order_type"] for request in joor.requests[:4]} == {"6"}
    assert [page.spooled for page in pages[:5]] == [(1,), (2,), (3,), (4,), ()]
    assert [page.bookmark is None for page in pages] == [True] * 4 + [False] * 3
    assert len(items(pages[:4])) == len(items(pages[4:])) == 5


def test_an_answer_is_spooled_before_anything_is_made_of_it() -> None:
    """What a sync=1 call brought is in the spool although it cannot be parsed, and later shown as a problem."""
    cut = b'{"response": {"code": 0}, "orders": [{"order_id": 12'
    connection = connect(lambda request: Response(200, {}, cut), read_mode="sync")
    with pytest.raises(UnavailableError, match="not complete JSON"):
        fetch(connection)
    assert connection.spool.pending() == [(1, cut.decode())]
    page = next(iter(orderweft_joor.fetch_orders(connection, OrderQuery(bookmark="b"))))
    assert (page.spooled, page.bookmark) == ((1,), "b")
    assert page.items[0].payload == cut.decode()
    assert (page.items[0].problem or "").startswith("answer: ")


@pytest.mark.parametrize("read_mode", ["window", "sync"])
def test_what_was_left_in_the_spool_comes_first(read_mode: str) -> None:
    """Answers of an earlier run that were not stored are yielded before anything is asked."""
    joor = Queue([])
    connection = connect(joor, read_mode=read_mode)
    connection.spool.put(envelope([row()]).text)
    connection.spool.put("<html>")
    connection.spool.put(envelope("", code=9).text)
    pages = orderweft_joor.fetch_orders(connection, OrderQuery())
    assert [([item.id for item in page.items], page.spooled) for page in (next(pages), next(pages), next(pages))] == [
        (["9000001"], (1,)),
        ([], (2,)),
        ([], (3,)),
    ]
    assert joor.requests == []


@pytest.mark.parametrize("lost", [ConnectionLost, None], ids=["no answer", "server error"])
def test_a_lost_answer_says_what_will_find_its_orders(lost: type[Exception] | None) -> None:
    """A sync=1 call is not repeated; its error says that the next run finds the orders by their dates."""
    joor = Queue(rows(3))

    def losing(request: Request) -> Response:
        answer = joor(request)
        if request.query["sync"] == "0":
            return answer
        if lost:
            raise lost
        return Response(500)

    with pytest.raises(UnavailableError, match=r"sync=0\) in the next run"):
        fetch(connect(losing, read_mode="sync"))
    assert syncs(joor) == "1"
    assert len(items(fetch(connect(joor, read_mode="sync")))) == 3


@pytest.mark.parametrize(
    "query", [{"since": NOW - timedelta(days=1)}, {"number": "1"}, {"peek": True}], ids=["since", "number", "dry run"]
)
def test_reading_on_demand_never_marks(query: dict[str, Any]) -> None:
    """In sync mode, too, asking for a date or a number and a dry run change nothing in JOOR."""
    joor = Queue(rows(2))
    fetch(connect(joor, read_mode="sync"), **query)
    assert set(syncs(joor)) == {"0"}


def test_an_order_that_stays_in_the_queue_does_not_hold_up_the_run() -> None:
    """A queue that keeps showing the same order is left after it was seen twice."""
    joor = Joor(rows(1))
    pages = fetch(connect(joor, read_mode="sync"))
    assert syncs(joor) == "110"
    assert len(items(pages)) == 1


def test_a_joor_that_refuses_sync_0_still_gives_its_queue() -> None:
    """Where reading without marking is refused, sync mode goes on without it, and the check warns."""
    joor = Queue(rows(2))

    def refusing(request: Request) -> Response:
        return joor(request) if request.query["sync"] == "1" else envelope("", code=5, comment="sync must be 1")

    connection = connect(refusing, read_mode="sync")
    assert len(items(fetch(connection))) == 2
    warnings = orderweft_joor.check_connection(connection).warnings
    assert any("sync must be 1" in warning for warning in warnings)
    with pytest.raises(UnavailableError, match="sync must be 1"):
        orderweft_joor.check_connection(connect(refusing))


# Telling JOOR, and looking orders up


class V4Joor:
    """The v4 order API by hand: *states* by order id, *answers* to bulk updates in turn (None for full success)."""

    def __init__(self, states: dict[str, str], *answers: Response | type[Exception] | None, life: int = 1000) -> None:
        self.states, self.answers, self.life = states, list(answers), life
        self.tokens = 0
        self.sent: list[dict[str, str]] = []
        self.requests: list[Request] = []

    def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        if request.path == "/auth/":
            return self.sign_in(request)
        assert request.query["account"] == "77"
        if request.headers["authorization"] != f"Bearer access-{self.tokens}":
            return Response(401)
        if request.method == "GET":
            wanted = request.query.get("order_ids", "").split(",")
            return Response.of_json({"data": [{"id": i, "status": s} for i, s in self.states.items() if i in wanted]})
        marks = request.json()
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Response):
            return answer
        self.sent += marks
        if answer:
            raise answer
        return Response.of_json({"data": [{"id": mark["id"]} for mark in marks], "errors": []})

    def sign_in(self, request: Request) -> Response:
        form = request.form()
        assert form.pop("grant_type") == "password"
        if form != SIGN_IN:
            return Response(401)
        self.tokens += 1
        return Response.of_json({"access_token": f"access-{self.tokens}", "expires_in": self.life})


def told(connection: Connection[Settings], *ids: str, delivered: bool = True, message: str = "Done.") -> list[str]:
    outcomes = acknowledge(connection, *ids, delivered=delivered, message=message)
    return [outcome.outcome for outcome in outcomes]


def acknowledge(connection: Connection[Settings], *ids: str, **parts: Any) -> list[Outcome]:
    acknowledgements = [
        Acknowledgement(id=i, number=i, **{"delivered": True, "message": "Done.", **parts}) for i in ids
    ]
    outcomes = orderweft_joor.acknowledge_orders(connection, acknowledgements)
    assert outcomes is not None
    return outcomes


def test_nobody_is_told_unless_the_settings_say_so() -> None:
    """Without the setting, acknowledging answers None; with it, an empty call answers an empty list."""
    assert orderweft_joor.acknowledge_orders(connect(Joor([])), []) is None
    assert orderweft_joor.acknowledge_orders(connect(Joor([]), acknowledge="v4", **V4), []) == []


def test_results_are_written_with_the_status_joor_has() -> None:
    """Each order's result goes out once with its present status, the sentence cut to what fits."""
    joor = V4Joor({"1": "APPROVED", "2": "SHIPPED"})
    connection = connect(joor, acknowledge="v4", **V4)
    assert told(connection, "1", message="x" * 300) == ["accepted"]
    assert told(connection, "2", delivered=False, message="No stock.") == ["accepted"]
    assert joor.sent == [
        {"id": "1", "status": "APPROVED", "export_status": "SUCCESS", "export_description": "x" * 255},
        {"id": "2", "status": "SHIPPED", "export_status": "FAILED", "export_description": "No stock."},
    ]


def test_results_can_go_without_status() -> None:
    """With the setting off, no status is read and none is sent."""
    joor = V4Joor({})
    assert told(connect(joor, acknowledge="v4", acknowledge_with_status=False, **V4), "1") == ["accepted"]
    assert joor.sent == [{"id": "1", "export_status": "SUCCESS", "export_description": "Done."}]
    assert [request.method for request in joor.requests] == ["POST", "POST"]


def test_many_results_go_in_batches() -> None:
    """At most a hundred results go out in one call."""
    joor = V4Joor({})
    ids = [str(number) for number in range(250)]
    outcomes = told(connect(joor, acknowledge="v4", acknowledge_with_status=False, **V4), *ids)
    assert outcomes == ["accepted"] * 250
    assert [len(request.json()) for request in joor.requests if request.path != "/auth/"] == [100, 100, 50]


def test_an_order_joor_does_not_know_is_refused() -> None:
    """An order missing in the account is refused, the others go out."""
    assert told(connect(V4Joor({"1": "APPROVED"}), acknowledge="v4", **V4), "1", "9") == ["accepted", "refused"]


def errors(*found: dict[str, Any], done: Sequence[str] = (), status: int = 200) -> Response:
    return Response.of_json({"data": [{"id": identity} for identity in done], "errors": list(found)}, status)


@pytest.mark.parametrize(
    ("answer", "outcomes"),
    [
        (errors({"message": "Order 2 is locked"}, done=["1"]), ["accepted", "refused"]),
        (errors({"status": "X", "details": {"id": "1"}}, done=["2"]), ["refused", "accepted"]),
        (errors({"message": "Try again"}, done=["1"]), ["accepted", "not_sent"]),
        (errors(), ["accepted", "accepted"]),
        (errors({"message": "No such field"}, status=400), ["refused", "refused"]),
        (errors({"message": "bad", "details": {"order_id": 2}}, status=422), ["not_sent", "refused"]),
        (Response(404, {}, b"<html>"), ["refused", "refused"]),
        (Response(429, {"retry-after": "7"}), ["not_sent", "not_sent"]),
        (Response(502, {}, b"<html>"), ["unknown", "unknown"]),
        (Response(200, {}, b'{"data": ['), ["unknown", "unknown"]),
        (ConnectionLost, ["unknown", "unknown"]),
        (ConnectionRefused, ["not_sent", "not_sent"]),
    ],
    ids=[
        "named in the message", "named in the details", "not named", "no data", "all refused", "one to blame", "HTML",
        "throttled", "server error", "cut off", "no answer", "not reached",
    ],
)  # fmt: skip
def test_every_known_answer_to_a_result_has_its_outcome(answer: Any, outcomes: list[str]) -> None:
    """Each way writing results can end becomes one outcome per order; nothing is sent twice."""
    joor = V4Joor({"1": "APPROVED", "2": "APPROVED"}, answer)
    assert told(connect(joor, acknowledge="v4", **V4), "1", "2") == outcomes
    assert [request.path for request in joor.requests].count("/v4/orders/bulk_update") == 1


def test_the_token_is_kept_and_renewed_in_time() -> None:
    """One sign-in serves until 80 % of the token's life, then another follows."""
    joor = V4Joor({"1": "APPROVED"}, life=1000)
    connection = connect(joor, **V4)
    for wait, tokens in ((0, 1), (799, 1), (2, 2)):
        connection.clock.sleep(wait)
        assert orderweft_joor.find_orders(connection, ["1"]).keys() == {"1"}
        assert joor.tokens == tokens


def test_a_token_that_ended_early_is_renewed_once() -> None:
    """On a 401 the call is repeated once with a fresh token; a second 401 ends it."""
    joor = V4Joor({"1": "APPROVED"})
    connection = connect(joor, acknowledge="v4", **V4)
    told(connection, "1")
    joor.tokens += 1
    assert told(connection, "1") == ["accepted"]
    with pytest.raises(AuthenticationError, match="joor: JOOR refuses the v4 call"):
        acknowledge(connect(V4Joor({"1": "A"}, Response(401), Response(401)), acknowledge="v4", **V4), "1")


def test_orders_are_looked_up_by_id() -> None:
    """Existing orders give a receipt, cancelled ones too; the others are left out."""
    found = orderweft_joor.find_orders(connect(V4Joor({"1": "APPROVED", "2": "CANCELLED"}), **V4), ["1", "2", "3"])
    assert found == {"1": Receipt(id="1", number="1"), "2": Receipt(id="2", number="2", cancelled=True)}


def test_looking_up_needs_the_v4_credentials() -> None:
    """Without v4 credentials, looking orders up names the settings that are missing."""
    with pytest.raises(SettingsError, match="client_id, client_secret, username, password"):
        orderweft_joor.find_orders(connect(Joor([]), account_id="77"), ["1"])


# The account and what it offers


def test_the_check_names_the_account_and_changes_nothing() -> None:
    """The check reads one order without marking it, signs in to v4 and names the account."""
    v4 = V4Joor({})
    seen: list[Request] = []

    def handler(request: Request) -> Response:
        seen.append(request)
        return Joor(rows(1))(request) if request.path.startswith("/v2/") else v4(request)

    account = orderweft_joor.check_connection(connect(handler, sandbox=True, base_url="https://joor.example", **V4))
    assert (account.id, account.name) == ("77", "JOOR sandbox 77")
    assert account.details[:2] == ("joor.example (sandbox, no real data)", "v4 sign-in works for account 77")
    assert seen[0].query == {"sync": "0", "count": "1", "order_type": "6"}


@pytest.mark.parametrize("used", [True, False], ids=["used", "only given"])
def test_wrong_v4_credentials_stop_only_those_who_use_them(used: bool) -> None:
    """A refused v4 sign-in is an error where results are acknowledged by it, and a warning elsewhere."""

    def handler(request: Request) -> Response:
        return Response(401) if request.path == "/auth/" else envelope("")

    connection = connect(handler, acknowledge="v4" if used else "none", **V4)
    if used:
        with pytest.raises(AuthenticationError, match="client_id, client_secret, username and password"):
            orderweft_joor.check_connection(connection)
    else:
        assert "check client_id" in orderweft_joor.check_connection(connection).warnings[0]


@pytest.mark.parametrize(
    ("settings", "service", "sign_in"),
    [
        ({}, "https://api.jooraccess.com", "https://atlas.jooraccess.com/auth/"),
        ({"sandbox": True}, "https://apisandbox.jooraccess.com", "https://atlas-sandbox.jooraccess.com/auth/"),
        ({"base_url": "http://127.0.0.1:8080/"}, "http://127.0.0.1:8080", "http://127.0.0.1:8080/auth/"),
        ({"auth_url": "https://id.example/auth/"}, "https://api.jooraccess.com", "https://id.example/auth/"),
    ],
    ids=["production", "sandbox", "base_url", "auth_url"],
)
def test_addresses_follow_the_settings(settings: dict[str, Any], service: str, sign_in: str) -> None:
    """Sandbox and production each have their own hosts, and both can be replaced."""
    checked = Settings.model_validate({"token": "t", **settings})
    assert (checked.service_url, checked.sign_in_url) == (service, sign_in)


def test_v4_acknowledging_asks_for_what_it_needs() -> None:
    """The settings are refused while v4 credentials are missing, each of them named."""
    with pytest.raises(ValidationError, match=r'acknowledge = "v4" also needs client_secret, username, password'):
        Settings.model_validate({"token": "t", "acknowledge": "v4", "account_id": "7", "client_id": "c"})


def test_credentials_cannot_be_overridden_by_a_pipeline() -> None:
    """What belongs to the account is marked so; what belongs to a pipeline is not."""
    account = Settings.account_fields()
    assert {"token", "sandbox", "base_url", "auth_url", "account_id", "client_secret", "password"} <= account
    assert not {"order_status", "warehouse", "case_packs", "page_size"} & account


def test_what_is_promised_follows_the_settings() -> None:
    """The promise names what every order taken carries; other kinds are not supplied."""
    promise = orderweft_joor.provides(connect(Joor([])), "orders")
    assert promise is not None
    assert promise["properties"]["status"] == {"enum": ["approved"]}
    assert promise["properties"]["customer"]["required"] == ["account_code"]
    assert promise["properties"]["lines"]["items"]["properties"] == {"sku": False}
    assert "warehouse" not in promise["required"]
    other = orderweft_joor.provides(connect(Joor([]), warehouse="EU", skip_empty_customer_code=False), "orders")
    assert other is not None
    assert other["properties"]["customer"]["required"] == []
    assert "warehouse" in other["required"]
    assert orderweft_joor.provides(connect(Joor([])), "inventory") is None


def test_the_channel_keeps_to_the_documented_limits() -> None:
    """Three hundred reads pass at once; the next one waits for JOOR's next window."""
    channel = orderweft_joor.describe()
    assert (channel.title, channel.min_interval, channel.limits.batch_size) == ("JOOR", timedelta(minutes=15), 100)
    clock = FakeClock(datetime(2026, 11, 2, tzinfo=UTC))
    http = Http("https://joor.example", clock=clock, limits=channel.limits, handler=lambda request: Response(200))
    for _ in range(295):
        http.read("GET", "/v2/order/")
    http.write("POST", "/v4/orders/bulk_update")
    assert clock.monotonic() == 0
    http.read("GET", "/v2/order/")
    assert clock.monotonic() == 300


# Against JOOR in memory


def simulated(
    switches: dict[str, Any] | None = None, *faults: Fault, **settings: Any
) -> tuple[Simulator, Connection[Settings]]:
    """Return a simulator and a connection to it, which share a clock."""
    connection = connect(lambda request: Response(500), **settings)
    simulator = Simulator(clock=connection.clock, **(switches or {}))
    checked = Settings.model_validate({**settings, **simulator.settings()})
    http = Http(
        checked.service_url,
        clock=connection.clock,
        limits=orderweft_joor.describe().limits,
        handler=Faulty(simulator, *faults),
    )
    return simulator, replace(connection, settings=checked, http=http)


def wanted(simulator: Simulator) -> set[str]:
    return {str(order.id) for order in simulator.orders.values() if order.status == "approved"}


SWITCHES: list[dict[str, Any]] = [
    {"root_node": "whole"},
    {"root_node": "list", "list_name": "order", "single_as_object": True},
    {"code": "text", "empty_list": "list", "missing": "null"},
    {"numbers": "text", "dates": "seconds"},
    {"dates": "days", "ship_dates": "instants"},
    {"last_page": "beyond", "response_count": "page"},
    {"last_page": "repeat", "paging": "snapshot", "sort": "newest"},
    {"max_count": 7, "sort": "modified", "v2_errors": "status"},
    {"ignore_order_type": True, "required_fields": ("customer_code",)},
]


@pytest.mark.parametrize("switches", SWITCHES, ids=" ".join)
def test_whatever_joor_turns_out_to_do_the_orders_are_the_same(switches: dict[str, Any]) -> None:
    """Each thing the documentation leaves open yields the same orders, and reading marks none of them."""

    def lines(found: dict[str, Fetched]) -> dict[str, Any]:
        return {i: (item.skip, item.problem is None, item.order and item.order.lines) for i, item in found.items()}

    simulator, connection = simulated(switches, page_size=15)
    assert lines(items(fetch(connection))) == lines(items(fetch(simulated()[1])))
    assert simulator.marked() == frozenset()


def test_orders_taken_keep_the_promise() -> None:
    """Every sample order that is taken has the form `provides` promises; the awkward ones name what is wrong."""
    simulator, connection = simulated()
    promise = Draft202012Validator(orderweft_joor.provides(connection, "orders") or False)
    found = items(fetch(connection))
    assert len(found) == len(simulator.orders)
    assert all(promise.is_valid(item.order.to_data()) for item in found.values() if item.order and not item.skip)
    assert {kind for kind, order in simulator.awkward.items() if found[str(order)].problem} == {
        "unknown_order_type",
        "case_pack",
        "extended_disagrees",
        "no_price",
    }


@pytest.mark.parametrize("sort", ["id", "modified", "newest"])
def test_orders_modified_while_they_are_read_are_all_seen(sort: str) -> None:
    """However JOOR sorts, people editing orders between the pages hide none from this run and the next."""
    simulator, connection = simulated({"sort": sort, "many": 20}, page_size=20)
    pages = []
    for number, page in enumerate(orderweft_joor.fetch_orders(connection, OrderQuery())):
        pages.append(page)
        connection.clock.sleep(5)
        for order_id in list(simulator.orders)[number * 9 : number * 9 + 2]:
            simulator.edit(order_id, order_comments="Changed")
    pages += fetch(connection, bookmark=pages[-1].bookmark)
    assert set(items(pages)) == {str(order_id) for order_id in simulator.orders}


@pytest.mark.parametrize("kind", ["refuse", "timeout_before", "timeout_after", "reset_mid_body"])
@pytest.mark.parametrize("call", [1, 3, 8])
def test_no_order_is_lost_when_an_answer_of_the_queue_is(kind: FaultKind, call: int) -> None:
    """Whatever happens to a sync=1 answer, this run and the next together have every order."""
    simulator, connection = simulated(None, Fault("orders.read", kind, call=call), read_mode="sync", page_size=10)
    seen: list[Page] = []
    with pytest.raises(UnavailableError):
        seen.extend(orderweft_joor.fetch_orders(connection, OrderQuery()))
    seen += fetch(connection)
    assert set(items(seen)) >= wanted(simulator)


@pytest.mark.parametrize("switches", [{}, {"error_details": "none"}, {"v4_export": "separate"}], ids=str)
def test_joor_is_told_and_keeps_every_status(switches: dict[str, Any]) -> None:
    """Results arrive in JOOR with their sentences, no order changes its status, and the orders are found again."""
    simulator, connection = simulated(switches, acknowledge="v4", account_id="replaced", **SIGN_IN)
    before = {order.id: order.status for order in simulator.orders.values()}
    ids = [str(order_id) for order_id in before]
    assert told(connection, *ids, "12", message="Delivered as #1.") == ["accepted"] * len(ids) + ["refused"]
    assert set(simulator.acknowledged.values()) == {("SUCCESS", "Delivered as #1.")}
    assert {order.id: order.status for order in simulator.orders.values()} == before
    assert list(orderweft_joor.find_orders(connection, [*ids, "12"])) == ids


def test_joor_never_has_to_throttle() -> None:
    """More reads than a window has credits for wait for the next window and are never refused."""
    connection = simulated({"orders": "none"})[1]
    for _ in range(301):
        fetch(connection)
    assert connection.clock.monotonic() == 300


def test_orders_are_read_over_real_http() -> None:
    """The same reading works over a socket."""
    simulator = Simulator(clock=FakeClock(), orders="none", many=5)
    with SimulatorServer(simulator.handle) as server:
        checked = Settings.model_validate({**simulator.settings(), "base_url": server.url})
        clock = FakeClock()
        connection = Connection("joor", "joor", checked, Http(checked.service_url, clock=clock), clock)
        assert len(items(fetch(connection))) == 5
        connection.close()
