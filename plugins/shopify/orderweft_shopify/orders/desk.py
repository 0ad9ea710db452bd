"""Where orders come in at one store: checked, created once, found again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from orderweft import (
    Accepted,
    AlreadyThere,
    Connection,
    Delivery,
    NotSent,
    Order,
    OrderLine,
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

from ..catalog import Catalog, Found, Variant, quoted
from ..client import Client, Locations, RefusalError
from ..config import Settings
from ..customers import Customers
from ..inventory import is_shortage, shortages
from ..mapping import ORDER_KEY, Draft, differences, email_of, from_order, name_line, to_receipt

_Who = tuple[str | None, str | None]
_SEARCHED_AT_ONCE = 50
_MORE_STOCK = "add stock in Shopify, lower the order, or set check_stock = false"


class HeldError(RejectedError):
    """Raised when an order cannot go to the store as it is; carries the outcome."""

    def __init__(self, reason: Reason, message: str, fix: str | None = None) -> None:
        super().__init__(message)
        self.refused = Refused(reason=reason, message=message, fix=fix)


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

    def probe(self, orders: Sequence[Order]) -> list[Refused | None]:
        """Return what each order would be held for, were those before it delivered; nothing is created."""
        codes = [code for order in orders for line in order.lines if (code := self._code(line))]
        found = self._catalog.find(codes, with_levels=self._settings.check_stock) if codes else Found()
        taken, known = Counter[str](), dict[_Who, Refused | None]()
        return [self._lacking(order, found, taken, known) for order in orders]

    def _lacking(
        self, order: Order, found: Found, taken: Counter[str], known: dict[_Who, Refused | None]
    ) -> Refused | None:
        """Return what the store lacks for *order*, given what earlier ones have *taken*, and take what it needs."""
        try:
            self._probe(order, found, taken)
            who = order.customer.account_code, email_of(order)
            if who not in known:
                known[who] = self._lacks_customer(order)
        except HeldError as held:
            return held.refused
        except (RefusalError, TemplateError) as error:
            return Refused(reason="invalid_field", message=str(error))
        if known[who] is None and self._settings.reserve_stock:
            for line in order.lines:
                taken[found.variants[self._code(line)].id] += line.quantity
        return known[who]

    def _probe(self, order: Order, found: Found, taken: Counter[str]) -> None:
        self._check_currency(order)
        variants = self._variants(order, found)
        if self._settings.check_stock:
            self._check_stock(order, variants, self._locations.chosen(), taken)
        self._note.render(order=values_of(order))

    def _lacks_customer(self, order: Order) -> Refused | None:
        try:
            self._customer(order, create=False)
        except HeldError as held:
            return held.refused
        return None

    def _code(self, line: OrderLine) -> str:
        return getattr(line, self._settings.item_identifier) or ""

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

    def form(self, order: Order, key: str) -> Draft:
        """Return *order* as it would be created, whoever its customer is, without a look at the stock."""
        note = self._note.render(order=values_of(order)).strip()
        variants = self._variants(order, None)
        return from_order(
            Delivery(order, key), self._settings, variants=variants, customer="", location=None, note=note
        )

    def check_stock_for(self, order: Order, more: Mapping[str, int]) -> None:
        """Raise HeldError when *order* cannot have so many pieces more, by the gids of variants."""
        if not self._settings.check_stock or not more:
            return
        variants = self._variants(order, None)
        lines = [
            line.model_copy(update={"quantity": more[gid]})
            for line in order.lines
            if (gid := variants[self._code(line)].id) in more
        ]
        added = order.model_copy(update={"lines": tuple(lines)})
        self._check_stock(added, variants, self._locations.chosen())

    def _draft(self, order: Order, delivery: Delivery) -> Draft:
        self._check_currency(order)
        variants = self._variants(order, None)
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

    def _variants(self, order: Order, found: Found | None) -> Mapping[str, Variant]:
        by = self._settings.item_identifier
        codes = [self._code(line) for line in order.lines]
        nameless = [name_line(line) for line, code in zip(order.lines, codes, strict=True) if not code]
        if nameless or not order.lines:
            raise HeldError("invalid_field", f"no {by}: {'; '.join(nameless)}" if nameless else "it has no lines")
        if found is None:
            found = self._catalog.find(codes, with_levels=self._settings.check_stock)
        ambiguous = [name_line(line) for line in order.lines if self._code(line) in found.ambiguous]
        seen = found.ambiguous | set(found.variants)
        unknown = [name_line(line) for line in order.lines if self._code(line) not in seen]
        problems = [f"not in the store: {'; '.join(unknown)}"] if unknown else []
        problems += [f"several variants have the same {by}: {'; '.join(ambiguous)}"] if ambiguous else []
        if problems:
            fix = f"give each of them a product variant with that {by}, and no two variants the same one"
            raise HeldError("unknown_item", ". ".join(problems), fix)
        return found.variants

    def _check_stock(
        self,
        order: Order,
        variants: Mapping[str, Variant],
        location: str | None,
        taken: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        pairs = [(line, variants[self._code(line)]) for line in order.lines]
        short = shortages(pairs, location, taken)
        if short:
            each = "; ".join(f"{name_line(s.line)}: {s.wanted} wanted, {s.available} available" for s in short)
            raise HeldError("no_stock", f"not enough stock: {each}", _MORE_STOCK)

    def _customer(self, order: Order, *, create: bool = True) -> str:
        code = order.customer.account_code
        who = f"the account code {code!r}" if code else "the order's e-mail address"
        if not code and not email_of(order):
            raise HeldError("unknown_customer", "the customer has neither an account code nor an e-mail address")
        if not create and self._settings.create_customers:
            return ""
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
