"""The plugin and the simulated store together, with every uncertainty both ways and with faults."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import orderweft_shopify as shopify
import pytest
from orderweft import (
    Accepted,
    Address,
    AlreadyThere,
    AuthenticationError,
    Connection,
    Delivery,
    Exchange,
    Http,
    Named,
    NotSent,
    Order,
    OrderCustomer,
    OrderQuery,
    Outcome,
    Refused,
    Request,
    Response,
    Tax,
    Unknown,
    Window,
)
from orderweft.testing import FakeClock, Fault, Faulty, SimulatorServer, SystemClock, brand
from orderweft_shopify.simulator import Simulator

from .hand_made import KEY, lines_of, order_of

KNOWN = OrderCustomer(account_code="C101", name="Muster Mode GmbH", email=brand.buyers()[1].email)
NEW = OrderCustomer(account_code="C777", name="Neue Mode", buyer="Kim Neu", email="kim@neu.example")


class Shop:
    """A simulated store with a connection to it."""

    def __init__(self, *faults: Fault, settings: dict[str, Any] | None = None, **switches: Any) -> None:
        self.clock = FakeClock()
        self.simulator = Simulator(clock=self.clock, **switches)
        self.handler = Faulty(self.simulator, *faults)
        self.connection = connect(self.simulator, self.clock, self.handler, **(settings or {}))

    def deliver(self, order: Order | None = None, key: str = KEY) -> Outcome:
        [outcome] = shopify.deliver_orders(self.connection, [Delivery(order or order_for(), key)])
        return outcome

    def read(self) -> list[Order]:
        self.clock.sleep(30)
        pages = shopify.fetch_orders(self.connection, OrderQuery())
        return [item.order for page in pages for item in page.items if item.order]

    def writes(self) -> int:
        return sum(1 for name in self.handler.calls if name in ("CreateOrder", "CreateCustomer", "DefineMetafield"))


def connect(
    simulator: Simulator, clock: Any, handler: Callable[[Request], Response] | None, **settings: Any
) -> Connection[shopify.Settings]:
    checked = shopify.Settings.model_validate({**simulator.settings(), **settings})
    http = Http(checked.service_url, clock=clock, limits=shopify.describe().limits, handler=handler)
    return Connection("shop", "shopify", checked, http, clock)


def order_for(*wanted: tuple[int, int], **changes: Any) -> Order:
    return order_of(*wanted, **{"customer": KNOWN, "currency": "GBP", **changes})


def full_order() -> Order:
    """Return an order that says everything Shopify can be told."""
    address = Address(role="delivery", contact="Kim de Vries", line1="700 Specimen Ave", city="Portland", region="OR",
                      postcode="97205", country="US", name="Sample & Daughters Inc")  # fmt: skip
    return order_for(
        (0, 7), (20, 3), (40, 1),
        purchase_order="PO-77",
        season=Named(name="SS27"),
        window=Window(start=date(2027, 1, 15), complete=date(2027, 2, 28)),
        payment_terms=Named(name="Net 30"),
        ship_method=Named(name="DHL Express"),
        addresses=(address, address.model_copy(update={"role": "accounts", "country": "GB", "region": None})),
        discount=Decimal("33.33"),
        shipping_total=Decimal("12.50"),
        note="Ship complete",
    )  # fmt: skip


def test_a_full_order_reads_back_as_it_was_sent() -> None:
    """Prices, discount, shipping, tax, dates and names survive the store, and the totals agree."""
    shop = Shop(settings={"taxes": {"GB": {"name": "VAT", "rate": 0.2}}})
    sent = full_order()
    outcome = shop.deliver(sent)
    assert isinstance(outcome, Accepted)
    assert outcome.receipt.remarks == ()
    [read] = shop.read()
    for field in ("purchase_order", "season", "window", "payment_terms", "discount", "shipping_total"):
        assert getattr(read, field) == getattr(sent, field), field
    assert read.customer.email == KNOWN.email
    assert [(line.barcode, line.quantity, line.unit_price) for line in read.lines] == [
        (line.barcode, line.quantity, line.unit_price) for line in sent.lines
    ]
    assert [(tax.name, tax.rate) for tax in read.taxes] == [("VAT", Decimal("0.2"))]
    delivery = read.address("delivery")
    assert delivery is not None
    assert (delivery.contact, delivery.region, delivery.country) == ("Kim de Vries", "OR", "US")


@pytest.mark.parametrize(
    "order",
    [
        pytest.param(order_for(), id="plain"),
        pytest.param(order_for(taxes=(Tax(name="VAT", rate=Decimal("0.07")),)), id="tax of the order"),
        pytest.param(order_for(discount_percent=Decimal("7.5")), id="discount in percent"),
        pytest.param(order_for(currency="JPY"), id="no decimals"),
        pytest.param(order_for(currency="EUR", shipping_total=Decimal("4.9")), id="another currency"),
    ],
)
def test_the_totals_agree(order: Order) -> None:
    """The store comes to the same totals, so that there is nothing to remark on."""
    outcome = Shop().deliver(order)
    assert isinstance(outcome, Accepted)
    assert outcome.receipt.remarks == ()


@pytest.mark.parametrize("duplicates", ["refused", "accepted"])
def test_the_same_key_makes_one_order(duplicates: str) -> None:
    """A second delivery of the same key finds the first, whether or not the store would refuse it."""
    shop = Shop(duplicate_external_id=duplicates)
    first, second = shop.deliver(), shop.deliver()
    assert isinstance(first, Accepted)
    assert isinstance(second, AlreadyThere)
    assert second.receipt.id == first.receipt.id
    assert len(shop.simulator.orders) == 1


def test_a_key_taken_behind_a_late_look_up_is_not_created_twice() -> None:
    """Where the look-up lags, the store's own refusal keeps the order single."""
    shop = Shop(identifier_delay=60.0)
    assert isinstance(shop.deliver(), Accepted)
    assert isinstance(shop.deliver(), Unknown)
    shop.clock.sleep(120)
    assert isinstance(shop.deliver(), AlreadyThere)
    assert len(shop.simulator.orders) == 1


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after", "reset_mid_body"])
def test_an_order_without_an_answer_is_found_or_certainly_not_there(kind: Any) -> None:
    """After a lost answer the look-up tells whether the order was created."""
    shop = Shop(Fault("CreateOrder", kind))
    assert isinstance(shop.deliver(), Unknown)
    shop.clock.sleep(60)
    found = shopify.find_orders(shop.connection, [KEY, "joor:other"])
    assert set(found) == ({KEY} if kind != "timeout_before" else set())
    assert len(shop.simulator.orders) == len(found)


@pytest.mark.parametrize("code", ["INVALID", "INVENTORY_CLAIM_FAILED"])
def test_stock_that_goes_meanwhile_holds_the_order(code: str) -> None:
    """Stock sold between the check and the order is refused by the store and told as such."""
    shop = Shop(out_of_stock_code=code, settings={"check_stock": True})
    assert isinstance(shop.deliver(order_for((135, 2))), Accepted)
    fresh = shop.simulator.handle

    def sell_before_creating(request: Request) -> Response:
        if shop.simulator.operation(request) == "CreateOrder":
            for location in ("London", "Rotterdam"):
                shop.simulator.set_stock(brand.skus()[0].sku, location, 0)
        return fresh(request)

    connection = connect(shop.simulator, shop.clock, sell_before_creating)
    [outcome] = shopify.deliver_orders(connection, [Delivery(order_for((0, 2)), "joor:2")])
    assert isinstance(outcome, Refused)
    assert outcome.reason == "no_stock"


def test_a_refused_order_costs_no_write() -> None:
    """Unknown items and short stock are found out by reading alone."""
    shop = Shop()
    strange = lines_of((0, 1))[0].model_copy(update={"barcode": "2999999999990"})
    for order in (order_for((135, 9)), order_for(lines=(strange,))):
        assert isinstance(shop.deliver(order), Refused)
    assert shop.writes() == 0


@pytest.mark.parametrize("shape", ["user_error", "top_level"])
def test_a_development_store_is_not_overrun(shape: str) -> None:
    """Without pace the sixth order in a minute comes again later; with pace it is not refused at all."""
    hasty = Shop(order_limit=shape)
    outcomes = [hasty.deliver(key=f"joor:{number}") for number in range(6)]
    assert isinstance(outcomes[-1], NotSent)
    assert outcomes[-1].retry_after == 60
    steady = Shop(order_limit=shape, settings={"orders_per_minute": 5})
    assert all(isinstance(steady.deliver(key=f"joor:{number}"), Accepted) for number in range(12))


@pytest.mark.parametrize("kept", [True, False], ids=["account code kept", "account code dropped"])
def test_a_new_customer_is_created_once(kept: bool) -> None:
    """A customer the store does not know is there afterwards, under its account code, whatever its next order says."""
    shop = Shop(custom_id_kept=kept)
    assert isinstance(shop.deliver(order_for(customer=NEW)), Accepted)
    assert isinstance(shop.deliver(order_for(customer=OrderCustomer(account_code="C777")), "joor:2"), Accepted)
    assert shop.handler.calls.count("CreateCustomer") == 1
    first, second = shop.read()
    assert first.customer.account_code == second.customer.account_code == "C777"
    assert (second.customer.buyer, second.customer.email) == ("Kim Neu", "kim@neu.example")


def test_a_customer_created_without_an_answer_is_not_created_again() -> None:
    """The order waits, and its next attempt finds the customer by account code."""
    shop = Shop(Fault("CreateCustomer", "timeout_after"))
    assert isinstance(shop.deliver(order_for(customer=NEW)), NotSent)
    assert isinstance(shop.deliver(order_for(customer=NEW)), Accepted)
    assert shop.simulator.facts()["customers"] == 9


def test_two_accounts_with_one_email_stay_two_customers() -> None:
    """The second account gets a customer of its own, without the address that is taken."""
    shop = Shop()
    other = NEW.model_copy(update={"account_code": "C778"})
    assert isinstance(shop.deliver(order_for(customer=NEW)), Accepted)
    assert isinstance(shop.deliver(order_for(customer=other), "joor:2"), Accepted)
    assert [order.customer.account_code for order in shop.read()] == ["C777", "C778"]


def test_a_location_gets_the_order_and_fulfills_it() -> None:
    """An order assigned to a location counts that location's stock and arrives fulfilled."""
    shop = Shop(settings={"location": "London", "financial_status": "PAID"})
    assert isinstance(shop.deliver(), Accepted)
    [read] = shop.read()
    assert read.status == "shipped"


def test_a_cancelled_order_is_found_as_such() -> None:
    """The receipt of a cancelled order says so, and reading gives it as cancelled with its lines."""
    shop = Shop()
    outcome = shop.deliver()
    assert isinstance(outcome, Accepted)
    shop.simulator.cancel_order(outcome.receipt.id)
    assert shopify.find_orders(shop.connection, [KEY])[KEY].cancelled
    [read] = shop.read()
    assert read.status == "cancelled"
    assert len(read.lines) == 2


def test_an_order_longer_than_a_page_comes_whole() -> None:
    """A hundred and twenty lines are written and read back, all of them."""
    shop = Shop()
    assert isinstance(shop.deliver(order_for(*((number, 1) for number in range(120)))), Accepted)
    [read] = shop.read()
    assert len(read.lines) == 120


def test_many_orders_are_read_page_by_page() -> None:
    """Pages are followed to the end and each order comes once."""
    shop = Shop(settings={"page_size": 2})
    for number in range(5):
        shop.deliver(key=f"joor:{number}")
        shop.clock.sleep(1)
    assert [order.number for order in shop.read()] == ["1001", "1002", "1003", "1004", "1005"]
    [page] = list(shopify.fetch_orders(shop.connection, OrderQuery(number="#1003")))
    assert [item.number for item in page.items] == ["1003"]


def test_a_small_bucket_is_waited_for() -> None:
    """A store with few points is asked slowly instead of being turned away."""
    shop = Shop(bucket_size=200, restore_rate=50)
    for number in range(30):
        assert isinstance(shop.deliver(key=f"joor:{number}"), Accepted)
    assert shop.clock.monotonic() > 0


def test_checking_the_connection() -> None:
    """The store is named; missing scopes stop it; another served version is a warning."""
    assert shopify.check_connection(Shop().connection).id == "example.myshopify.com"
    with pytest.raises(AuthenticationError, match="write_orders"):
        shopify.check_connection(Shop(scopes=("read_orders", "read_products")).connection)
    [warning] = shopify.check_connection(Shop(version="2026-07").connection).warnings
    assert "2026-07" in warning


def test_a_token_that_may_not_create_orders_stops_the_run() -> None:
    """Where the app's token does not count as offline, nothing is created and a person is told."""
    with pytest.raises(AuthenticationError, match="CreateOrder"):
        Shop(offline=False).deliver()


def test_orders_without_personal_data_are_not_read() -> None:
    """Orders whose addresses are held back would look complete; reading them stops and says why."""
    shop = Shop(personal_data=False)
    assert isinstance(shop.deliver(full_order()), Accepted)
    with pytest.raises(AuthenticationError, match="not approved to use"):
        shop.read()


@pytest.mark.parametrize(
    ("awkward", "identifier", "kind"),
    [
        pytest.param("duplicate_sku", "sku", Refused, id="two variants with one SKU"),
        pytest.param("duplicate_barcode", "barcode", Refused, id="two variants with one barcode"),
        pytest.param("other_case_sku", "sku", Accepted, id="a SKU that differs in case only"),
        pytest.param("longer_sku", "sku", Accepted, id="a SKU that begins like another"),
        pytest.param("untracked_sku", "sku", Accepted, id="an item that is not tracked"),
        pytest.param("oversold_sku", "sku", Accepted, id="an item that may be oversold"),
    ],
)
def test_awkward_codes(awkward: str, identifier: str, kind: type[Any]) -> None:
    """Only the very same code counts, and two variants with it are one too many."""
    shop = Shop(settings={"item_identifier": identifier})
    code = shop.simulator.awkward[awkward]
    line = lines_of((0, 2))[0].model_copy(update={"barcode": None, "sku": None, identifier: code})
    outcome = shop.deliver(order_for(lines=(line,)))
    assert type(outcome) is kind
    if isinstance(outcome, Refused):
        assert outcome.reason == "unknown_item"


def test_a_currency_the_store_does_not_take_holds_the_order() -> None:
    """The store's refusal is told with its words."""
    outcome = Shop(foreign_currency="refused").deliver(order_for(currency="EUR"))
    assert isinstance(outcome, Refused)


@pytest.mark.parametrize("currency", ["GBP", "EUR"])
def test_a_foreign_currency_can_be_held(currency: str) -> None:
    """With the setting on hold, only orders in the store's own currency are created."""
    shop = Shop(settings={"foreign_currency": "hold"})
    outcome = shop.deliver(order_for(currency=currency))
    assert outcome.outcome == ("accepted" if currency == "GBP" else "refused")
    assert len(shop.simulator.orders) == (1 if currency == "GBP" else 0)


@pytest.mark.parametrize(
    "switch",
    [
        {"whole_skus": True},
        {"whole_skus": False},
        {"variant_defaults": False},
        {"order_tax_split": "rounded"},
        {"included_taxes": "added"},
        {"search_delay": 0.0},
    ],
    ids=str,
)
@pytest.mark.parametrize("identifier", ["barcode", "sku"])
def test_orders_arrive_whatever_is_uncertain(switch: dict[str, Any], identifier: str) -> None:
    """What nobody has told about Shopify makes no difference to an order that says everything."""
    shop = Shop(settings={"item_identifier": identifier}, **switch)
    outcome = shop.deliver(full_order())
    assert isinstance(outcome, Accepted)
    assert outcome.receipt.remarks == ()


def test_an_expired_token_is_renewed() -> None:
    """A token that ends early is fetched anew without anybody noticing."""
    shop = Shop(token_lifetime=100)
    assert isinstance(shop.deliver(), Accepted)
    shop.clock.sleep(99)
    assert isinstance(shop.deliver(key="joor:2"), Accepted)


def test_no_secret_is_passed_on() -> None:
    """Neither the client's secret nor the token fetched with it shows in what is recorded of the exchanges."""
    simulator, recorded, tokens = Simulator(clock=FakeClock()), list[Exchange](), set[str | None]()

    def handler(request: Request) -> Response:
        tokens.add(request.headers.get("x-shopify-access-token"))
        return simulator.handle(request)

    checked = shopify.Settings.model_validate(simulator.settings())
    secret = checked.client_secret.get_secret_value() if checked.client_secret else ""
    http = Http(checked.service_url, clock=FakeClock(), handler=handler, secrets=[secret], on_exchange=recorded.append)
    shopify.check_connection(Connection("shop", "shopify", checked, http, FakeClock()))
    [token] = tokens - {None}
    assert len(recorded) == 2
    assert not any(hidden in repr(recorded) for hidden in (secret, str(token)))


def test_the_plugin_offers_the_simulator() -> None:
    """The hook gives the class the host plays the store with."""
    assert shopify.simulated_store() is Simulator


def test_over_real_http() -> None:
    """The same holds over a socket."""
    simulator = Simulator(clock=SystemClock())
    with SimulatorServer(simulator.handle) as server:
        connection = connect(simulator, SystemClock(), None, base_url=server.url)
        [outcome] = shopify.deliver_orders(connection, [Delivery(order_for(), KEY)])
        connection.close()
    assert isinstance(outcome, Accepted)
