"""Customers of a Shopify store: read them, write them, and find or create the one an order belongs to."""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from orderweft import (
    Accepted,
    Address,
    AlreadyThere,
    ChannelError,
    Connection,
    Customer,
    NotSent,
    Order,
    OrderCustomer,
    Outcome,
    Receipt,
    RecordPage,
    Refused,
    RejectedError,
    UnavailableError,
    Unknown,
    UnknownOutcomeError,
    Unread,
    first_mistake,
    hookimpl,
)
from pydantic import ValidationError

from .client import Client, RefusalError
from .config import Settings
from .mapping import (
    ROLES_KEY,
    Source,
    changed_account,
    contact_of,
    email_of,
    from_customer,
    is_same,
    keyed_addresses,
    number_of,
    phone_of,
    roles_of,
    sent_address,
    to_account,
)

ACCOUNT_KEY = "account_code"
"""Key of the metafield that carries the account code on a customer."""
REACH = 10_000
"""Customers read with one search; Shopify lets nobody page beyond 25,000."""


class Customers:
    """The customers of one store; use `connection.once(Customers)`."""

    def __init__(self, connection: Connection[Settings]) -> None:
        self._client = connection.once(Client)
        self._settings = connection.settings
        self._lock = threading.Lock()
        self._account = {"namespace": connection.settings.metafield_namespace, "accountKey": ACCOUNT_KEY}

    def resolve(self, order: Order) -> str | None:
        """Return the gid of the order's customer, created if need be and allowed; None when there is none."""
        customer = order.customer.model_copy(update={"email": email_of(order)})
        if not customer.account_code and not customer.email:
            return None
        found, _ = self._find(customer)
        if found is not None or not self._settings.create_customers:
            return found
        # One at a time, so that two orders of one new customer do not create two.
        with self._lock:
            found, free_email = self._find(customer)
            return found or self._create(customer, free_email)

    def _find(self, customer: OrderCustomer) -> tuple[str | None, str | None]:
        """Return the gid of the customer, and the e-mail address if it is free for a new one."""
        code = customer.account_code
        if code and (node := self._ask({"customId": self._custom_id(code)})):
            return node["id"], None
        node = self._ask({"emailAddress": customer.email}) if customer.email else None
        if node is None:
            return None, customer.email
        other = (node["accountCode"] or {}).get("value")
        # Retailers that share an address are still two accounts.
        return (None, None) if code and other and other != code else (node["id"], None)

    def _ask(self, identifier: Mapping[str, Any]) -> dict[str, Any] | None:
        try:
            data = self._client.query("FindCustomer", identifier=identifier, **self._account)
        except RefusalError as refusal:
            # The metafield has no definition yet, so no customer carries it.
            if refusal.codes == {"NOT_FOUND"}:
                return None
            raise
        node: dict[str, Any] | None = data["customerByIdentifier"]
        return node

    def _create(self, customer: OrderCustomer, email: str | None) -> str:
        code = customer.account_code
        if code:
            self._client.define_metafield("CUSTOMER", ACCOUNT_KEY, "Account code")
        identifier = {"customId": self._custom_id(code)} if code else {"email": email}
        given = from_customer(customer, email)
        sent: dict[str, Any] = {"input": given, "identifier": identifier, **self._account}
        made = self._client.mutate("CreateCustomer", "customer", **sent).made
        if code and not made.get("accountCode"):
            metafield = {**self._custom_id(code), "type": "id", "ownerId": made["id"]}
            self._client.mutate("SetMetafields", "metafields", metafields=[metafield])
        return str(made["id"])

    def _custom_id(self, code: str) -> dict[str, str]:
        return {"namespace": self._settings.metafield_namespace, "key": ACCOUNT_KEY, "value": code}


@hookimpl
def read_customers(connection: Connection[Settings]) -> Iterator[RecordPage]:
    """Yield the customers that have an account code, or all of them if the settings say so."""
    settings, source = connection.settings, Source(connection.channel, connection.name)
    accounts = connection.once(Accounts)
    whole = True
    for nodes in accounts.pages():
        records: list[Customer] = []
        unread: list[Unread] = []
        for node in nodes:
            if settings.customers == "accounts" and not node["accountCode"]:
                continue
            try:
                records.append(to_account(node, accounts.addresses(node), source))
            except ValidationError as error:
                label = (node["accountCode"] or {}).get("value") or f"customer {number_of(node['id'])}"
                unread.append(Unread(node["id"], label, first_mistake(error)))
        whole = whole and not unread
        yield RecordPage(tuple(records), tuple(unread))
    yield RecordPage((), complete=whole)


@hookimpl
def write_customers(connection: Connection[Settings], customers: Sequence[Customer]) -> list[Outcome]:
    """Create each customer, or bring the one with its account code up to date."""
    accounts = connection.once(Accounts)
    outcomes: list[Outcome] = []
    for customer in customers:
        visit = _Visit(accounts, customer)
        try:
            outcomes.append(visit.outcome())
        except RejectedError as refusal:
            outcomes.append(_refused(customer, refusal))
        except ChannelError as error:
            if visit.wrote or isinstance(error, UnknownOutcomeError):
                outcomes.append(Unknown(message=str(error)))
            elif not any(isinstance(outcome, Accepted | Unknown) for outcome in outcomes):
                raise
            else:
                outcomes.append(NotSent(message=str(error), retry_after=error.retry_after))
    return outcomes


def _refused(customer: Customer, refusal: RejectedError) -> Refused:
    problems = refusal.problems if isinstance(refusal, RefusalError) else ()
    for problem in problems:
        told = f"{problem.field} {problem.message}".lower()
        if problem.code == "TAKEN" or "already been taken" in told:
            what = "phone number" if "phone" in told else "e-mail address"
            text = f"{customer.label}: its {what} belongs to another customer of the store"
            return Refused(reason="invalid_field", message=text, fix=f"give it a {what} of its own, or merge the two")
    return Refused(reason="invalid_field", message=f"{customer.label}: {refusal}")


class Accounts:
    """The customers of one store as accounts; use `connection.once(Accounts)`."""

    def __init__(self, connection: Connection[Settings]) -> None:
        self._client = connection.once(Client)
        self._namespace = connection.settings.metafield_namespace
        self._domain = connection.settings.domain
        self._names = {"namespace": self._namespace, "accountKey": ACCOUNT_KEY, "rolesKey": ROLES_KEY}

    def pages(self) -> Iterator[list[dict[str, Any]]]:
        """Yield all customers page by page."""
        search = ""
        while True:
            rows, last = 0, ""
            for page in self._client.pages("ReadCustomers", "customers", query=search, **self._names):
                yield page["nodes"]
                rows, last = rows + len(page["nodes"]), page["nodes"][-1]["id"] if page["nodes"] else last
                if rows >= REACH:
                    break
            else:
                return
            before, search = search, f"id:>{number_of(last)}"
            if search == before:
                raise UnavailableError("ReadCustomers: Shopify's customers do not go on", retry_after=60)

    def addresses(self, node: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return all addresses of the customer *node*."""
        page = node["addressesV2"]
        addresses = list(page["nodes"])
        if page["pageInfo"]["hasNextPage"]:
            at, after = "customer.addressesV2", page["pageInfo"]["endCursor"]
            addresses += self._client.nodes("ReadAddresses", at, customer=node["id"], after=after)
        return addresses

    def find(self, customer: Customer) -> dict[str, Any] | None:
        """Return the store's customer with the account code, or else with the e-mail address and no account code."""
        found = self._ask({"customId": self._code(customer)})
        email = contact_of(customer).email
        if found is None and email and (found := self._ask({"emailAddress": email})):
            other = (found["accountCode"] or {}).get("value")
            if other not in (None, customer.account_code):
                raise RejectedError(f"its e-mail address belongs to the account {other!r} in the store")
        return found

    def create(self, customer: Customer) -> str:
        """Create a customer under its account code and return its gid."""
        sent: dict[str, Any] = {
            "input": changed_account(customer, None),
            "identifier": {"customId": self._code(customer)},
            "namespace": self._namespace,
            "accountKey": ACCOUNT_KEY,
        }
        made = self._client.mutate("CreateCustomer", "customer", **sent).made
        if not made["accountCode"]:
            self.tie(made["id"], customer)
        return str(made["id"])

    def tie(self, id_: str, customer: Customer) -> None:
        """Give the customer *id_* the account code."""
        self._remember(id_, {**self._code(customer), "type": "id"})

    def define(self) -> None:
        """Make sure that account codes are unique."""
        self._client.define_metafield("CUSTOMER", ACCOUNT_KEY, "Account code")

    def change(self, id_: str, changes: Mapping[str, Any]) -> None:
        """Change some fields of the customer *id_* and leave all others alone."""
        self._client.mutate("SetCustomer", "customer", input=changes, identifier={"id": id_})

    def add_address(self, id_: str, address: Mapping[str, Any], *, is_default: bool) -> str:
        """Give the customer one address more and return its gid."""
        sent: dict[str, Any] = {"customer": id_, "address": address, "isDefault": is_default}
        return str(self._client.mutate("AddAddress", "address", **sent).made["id"])

    def change_address(self, id_: str, address_id: str, address: Mapping[str, Any]) -> None:
        """Change one address of the customer."""
        self._client.mutate("ChangeAddress", "address", customer=id_, id=address_id, address=address)

    def remember_roles(self, id_: str, roles: Mapping[str, str]) -> None:
        """Note which address is for what."""
        value = json.dumps(roles, sort_keys=True)
        self._remember(id_, {"namespace": self._namespace, "key": ROLES_KEY, "type": "json", "value": value})

    def receipt(self, id_: str, remarks: Sequence[str] = ()) -> Receipt:
        """Return what the store gives in return for a customer."""
        url = f"https://{self._domain}/admin/customers/{number_of(id_)}"
        return Receipt(id=id_, url=url, remarks=tuple(remarks))

    def _remember(self, id_: str, metafield: Mapping[str, str]) -> None:
        self._client.mutate("SetMetafields", "metafields", metafields=[{**metafield, "ownerId": id_}])

    def _ask(self, identifier: Mapping[str, Any]) -> dict[str, Any] | None:
        node: dict[str, Any] | None
        node = self._client.query("ReadCustomer", identifier=identifier, **self._names)["customerByIdentifier"]
        return node

    def _code(self, customer: Customer) -> dict[str, str]:
        if not customer.account_code:
            raise RejectedError("it has no account code")
        return {"namespace": self._namespace, "key": ACCOUNT_KEY, "value": customer.account_code}


class _Visit:
    """The writing of one customer."""

    def __init__(self, accounts: Accounts, customer: Customer) -> None:
        self._accounts, self._customer = accounts, customer
        self.wrote = False
        """Whether anything was changed; what fails from then on leaves it half done, and repeating completes it."""
        self._added: dict[str, dict[str, Any]] = {}

    def outcome(self) -> Outcome:
        """Write the customer and say what came of it."""
        accounts, customer = self._accounts, self._customer
        accounts.define()
        stored = accounts.find(customer)
        if stored is None:
            id_ = accounts.create(customer)
            self.wrote = True
        else:
            id_ = stored["id"]
            if not stored["accountCode"]:
                accounts.tie(id_, customer)
                self.wrote = True
            if changes := changed_account(customer, stored):
                accounts.change(id_, changes)
                self.wrote = True
        self._put_addresses(id_, stored)
        contact = contact_of(customer)
        remarks = ("phone numbers that are not in international form were left out",)
        receipt = accounts.receipt(id_, remarks if contact.phone and not phone_of(contact) else ())
        return Accepted(receipt=receipt) if self.wrote else AlreadyThere(receipt=receipt)

    def _put_addresses(self, id_: str, stored: Mapping[str, Any] | None) -> None:
        """Bring the addresses the customer has of ours up to date, and leave all others alone."""
        there = {node["id"]: node for node in self._accounts.addresses(stored)} if stored else {}
        before = roles_of(stored) if stored else {}
        roles = dict(before)
        for key, address in keyed_addresses(self._customer):
            shared = [roles[other] for other in roles if other != key]
            roles[key] = self._put_address(id_, address, roles.get(key), there, shared)
        if roles != before:
            self._accounts.remember_roles(id_, roles)
            self.wrote = True

    def _put_address(
        self,
        id_: str,
        address: Address,
        known: str | None,
        there: Mapping[str, Mapping[str, Any]],
        shared: Collection[str],
    ) -> str:
        """Return the gid of *address*, changed or added if need be; one that is *shared* is not changed."""
        given = sent_address(address, self._customer)
        if known is not None and known in there and (is_same(given, there[known]) or known not in shared):
            if not is_same(given, there[known]):
                self._accounts.change_address(id_, known, given)
                self.wrote = True
            return known
        same = next((address_id for address_id, node in there.items() if is_same(given, node)), None)
        # Shopify refuses a second address that is the same in all its parts.
        same = same or next((address_id for address_id, added in self._added.items() if added == given), None)
        if same is not None:
            return same
        self.wrote = True
        made = self._accounts.add_address(id_, given, is_default=address.role == "delivery" and not there)
        self._added[made] = given
        return made
