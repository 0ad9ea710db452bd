"""Orders of a Shopify store: deliver, find again, fetch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from orderweft import (
    Accepted,
    Account,
    AlreadyThere,
    AuthenticationError,
    Connection,
    Delivery,
    Fetched,
    Kind,
    NotSent,
    Order,
    OrderQuery,
    Origin,
    Outcome,
    Page,
    PluginError,
    Reason,
    Receipt,
    Refused,
    RejectedError,
    SettingsError,
    Template,
    TemplateError,
    UnavailableError,
    Unknown,
    UnknownOutcomeError,
    first_mistake,
    hookimpl,
    values_of,
)
from orderweft.testing import Simulator
from pydantic import ValidationError

from .catalog import Catalog, Variant, quoted
from .client import Client, Locations, RefusalError
from .config import Settings
from .customers import ACCOUNT_KEY, Customers
from .inventory import is_shortage, shortages
from .mapping import (
    ORDER_KEY,
    Draft,
    accepted,
    differences,
    email_of,
    from_order,
    iso,
    name_line,
    provided,
    to_order,
    to_receipt,
)

REACH = 10_000
"""Orders read with one search; Shopify lets nobody page beyond 25,000."""
_SEARCHED_AT_ONCE = 50
_MORE_STOCK = "add stock in Shopify, lower the order, or set check_stock = false"


class HeldError(RejectedError):
    """Raised when an order cannot go to the store as it is; carries the outcome."""

    def __init__(self, reason: Reason, message: str, fix: str | None = None) -> None:
        super().__init__(message)
        self.refused = Refused(reason=reason, message=message, fix=fix)


@hookimpl
def check_connection(connection: Connection[Settings]) -> Account:
    """Prove that the store lets us in, with every access scope and the location the settings need."""
    client, settings = connection.once(Client), connection.settings
    try:
        data = client.query("Shop")
    except RefusalError as refusal:
        raise SettingsError(str(refusal)) from refusal
    granted = {scope["handle"] for scope in data["currentAppInstallation"]["accessScopes"]}
    # A write scope includes the read scope: https://shopify.dev/docs/api/usage/access-scopes
    granted |= {scope.replace("write_", "read_", 1) for scope in granted if scope.startswith("write_")}
    missing = sorted(_needed_scopes(settings) - granted)
    if missing:
        text = f"the app lacks the access scopes {', '.join(missing)}; add them to the app and install it again"
        raise AuthenticationError(text)
    connection.once(Locations).check()
    shop, plan = data["shop"], data["shop"]["plan"]
    warnings = []
    if client.served_version not in (None, settings.api_version):
        warnings.append(f"Shopify serves API version {client.served_version} instead of {settings.api_version}")
    if plan["partnerDevelopment"] and settings.orders_per_minute is None:
        warnings.append("a development store takes five new orders a minute; set orders_per_minute = 5")
    if max(settings.first_run_days, settings.shipment_days) > 60 and "read_all_orders" not in granted:
        warnings.append("without the scope read_all_orders, orders older than 60 days cannot be read")
    details = (
        f"currency {shop['currencyCode']}",
        f"plan {plan['publicDisplayName']}",
        f"time zone {shop['ianaTimezone']}",
    )
    return Account(shop["myshopifyDomain"], shop["name"], details, tuple(warnings))


@hookimpl
def provides(connection: Connection[Settings], kind: Kind) -> dict[str, Any] | None:
    """Return what every record of *kind* read from the store has."""
    return provided(kind, connection.settings)


@hookimpl
def accepts(connection: Connection[Settings], kind: Kind) -> dict[str, Any] | None:
    """Return what a record of *kind* needs before the store takes it."""
    return accepted(kind, connection.settings)


@hookimpl(specname="simulator")
def simulated_store() -> type[Simulator]:
    """Return the class that plays a store in memory."""
    try:
        from .simulator import Simulator as Store  # noqa: PLC0415  it needs an extra that a running pipeline does not
    except ModuleNotFoundError as error:
        raise PluginError('the simulator needs more: pip install "orderweft-shopify[simulator]"') from error
    return Store


def _needed_scopes(settings: Settings) -> set[str]:
    scopes = {"write_orders", "read_products", "write_customers" if settings.create_customers else "read_customers"}
    if settings.check_stock:
        scopes |= {"read_inventory", "read_locations"}
    named = settings.location or settings.locations or settings.stock_location
    return scopes | {"read_locations"} if named else scopes


@hookimpl
def deliver_orders(connection: Connection[Settings], deliveries: Sequence[Delivery]) -> list[Outcome]:
    """Create each order once, under its key."""
    desk = connection.once(Desk)
    return [desk.deliver(delivery) for delivery in deliveries]


@hookimpl
def find_orders(connection: Connection[Settings], keys: Sequence[str]) -> dict[str, Receipt]:
    """Return the receipts of those *keys* the store has orders for."""
    return connection.once(Desk).find(keys)


@hookimpl
def fetch_orders(connection: Connection[Settings], query: OrderQuery) -> Iterator[Page]:
    """Yield the orders changed in a window of time, or those of one number."""
    if query.number is not None:
        name = query.number.removeprefix("#")
        search = f"name:{quoted(name)} OR name:{quoted('#' + name)}"
        for page in _read(connection, search):
            nodes = [node for node in page["nodes"] if node["name"].removeprefix("#") == name]
            yield Page(tuple(_fetched(connection, node) for node in nodes), query.bookmark)
        return
    settings = connection.settings
    if query.since is not None:
        start = query.since
    elif query.bookmark is not None:
        start = datetime.fromisoformat(query.bookmark) - timedelta(minutes=settings.overlap_minutes)
    else:
        start = connection.clock.now() - timedelta(days=settings.first_run_days)
    yield from _window(connection, start, query)


def _window(connection: Connection[Settings], start: datetime, query: OrderQuery) -> Iterator[Page]:
    bookmark, reached, rows = query.bookmark, start, 0
    for page in _read(connection, f"updated_at:>='{iso(start)}'"):
        if not page["nodes"]:
            continue
        newest = page["nodes"][-1]["updatedAt"]
        reached, rows = datetime.fromisoformat(newest), rows + len(page["nodes"])
        # What a person asks for out of turn must not move the point the next reading in turn goes on from.
        if query.since is None and (bookmark is None or reached > datetime.fromisoformat(bookmark)):
            bookmark = newest
        yield Page(tuple(_fetched(connection, node) for node in page["nodes"]), bookmark)
        if rows >= REACH and reached > start:
            yield from _window(connection, reached, OrderQuery(bookmark, query.since))
            return


def _read(connection: Connection[Settings], search: str) -> Iterator[dict[str, Any]]:
    settings = connection.settings
    names = {"namespace": settings.metafield_namespace, "accountKey": ACCOUNT_KEY}
    client = connection.once(Client)
    yield from client.pages("ReadOrders", "orders", query=search, first=settings.page_size, **names)


def _fetched(connection: Connection[Settings], node: Mapping[str, Any]) -> Fetched:
    page = node["lineItems"]
    lines = list(page["nodes"])
    if page["pageInfo"]["hasNextPage"]:
        client, after = connection.once(Client), page["pageInfo"]["endCursor"]
        lines += client.nodes("ReadLines", "order.lineItems", order=node["id"], after=after)
    return _understood(connection, node, lines)


def _understood(connection: Connection[Settings], node: Mapping[str, Any], lines: list[Any]) -> Fetched:
    payload = json.dumps({**node, "lineItems": lines}, default=str, ensure_ascii=False)
    id_, number = node["id"], node["name"].removeprefix("#")
    origin = Origin(channel=connection.channel, connection=connection.name, id=id_, revision=node["updatedAt"])
    try:
        order = to_order(node, lines, origin)
    except ValidationError as error:
        return Fetched(id_, number, None, payload, problem=first_mistake(error))
    return Fetched(id_, number, order, payload, skip="it is a test order" if node["test"] else None)


@hookimpl
def reread_order(connection: Connection[Settings], payload: str) -> Fetched:
    """Read a stored order again under the present settings."""
    node = json.loads(payload, parse_float=Decimal)
    return _understood(connection, node, node["lineItems"])


class Desk:
    """Where orders come in at one store; use `connection.once(Desk)`."""

    def __init__(self, connection: Connection[Settings]) -> None:
        self._settings = connection.settings
        self._client = connection.once(Client)
        self._catalog = connection.once(Catalog)
        self._customers = connection.once(Customers)
        self._locations = connection.once(Locations)
        self._note = Template(connection.settings.note_template)
        self._has_keys = False
        """Whether the store is known to have the metafield that makes an order's key unique."""

    def deliver(self, delivery: Delivery) -> Outcome:
        """Create one order unless its key is known, and say what came of it."""
        try:
            found = self._look_up(delivery.key)
            if found is not None:
                return AlreadyThere(receipt=found)
            draft = self._draft(delivery.order, delivery)
            found = self._ensure_keys(delivery.key)
        except HeldError as held:
            return held.refused
        except (RefusalError, TemplateError) as error:
            return Refused(reason="invalid_field", message=str(error))
        except (UnavailableError, UnknownOutcomeError) as error:
            # Whatever became of that call, it was not the one that creates the order.
            return NotSent(message=str(error), retry_after=error.retry_after)
        return AlreadyThere(receipt=found) if found is not None else self._create(delivery, draft)

    def find(self, keys: Sequence[str]) -> dict[str, Receipt]:
        """Return the receipts of *keys*: by the unique metafield, and at second sight by the source identifier."""
        found = {key: receipt for key in keys if (receipt := self._look_up(key)) is not None}
        missing = [key for key in keys if key not in found]
        for start in range(0, len(missing), _SEARCHED_AT_ONCE):
            batch = missing[start : start + _SEARCHED_AT_ONCE]
            search = " OR ".join(f"source_identifier:{quoted(key)}" for key in batch)
            for node in self._client.nodes("SearchOrders", "orders", query=search):
                if node["sourceIdentifier"] in batch:
                    found.setdefault(node["sourceIdentifier"], to_receipt(node, self._settings.domain))
        return found

    def _look_up(self, key: str) -> Receipt | None:
        identifier = {"namespace": self._settings.metafield_namespace, "key": ORDER_KEY, "value": key}
        try:
            node = self._client.query("FindOrder", identifier={"customId": identifier})["orderByIdentifier"]
        except RefusalError as refusal:
            # The metafield has no definition yet, so no order carries it.
            if refusal.codes == {"NOT_FOUND"}:
                return None
            raise
        self._has_keys = True
        return to_receipt(node, self._settings.domain) if node else None

    def _ensure_keys(self, key: str) -> Receipt | None:
        """Make sure that the store keeps keys unique, and look again if it did not until now."""
        if self._has_keys:
            return None
        self._client.define_metafield("ORDER", ORDER_KEY, "External id")
        found = self._look_up(key)
        if not self._has_keys:
            name = f"{self._settings.metafield_namespace}.{ORDER_KEY}"
            raise SettingsError(
                f"metafield_namespace: the store has a metafield {name} of another type; choose another"
            )
        return found

    def _draft(self, order: Order, delivery: Delivery) -> Draft:
        self._check_currency(order)
        variants = self._variants(order)
        location = self._locations.chosen()
        if self._settings.check_stock:
            self._check_stock(order, variants, location)
        note = self._note.render(order=values_of(order)).strip()
        customer = self._customer(order)
        return from_order(delivery, self._settings, variants=variants, customer=customer, location=location, note=note)

    def _check_currency(self, order: Order) -> None:
        if self._settings.foreign_currency == "send":
            return
        currency = self._client.currency()
        if order.currency != currency:
            text = f"the order is in {order.currency}, the store in {currency}"
            raise HeldError(
                "invalid_field", text, 'take the order in the store\'s currency, or set foreign_currency = "send"'
            )

    def _variants(self, order: Order) -> Mapping[str, Variant]:
        by = self._settings.item_identifier
        codes = [getattr(line, by) for line in order.lines]
        nameless = [name_line(line) for line, code in zip(order.lines, codes, strict=True) if not code]
        if nameless or not order.lines:
            raise HeldError("invalid_field", f"no {by}: {'; '.join(nameless)}" if nameless else "it has no lines")
        found = self._catalog.find(codes, with_levels=self._settings.check_stock)
        ambiguous = [name_line(line) for line in order.lines if getattr(line, by) in found.ambiguous]
        seen = found.ambiguous | set(found.variants)
        unknown = [name_line(line) for line in order.lines if getattr(line, by) not in seen]
        problems = [f"not in the store: {'; '.join(unknown)}"] if unknown else []
        problems += [f"several variants have the same {by}: {'; '.join(ambiguous)}"] if ambiguous else []
        if problems:
            fix = f"give each of them a product variant with that {by}, and no two variants the same one"
            raise HeldError("unknown_item", ". ".join(problems), fix)
        return found.variants

    def _check_stock(self, order: Order, variants: Mapping[str, Variant], location: str | None) -> None:
        pairs = [(line, variants[getattr(line, self._settings.item_identifier)]) for line in order.lines]
        short = shortages(pairs, location)
        if short:
            each = "; ".join(f"{name_line(s.line)}: {s.wanted} wanted, {s.available} available" for s in short)
            raise HeldError("no_stock", f"not enough stock: {each}", _MORE_STOCK)

    def _customer(self, order: Order) -> str:
        code = order.customer.account_code
        who = f"the account code {code!r}" if code else "the order's e-mail address"
        if not code and not email_of(order):
            raise HeldError("unknown_customer", "the customer has neither an account code nor an e-mail address")
        try:
            found = self._customers.resolve(order)
        except RefusalError as refusal:
            raise HeldError("unknown_customer", f"the customer with {who} cannot be created: {refusal}") from refusal
        if found is None:
            fix = "create the customer in Shopify, or set create_customers"
            raise HeldError("unknown_customer", f"the store has no customer with {who}", fix)
        return found

    def _create(self, delivery: Delivery, draft: Draft) -> Outcome:
        self._client.await_order_turn()
        try:
            node, problems = self._client.mutate("CreateOrder", "order", order=draft.order, options=draft.options)
        except RefusalError as refusal:
            return self._refused(delivery.key, refusal)
        except UnavailableError as error:
            return NotSent(message=str(error), retry_after=error.retry_after)
        except UnknownOutcomeError as error:
            return Unknown(message=str(error))
        remarks = [*draft.remarks, *map(str, problems), *differences(draft.totals, node, delivery.order.currency)]
        return Accepted(receipt=to_receipt(node, self._settings.domain, remarks))

    def _refused(self, key: str, refusal: RefusalError) -> Outcome:
        if any(problem.is_duplicate for problem in refusal.problems):
            found = self._look_up(key)
            # it is there, though the look-up does not see it yet
            return AlreadyThere(receipt=found) if found else Unknown(message=str(refusal))
        if any(is_shortage(problem) for problem in refusal.problems):
            return Refused(reason="no_stock", message=str(refusal), fix=_MORE_STOCK)
        reason: Reason = "invalid_field" if any(problem.field for problem in refusal.problems) else "refused"
        return Refused(reason=reason, message=str(refusal))
