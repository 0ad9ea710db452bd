"""Stock in all its meanings, customers, shipments in stretches of time, and answers that never end."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import orderweft_oms_generic as oms
import pytest
from orderweft import (
    Customer,
    Delivery,
    Refused,
    Request,
    Response,
    SettingsError,
    Shipment,
    StockLevel,
    UnavailableError,
)
from orderweft.testing import FakeClock, Fault, brand
from orderweft_oms_generic.profiles.calls import delivery_key_of, key_of
from orderweft_oms_generic.profiles.hosts import is_private
from orderweft_oms_generic.profiles.loading import load_profile
from orderweft_oms_generic.simulator.rehearsal import Rehearsed
from pydantic import ValidationError

from .hooks import Bench, connect, order_of, settings_of
from .in_house import in_house
from .profile_text import small_text

FIRST, SECOND = brand.skus()[:2]


def levels(bench: Bench) -> dict[str, StockLevel]:
    """Return all stock by what names its item."""
    pages = list(oms.read_inventory(bench.connection))
    return {level.item.sku or level.item.barcode or "": level for page in pages for level in page.records
            if isinstance(level, StockLevel)}  # fmt: skip


def level(sku: str, quantity: int, **fields: Any) -> StockLevel:
    """Return stock to be written."""
    origin = {"channel": "joor", "connection": "joor", "id": sku}
    return StockLevel.model_validate({"origin": origin, "item": {"sku": sku}, "quantity": quantity, **fields})


# stock


def test_stock_is_what_is_available_or_what_lies_there(tmp_path: Path) -> None:
    """NetSuite's open orders are taken off, unless the figure on hand is asked for; one location may be enough."""
    bench = Bench(tmp_path, "netsuite", {}, {"values": {"stock_location": 5}})
    bench.deliver(order_of((0, 2)))
    free = levels(bench)[FIRST.sku].quantity or 0
    bench.settings = {"values": {"stock_location": 5, "stock": "on_hand"}}
    bench.reconnected()
    assert (levels(bench)[FIRST.sku].quantity or 0) - free == 2
    settings = settings_of(bench.sim, tmp_path, values={"stock": "atp"})
    with pytest.raises(ValidationError, match="stock must be available or on_hand: Which figure"):
        oms.Settings.model_validate(settings)


def test_stock_may_be_told_in_total(tmp_path: Path) -> None:
    """The places of an item are summed, the minimum counts for the sum, and no place is told."""
    bench = Bench(tmp_path, "netsuite", {}, {"stock_scope": "total", "minimum_stock": 5})
    for place, pieces in (("MAIN", 3), ("EU", 4)):
        bench.sim.set_stock(FIRST.sku, pieces, place)
        bench.sim.set_stock(SECOND.sku, pieces - 2, place)
    found = levels(bench)
    assert (found[FIRST.sku].quantity, found[FIRST.sku].warehouse, found[SECOND.sku].quantity) == (7, None, 0)
    schema = oms.provides(bench.connection, "inventory") or {}
    assert (schema["properties"]["warehouse"], "warehouse" in schema["required"]) == (False, False)


def test_a_sum_that_lacks_a_place_is_not_told(tmp_path: Path) -> None:
    """An item one of whose rows cannot be read has no total."""
    rows = [{"sku": "A", "warehouse": "MAIN", "free": "many"}, {"sku": "A", "warehouse": "EU", "free": 2},
            {"sku": "B", "warehouse": "EU", "free": 2}]  # fmt: skip
    bench = Bench(tmp_path, "in_house", {}, {"stock_scope": "total"})
    bench.spoil(Fault("stock.read", "answer_before", response=Response.of_json(rows, headers={"x-total-count": "3"})))
    [page] = oms.read_inventory(bench.connection)
    assert [one.item.sku for one in page.records if isinstance(one, StockLevel)] == ["B"]
    assert (len(page.unread), page.complete) == (1, False)


def test_items_without_the_code_stock_is_told_by_are_named(tmp_path: Path) -> None:
    """They are left out and told; the others carry that code alone."""
    rows = [{"sku": "A", "barcode": FIRST.barcode, "warehouse": "MAIN", "free": 1},
            {"sku": "B", "warehouse": "MAIN", "free": 2}]  # fmt: skip
    answer = Response.of_json(rows, headers={"x-total-count": "2"})
    bench = Bench(tmp_path, "in_house", {}, {"item_code": "barcode", "stock_code": "barcode"})
    bench.spoil(Fault("stock.read", "answer_before", response=answer))
    [page] = oms.read_inventory(bench.connection)
    [found] = [one for one in page.records if isinstance(one, StockLevel)]
    assert (found.item.barcode, found.item.sku, page.complete) == (FIRST.barcode, None, True)
    assert page.warnings == ("no barcode, and so left out (stock_code): B",)
    schema = oms.provides(bench.connection, "inventory") or {}
    assert "barcode" in schema["properties"]["item"]["required"]
    assert schema["properties"]["item"]["properties"]["sku"] is False


@pytest.mark.parametrize(("said", "told"), [("yes", {"B"}), ("no", {"A", "B"})], ids=["ignored", "told"])
def test_stock_of_inactive_products_is_left_out(tmp_path: Path, said: str, told: set[str]) -> None:
    """Unless the settings want it; the list goes on behind them."""
    first = Response.of_json([{"product": {"masterSku": "A", "active": False}, "onHandQuantity": 1}])
    second = Response.of_json([{"product": {"masterSku": "B"}, "onHandQuantity": 1}])
    bench = Bench(tmp_path, "skubana", {}, {"values": {"ignore_inactive": said}})
    bench.spoil(*(Fault("stock.read", "answer_before", call=number, response=one)
                  for number, one in enumerate((first, second, Response.of_json([])), 1)))  # fmt: skip
    assert set(levels(bench)) == told


@pytest.mark.parametrize("put", ["replaces", "merges"])
def test_order_desk_takes_stock_and_keeps_the_rest_of_an_item(tmp_path: Path, put: str) -> None:
    """An item is read before and written whole; one that is not there is named."""
    bench = Bench(tmp_path, "order_desk", {"item_put": put})
    bench.sim.items[FIRST.sku].fields.update(metadata={"skip_joor": "1"}, location="A1")
    before = levels(bench)
    price = bench.sim.items[FIRST.sku].price
    gone, done = oms.write_inventory(bench.connection, [level("NO", 1), level(FIRST.sku, 7)], "update")
    assert isinstance(gone, Refused)
    assert (gone.reason, gone.message) == ("unknown_item", "not in Order Desk: NO")
    assert done.outcome == "accepted"
    item, after = bench.sim.items[FIRST.sku], levels(bench)
    assert (bench.sim.stock[FIRST.sku, "MAIN"], item.price, item.fields["location"]) == (7, price, "A1")
    assert after[FIRST.sku].item == before[FIRST.sku].item
    assert {sku: one.quantity for sku, one in after.items() if sku != FIRST.sku} == {
        sku: one.quantity for sku, one in before.items() if sku != FIRST.sku
    }


def test_a_look_that_fails_writes_nothing(tmp_path: Path) -> None:
    """An item that could not be read is not sent, and the rest is left for later."""
    bench = Bench(tmp_path, "order_desk")
    bench.spoil(Fault("stock.read", "refuse", call=2, times=9))
    found = oms.write_inventory(bench.connection, [level(one.sku, 7) for one in brand.skus()[:3]], "update")
    assert [one.outcome for one in found] == ["accepted", "not_sent", "not_sent"]
    assert bench.door.calls.count("stock.write") == 1


# orders, customers, shipments


def test_order_desk_tells_a_cancelled_order_by_its_folder(tmp_path: Path) -> None:
    """The folder is a setting; without it no order counts as cancelled."""
    for values, cancelled in (({}, False), ({"cancelled_folder": 47}, True)):
        bench = Bench(tmp_path, "order_desk", {}, {"values": values})
        bench.deliver(order_of())
        bench.sim.cancel(next(iter(bench.sim.orders)))
        [found] = oms.find_orders(bench.connection, ["joor:9000001"]).values()
        assert not isinstance(found, Refused)
        assert found.cancelled is cancelled


@pytest.mark.parametrize(("method", "sent"), [("Ground", "UPS Ground"), ("Air", "Air")], ids=["mapped", "as-is"])
def test_ship_methods_get_the_names_of_the_store(tmp_path: Path, method: str, sent: str) -> None:
    """A map in the settings says our word in theirs; what it does not name goes as it is."""
    bench = Bench(tmp_path, "order_desk", {}, {"maps": {"ship_methods": {"Ground": "UPS Ground"}}})
    bench.deliver(order_of(ship_method={"name": method}))
    assert next(iter(bench.sim.orders.values())).fields["shipping_method"] == sent


def test_netsuite_gives_and_takes_customers(tmp_path: Path) -> None:
    """Customers are read with code and state, and set by their account code; writing one again changes nothing."""
    bench = Bench(tmp_path, "netsuite", {"put_location": "never"})
    [page] = oms.read_customers(bench.connection)
    read = {one.account_code: one for one in page.records if isinstance(one, Customer)}
    assert (set(read), page.complete) == (set(bench.sim.customers), True)
    known = next(iter(read.values()))
    assert (known.status, known.contacts[0].email) == ("active", bench.sim.customers[known.account_code or ""].email)
    new = known.model_copy(update={"account_code": "N.1", "name": "New Shop"})
    renamed = known.model_copy(update={"name": "Renamed"})
    for _ in range(2):
        outcomes = oms.write_customers(bench.connection, [new, renamed])
        assert [one.outcome for one in outcomes] == ["accepted", "accepted"]
    assert len(bench.sim.customers) == len(read) + 1
    assert bench.sim.customers[known.account_code or ""].name == "Renamed"
    assert (oms.accepts(bench.connection, "customers") or {})["required"] == ["account_code"]


def test_shipments_are_asked_for_a_week_at_a_time(tmp_path: Path) -> None:
    """A system that bears no longer stretch is asked for one after the other; what lies between comes once."""
    values = {"shipment_days": 20}
    bench = Bench(tmp_path, "skubana", {"shipment_window": "week", "limits": "off"}, {"values": values})
    for number, days in enumerate((0, 7, 6)):
        bench.deliver(order_of((0, 1)), f"joor-eu:{number}")
        bench.clock.sleep(days * 86400)
        bench.sim.ship(f"joor-eu:{number}", f"1Z{number}")
    bench.clock.sleep(7 * 86400)
    found = [one for page in oms.read_shipments(bench.connection) for one in page.records]
    told = {one.order_key: one.tracking_numbers for one in found if isinstance(one, Shipment)}
    assert told == {f"joor-eu:{number}": (f"1Z{number}",) for number in range(3)}
    asked = [one for one in bench.seen if one.path == "/v1/shipments" and one.query["page"] == "1"]
    assert len(asked) == len(found) == 3


@pytest.mark.parametrize("key", ["joor:48213", "joor-eu:48.2_1", "a1b2c3d4e5f60718a1b2c3d4e5f60718"])
@pytest.mark.parametrize("system", ["order_desk", "netsuite", "rest_starter"])
def test_the_key_of_an_order_is_told_from_what_the_system_has(system: str, key: str) -> None:
    """However the profile made it fit, the key comes back as it was; what was cut off is not guessed."""
    profile = load_profile(system)
    texts = {name: spec.default for name, spec in profile.settings.items()}
    assert delivery_key_of(profile, key_of(profile, key, texts), texts) == key
    long = f"joor:{'9' * 59}"
    told = delivery_key_of(profile, key_of(profile, long, texts), texts)
    assert told in (None, long)
    assert (told is None) is (system != "order_desk")


# where credentials go, and answers that never end


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "0x7f000001", "2130706433", "10.0.0.5", "169.254.169.254", "100.100.100.200",
             "168.63.129.16", "::1", "::ffff:10.0.0.1", "fd00:ec2::254", "fe80::1%eth0", "localhost", "oms",
             "metadata.google.internal", "oms.local."],
)  # fmt: skip
def test_addresses_of_ones_own_network_are_known(host: str) -> None:
    """In whatever spelling."""
    assert is_private(host)


@pytest.mark.parametrize(
    ("addresses", "is_asked"),
    [(("93.184.215.14", "10.1.2.3"), False), (("93.184.215.14",), True), ((), True)],
    ids=["private", "public", "unknown"],
)
def test_a_name_that_leads_into_ones_own_network_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, addresses: tuple[str, ...], is_asked: bool
) -> None:
    """By what it resolves to, before anything is sent; one that does not resolve is left to the call."""
    sim, asked = Rehearsed(clock=FakeClock(), system="in_house"), list[str]()

    def resolved(host: str, port: int, **_: Any) -> Any:
        asked.append(host)
        if not addresses:
            raise OSError("no such name")
        return [(2, 1, 6, "", (address, port)) for address in addresses]

    monkeypatch.setitem(vars(socket), "getaddrinfo", resolved)
    given = {name: value for name, value in settings_of(sim, tmp_path).items() if name != "base_url"}
    connection = connect(sim.handle, given, FakeClock())
    if is_asked:
        assert oms.check_connection(connection).name
    else:
        with pytest.raises(SettingsError, match=r"leads to oms.example.com, .* allow_private = true"):
            oms.check_connection(connection)
    assert (asked, sim.requests) == (["oms.example.com"], int(is_asked))


@pytest.mark.parametrize("host", ["10.0.0.5", "oms.internal"])
def test_a_profile_leads_into_ones_own_network_only_when_it_may(tmp_path: Path, host: str) -> None:
    """The connection allows it, or names the address itself; a profile alone does not."""
    path = in_house(tmp_path, ("hosts: [oms.example.com]", f"hosts: [{host}]"), ("//oms.example.com", f"//{host}"))
    given = {"profile": path, "values": {"token": "hush"}}
    with pytest.raises(ValidationError, match=f"leads to {host}"):
        oms.Settings.model_validate(given)
    assert oms.Settings.model_validate({**given, "allow_private": True}).service_url == f"https://{host}"
    own = oms.Settings.model_validate({**given, "base_url": "https://10.0.0.6"})
    assert (own.service_url, own.doubtful_hosts) == ("https://10.0.0.6", set())
    usual = oms.Settings.model_validate({"profile": in_house(tmp_path), "values": {"token": "hush"}})
    assert usual.doubtful_hosts == {"oms.example.com"}


@pytest.mark.parametrize("status", [301, 307])
def test_redirects_are_not_followed(tmp_path: Path, status: int) -> None:
    """Neither a list nor an order goes where an answer points."""
    sim, seen = Rehearsed(clock=FakeClock(), system="in_house"), list[Request]()

    def moved(request: Request) -> Response:
        seen.append(request)
        return Response(status, {"location": "https://elsewhere.example/api/stock"})

    connection = connect(moved, settings_of(sim, tmp_path), FakeClock())
    with pytest.raises(UnavailableError):
        list(oms.read_inventory(connection))
    [outcome] = oms.deliver_orders(connection, [Delivery(order_of(), "joor:1")])
    assert (outcome.outcome, [request.method for request in seen].count("POST")) == ("not_sent", 1)
    assert {request.url.partition("/api")[0] for request in seen} == {"http://127.0.0.1:9"}


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b'[{"sku": "A", "warehouse": ' + b"[" * 300 + b"]" * 300 + b', "free": 1}]',
        b'[{"sku": "A", "warehouse": "MAIN", "free": 1' + b"0" * 5000 + b"}]",
        b"[" + b" " * (64 * 2**20),
    ],
    ids=["broken-off", "deep", "long-number", "huge"],
)
def test_answers_without_measure_stop_at_a_bound(tmp_path: Path, body: bytes) -> None:
    """They end the reading, not the program."""
    bench = Bench(tmp_path, "in_house")
    bench.spoil(Fault("stock.read", "answer_before", times=99, response=Response(200, {"x-total-count": "1"}, body)))
    with pytest.raises((SettingsError, UnavailableError)):
        levels(bench)


def test_a_list_without_end_stops_at_a_bound(tmp_path: Path) -> None:
    """Pages that are always new are given up after as many rows as the profile allows."""
    text = small_text(("kind: page, size_param: size, size: 2", "kind: page, size_param: size, size: 2, most_rows: 50"))
    path = tmp_path / "small.yaml"
    path.write_text(text, encoding="utf-8")

    def endless(request: Request) -> Response:
        page = request.query["page"]
        return Response.of_json({"rows": [{"sku": f"{page}-{row}", "n": 1} for row in range(2)]})

    given = {"profile": str(path), "values": {"token": "t"}, "base_url": "http://127.0.0.1:9"}
    with pytest.raises(UnavailableError, match="more than 50 rows"):
        list(oms.read_inventory(connect(endless, given, FakeClock())))


class InventedSystem:
    """Plays what `rest_oauth` tells of: tokens, orders by key in two steps, stock by ids, customers by links."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.lost = 0
        """Releases that get no answer."""
        self.levels: list[dict[str, Any]] = [
            {"id": number, "sku": f"S{number}", "place": "MAIN", "free": number} for number in range(1, 301)
        ]

    def __call__(self, request: Request) -> Response:
        path, query = request.path.removeprefix("/v2"), request.query
        self.calls.append(f"{request.method} {path}")
        if path == "/oauth/token":
            return Response.of_json({"access_token": "t1", "expires_in": 600})
        if request.headers.get("authorization") != "Bearer t1":
            return Response(401)
        if path == "/stock":
            rest = [one for one in self.levels if one["id"] > int(query.get("after_id", 0))]
            return Response.of_json({"levels": rest[: int(query["limit"])]})
        if path == "/customers":
            page = int(query.get("page", "1"))
            told = [{"id": page, "code": f"C{page}", "name": f"Shop {page}"}]
            link = {"link": f'</v2/customers?page={page + 1}&limit=200>; rel="next"'} if page < 3 else {}
            return Response.of_json({"customers": told}, headers=link)
        if path.startswith("/stock/"):
            return Response.of_json({"refused": [{"row": 0, "text": path}]})
        return self._order(request, path.split("/")[2], path.endswith("/release"))

    def _order(self, request: Request, key: str, releases: bool) -> Response:
        if releases:
            self.lost -= 1
            self.orders[key]["state"] = "open" if self.lost < 0 else "draft"
            return Response(204) if self.lost < 0 else Response(503)
        if request.method == "PUT":
            self.orders.setdefault(key, {"id": len(self.orders) + 1, "state": "draft", "puts": 0})["puts"] += 1
        found = self.orders.get(key)
        return Response.of_json({"code": "no_order"}, 404) if found is None else Response.of_json(found)


def oauth() -> tuple[InventedSystem, Any]:
    """Return the system with a connection to it."""
    host = InventedSystem()
    values = {"client_id": "me", "client_secret": "hush"}
    given = {"profile": "rest_oauth", "values": values, "base_url": "http://127.0.0.1:9"}
    return host, connect(host, given, FakeClock())


def test_lists_go_on_by_links_and_by_ids() -> None:
    """A list by ids ends at an empty page, a chain of links where there is none; one token serves all."""
    host, connection = oauth()
    found = [one for page in oms.read_inventory(connection) for one in page.records]
    assert [one.origin.id for one in found] == [str(number) for number in range(1, 301)]
    customers = [one for page in oms.read_customers(connection) for one in page.records]
    assert [one.origin.id for one in customers] == ["1", "2", "3"]
    assert host.calls.count("POST /oauth/token") == 1


@pytest.mark.parametrize("mode", ["update", "overwrite"])
def test_stock_is_written_as_a_whole_or_in_part(mode: Any) -> None:
    """The mode reaches the system, and what it refuses is told by row."""
    _, connection = oauth()
    refused, accepted = oms.write_inventory(connection, [level("A", 1), level("B", 2)], mode)
    assert isinstance(refused, Refused)
    assert (refused.message, accepted.outcome) == (f"/stock/{mode}", "accepted")


def test_an_order_written_by_key_goes_on_at_its_second_step() -> None:
    """An order whose release got no answer is released by the next delivery, and not written again."""
    host, connection = oauth()
    host.lost = 1
    [first] = oms.deliver_orders(connection, [Delivery(order_of(), "joor:1")])
    assert (first.outcome, oms.find_orders(connection, ["joor:1"])) == ("unknown", {})
    [second] = oms.deliver_orders(connection, [Delivery(order_of(), "joor:1")])
    assert second.outcome == "already_there"
    assert host.orders == {"joor%3A1": {"id": 1, "state": "open", "puts": 1}}
