"""Where orders are handed over to one tenant: checked, written as files, found again."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace

from orderweft import (
    Accepted,
    Address,
    AddressRole,
    AlreadyThere,
    AuthenticationError,
    Connection,
    Delivery,
    NotSent,
    Order,
    Outcome,
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
    values_of,
)

from ..catalog import Assortment, Calendar
from ..client import Client, Numbered, Outbox, Result, Sent, Table, View, numbered, refusal
from ..config import PROFILE, Settings
from ..customers import Accounts, AddressBook, currency_of
from ..mapping import (
    Barcodes,
    Draft,
    address_key,
    batch_id,
    folded,
    from_address,
    from_order,
    item_cells,
    name_line,
)


class HeldError(RejectedError):
    """Raised when an order cannot go to Zedonk as it is; carries the outcome."""

    def __init__(self, reason: Reason, message: str, fix: str | None = None) -> None:
        super().__init__(message)
        self.refused = Refused(reason=reason, message=message, fix=fix)


def check_seasons(client: Client, settings: Settings) -> Table | None:
    """Return the seasons export; raises SettingsError when a season or the owner in the settings is not in Zedonk."""
    table = client.table_if_any("seasons")
    known = {row.text("Season") for row in table.rows} if table else None
    given = {
        "import_season": [settings.import_season] if settings.import_season else [],
        "price_seasons": settings.price_seasons,
        "stock_seasons": settings.stock_seasons,
    }
    for setting, seasons in given.items():
        for season in seasons:
            if known is not None and season not in known:
                names = ", ".join(sorted(filter(None, known))) or "none"
                raise SettingsError(f"{setting}: Zedonk has no season {season!r}; it has {names}")
    users = client.table_if_any("users") if settings.order_owner else None
    if users is not None and settings.order_owner not in {row.text("User") for row in users.rows}:
        raise SettingsError(f"order_owner: Zedonk has no user {settings.order_owner!r}")
    return table


class Desk:
    """Where orders are handed over to one tenant; use `connection.once(Desk)`."""

    def __init__(self, connection: Connection[Settings]) -> None:
        self._settings = settings = connection.settings
        self._client = client = connection.once(Client)
        self._outbox = Outbox(client.folder, settings, connection.clock)
        self._reference = Template(settings.order_reference_template)
        self._comments = Template(settings.comments_template)
        dataset = PROFILE.datasets["orders"]
        self._columns = dataset.columns if settings.order_columns == "extended" else dataset.required
        self._has_written = False
        # What is in the folder decides whether a file is written, so one thread looks and writes at a time.
        self._turn = threading.Lock()

    def deliver(self, deliveries: Sequence[Delivery]) -> list[Outcome]:
        """Hand each order over unless it was before, and say what came of it."""
        views: dict[str, View] = {}
        with self._turn:
            self._has_written = False
            return [self._outcome(delivery, views) for delivery in deliveries]

    def _outcome(self, delivery: Delivery, views: dict[str, View]) -> Outcome:
        try:
            return self._deliver(delivery, views)
        except HeldError as held:
            return held.refused
        except RejectedError as error:
            return Refused(reason="refused", message=str(error))
        except TemplateError as error:
            return Refused(reason="invalid_field", message=str(error))
        except UnavailableError as error:
            return NotSent(message=str(error), retry_after=error.retry_after)
        except UnknownOutcomeError as error:
            self._has_written = True
            return Unknown(message=str(error))
        except (AuthenticationError, SettingsError) as error:
            if not self._has_written:
                raise
            return NotSent(message=str(error))

    def _deliver(self, delivery: Delivery, views: dict[str, View]) -> Outcome:
        view = self._view("orders", views)
        base = batch_id(delivery.key)
        before = view.latest(base)
        if before is not None:
            became = self._became(view, before, {})
            if isinstance(became, Receipt):
                return AlreadyThere(receipt=became)
            if became.reason == "needs_person" and before.batch in view.results:
                # a part of it is in Zedonk, and the same lines once more would double it
                return became
        order = delivery.order
        draft = self._draft(order, delivery.key)
        known, remarks = self._addresses(order, draft.customer_name or order.customer.name, views)
        rows = from_order(order, replace(draft, addresses=known), self._columns)
        sent = self._put(view, base, rows)
        names = {order.season.name, order.season.code} - {None} if order.season else set()
        if draft.season and names and draft.season not in names:
            told = " ".join(sorted(filter(None, names)))
            remarks = [*remarks, f"Zedonk has no season {told}; sent as {draft.season} (import_season)"]
        return Accepted(receipt=self._receipt(sent, None, remarks))

    def probe(self, orders: Sequence[Order]) -> list[Refused | None]:
        """Return what each order would be held for, as far as the newest exports tell."""
        return [self._lacking(order) for order in orders]

    def _lacking(self, order: Order) -> Refused | None:
        try:
            self._draft(order, "")
        except HeldError as held:
            return held.refused
        except TemplateError as error:
            return Refused(reason="invalid_field", message=str(error))
        return None

    def _draft(self, order: Order, key: str) -> Draft:
        """Return what is written of *order*; raises HeldError when Zedonk would not know what it names."""
        values = values_of(order)
        reference = self._reference.render(order=values).strip()
        if not order.lines or not reference:
            what = "order_reference_template gives nothing for it" if order.lines else "it has no lines"
            raise HeldError("invalid_field", what)
        return Draft(
            key=key,
            reference=reference,
            customer_name=self._customer(order),
            items=self._items(order),
            season=self._season(order),
            approved=self._settings.import_approved,
            owner=self._settings.order_owner,
            comments=self._comments.render(order=values).strip(),
            currency=self._currency(order),
            is_line_total=self._settings.unit_price_means == "line_total",
            mark="," if self._settings.decimal_mark == "," else ".",
        )

    def _view(self, dataset: str, views: dict[str, View]) -> View:
        if dataset not in views:
            views[dataset] = self._outbox.look(dataset)
        return views[dataset]

    def _put(self, view: View, base: str, rows: Sequence[Mapping[str, str]]) -> Sent:
        try:
            sent = self._outbox.put(view, base, rows)
        except UnicodeEncodeError as error:
            lacks = error.object[error.start : error.end]
            raise HeldError(
                "invalid_field",
                f"the encoding {self._settings.encoding} has no {lacks!r}",
                'set encoding = "utf-8-sig"',
            ) from None
        self._has_written = True
        return sent

    # what Zedonk has to know before it takes an order

    def _items(self, order: Order) -> dict[str, dict[str, str | None]]:
        if not self._settings.check_items:
            return {line.key: item_cells(line) for line in order.lines}
        assortment = self._client.index(self._client.table("products"), self._assortment)
        found = {line.key: cells for line in order.lines if (cells := assortment.find(line)) is not None}
        unknown = [name_line(line) for line in order.lines if line.key not in found]
        if unknown:
            text = f"Zedonk has no one product with the barcode of: {'; '.join(unknown)}"
            raise HeldError("unknown_item", text, "give each product its barcode in Zedonk and export the products")
        return found

    def _assortment(self, table: Table) -> Assortment:
        settings = self._settings
        codes = (row.text("Barcode") for row in table.rows)
        return Assortment(table, Barcodes.of(codes, settings.barcode_match, settings.barcode_type))

    def _customer(self, order: Order) -> str | None:
        """Return the name Zedonk has for the customer."""
        code = order.customer.account_code
        if not code:
            raise HeldError("unknown_customer", "the order's customer has no account code", "give the customer one")
        if not self._settings.check_customers:
            return None
        accounts = self._client.index(self._client.table("customers"), Accounts)
        name = accounts.name(code)
        if name is None:
            fix = "make both codes exactly the same, or create the customer in Zedonk, and export the customers"
            raise HeldError("unknown_customer", accounts.problem(code), fix)
        return name

    def _season(self, order: Order) -> str | None:
        settings = self._settings
        table = check_seasons(self._client, settings)
        known = self._client.index(table, Calendar).counts if table else None
        wanted = order.season and ((settings.season_by == "name" and order.season.name) or order.season.code)
        if wanted and known and known[wanted] > 1:
            raise HeldError(
                "season_mismatch", f"Zedonk has {known[wanted]} seasons called {wanted!r}", "rename all but one of them"
            )
        fallback = settings.import_season
        if settings.order_columns == "community":
            if wanted and known and wanted in known and fallback not in (None, wanted):
                text = f"the order is of {wanted!r}, and everything in such a file goes to {fallback!r}"
                raise HeldError("season_mismatch", text, 'set order_columns = "extended", or change import_season')
            return None
        if wanted and (wanted == fallback or (known and wanted in known)):
            return wanted
        if wanted and known is None:
            text = f"nobody knows whether Zedonk has a season {wanted!r}, for it exports no seasons"
            raise HeldError("season_mismatch", text, "have the seasons exported, or set import_season to this one")
        if fallback is None:
            has = f"; it has {', '.join(map(repr, sorted(known)))}" if known else ""
            text = f"Zedonk has no season {wanted!r}{has}" if wanted else "the order has no season"
            raise HeldError("season_mismatch", text, "set import_season to the season such orders go to")
        return fallback

    def _currency(self, order: Order) -> str:
        settings = self._settings
        known: frozenset[str] | None = frozenset(settings.currencies) or None
        if known is None and settings.read_by == "files":
            table = self._client.table_if_any("prices", any_age=True)
            known = self._client.index(table, self._currencies) if table else None
        if known is not None and order.currency not in known:
            text = f"Zedonk has no currency {order.currency}; it has {', '.join(sorted(known))}"
            raise HeldError("invalid_field", text, "enable the currency in Zedonk and name it in currencies")
        names = {code: name for name, code in settings.currency_names.items()}
        return names.get(order.currency, order.currency)

    def _currencies(self, table: Table) -> frozenset[str] | None:
        names = {row.text("Currency") for row in table.rows} - {None}
        codes = {currency_of(name, self._settings) for name in names if name}
        return None if None in codes or not codes else frozenset(code for code in codes if code)

    def _addresses(
        self, order: Order, name: str | None, views: dict[str, View]
    ) -> tuple[dict[AddressRole, Mapping[str, str | None]], list[str]]:
        """Return the order's addresses that Zedonk's customer has, as it has them, and what a person should know.

        For each address it lacks a file is written.
        """
        known: dict[AddressRole, Mapping[str, str | None]] = {}
        code = order.customer.account_code
        given = [address for address in (order.address("delivery"), order.address("accounts")) if address]
        if not self._settings.add_addresses or not code or not given:
            return known, []
        table = self._client.table_if_any("addresses", any_age=True)
        if table is None:
            return known, ["Zedonk exports no addresses, so nobody compared those of the order"]
        book = self._client.index(table, AddressBook)
        for address in given:
            if row := book.find(address, code, name):
                known[address.role] = row.cells
            elif name and any((address.line1, address.postcode, address.city)):
                self._add(address, name, code, views)
        return known, []

    def _add(self, address: Address, name: str, code: str, views: dict[str, View]) -> None:
        view = self._view("addresses", views)
        base = batch_id("|".join((code, folded(address.name), *address_key(address))))
        if view.latest(base) is not None:
            return
        cells = from_address(address, name, code)
        columns = PROFILE.datasets["addresses"].columns
        try:
            self._put(view, base, [{column: cells.get(column) or "" for column in columns}])
        except UnknownOutcomeError as error:
            # the address may have been handed over; the order was not
            raise UnavailableError(str(error), retry_after=error.retry_after) from error

    # what became of what was handed over

    def find(self, keys: Sequence[str]) -> dict[str, Receipt | Refused]:
        """Return what became of those *keys* that were handed over."""
        view = self._outbox.look("orders")
        table = self._client.table_if_any("order_status")
        numbers = self._client.index(table, numbered) if table else {}
        found: dict[str, Receipt | Refused] = {}
        for key in keys:
            sent = view.latest(batch_id(key))
            if sent is not None:
                found[key] = self._became(view, sent, numbers, key)
            elif ("key", key) in numbers:
                found[key] = _with_number(Receipt(id=batch_id(key)), numbers["key", key])
        return found

    def _became(
        self, view: View, sent: Sent, numbers: Mapping[tuple[str, str], Numbered], key: str = ""
    ) -> Receipt | Refused:
        result = self._outbox.result(view, sent)
        if refused := refusal(sent, result):
            return refused
        receipt = self._receipt(sent, result)
        entry = numbers.get(("key", key))
        if entry is None and numbers and not receipt.pending:
            reference = self._outbox.first_row(sent).get("Order Reference", "")
            entry = numbers.get(("reference", reference))
        return _with_number(receipt, entry) if entry else receipt

    def _receipt(self, sent: Sent, result: Result | None, remarks: Sequence[str] = ()) -> Receipt:
        is_open = result is None and sent.place == "in"
        told = [*remarks, *(result.messages if result else ())]
        if is_open and self._settings.results == "wait":
            told.append(f"handed over as {sent.name}; Zedonk has not confirmed it yet")
        elif is_open:
            told.append(f"handed over as {sent.name}; Zedonk gives no answer")
        elif result is None:
            told.append(f"{sent.name} was moved to done/, and no result file says more")
        if self._settings.order_columns == "community":
            told.append("its season, approval and owner are those of Zedonk's import settings")
        return Receipt(
            id=sent.batch,
            at=sent.at,
            remarks=tuple(told),
            pending=is_open and self._settings.results == "wait",
        )


def _with_number(receipt: Receipt, entry: Numbered) -> Receipt:
    return receipt.model_copy(update={"number": entry.number, "cancelled": entry.is_closed, "pending": False})
