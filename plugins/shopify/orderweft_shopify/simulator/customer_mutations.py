"""The root mutation fields that change customers and their addresses."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

from .call import Args, Call
from .changes import Changes
from .customers import (
    Customer,
    MailingAddress,
    customer_by,
    customer_problems,
    normal_email,
    normal_phone,
    touch_customer,
    write_customer,
)
from .metafields import Metafields
from .store import Store
from .values import UserError

_NO_CUSTOMER = "Customer does not exist"
_NO_ADDRESS = "Address does not exist"


class CustomerMutations(Changes):
    """The mutations of customers."""

    def customer_create(self, _call: Call, args: Args) -> SimpleNamespace:
        """Create a customer."""
        return self._written(None, args)

    def customer_update(self, _call: Call, args: Args) -> SimpleNamespace:
        """Change a customer; addresses and tags replace the stored ones, metafields are added."""
        gid = args["input"].get("id")
        customer = self._store.find(Customer, gid) if gid else None
        if customer is None:
            return SimpleNamespace(customer=None, user_errors=[UserError(_NO_CUSTOMER, ("id",))])
        return self._written(customer, args)

    def customer_set(self, _call: Call, args: Args) -> SimpleNamespace:
        """Create or update a customer."""
        done = _set_customer(self._store, self._metafields, args.get("identifier"), args["input"])
        if isinstance(done, Customer):
            return SimpleNamespace(customer=done, user_errors=[])
        return SimpleNamespace(customer=None, user_errors=done)

    def customer_address_create(self, _call: Call, args: Args) -> SimpleNamespace:
        """Add an address; a customer's first one becomes the default address."""
        customer = self._store.find(Customer, args["customerId"])
        if customer is None:
            return SimpleNamespace(address=None, user_errors=[UserError(_NO_CUSTOMER, ("customerId",))])
        address = MailingAddress.of(self._store, args["address"])
        if any(other.parts == address.parts for other in customer.addresses):
            error = UserError("Address already exists", ("address",))
            return SimpleNamespace(address=None, user_errors=[error])
        customer.addresses.append(address)
        if args.get("setAsDefault") or customer.default_address is None:
            customer.default_address = address
        touch_customer(self._store, customer)
        return SimpleNamespace(address=address, user_errors=[])

    def customer_address_update(self, _call: Call, args: Args) -> SimpleNamespace:
        """Change the fields given of an address."""
        customer, address, errors = self._address(args)
        if customer is None or address is None:
            return SimpleNamespace(address=None, user_errors=errors)
        address.change(args["address"])
        if args.get("setAsDefault"):
            customer.default_address = address
        touch_customer(self._store, customer)
        return SimpleNamespace(address=address, user_errors=[])

    def customer_address_delete(self, _call: Call, args: Args) -> SimpleNamespace:
        """Delete an address; the next one becomes the default address."""
        customer, address, errors = self._address(args)
        if customer is None or address is None:
            return SimpleNamespace(deleted_address_id=None, user_errors=errors)
        customer.addresses.remove(address)
        if customer.default_address is address:
            customer.default_address = next(iter(customer.addresses), None)
        touch_customer(self._store, customer)
        return SimpleNamespace(deleted_address_id=address.id, user_errors=[])

    def customer_update_default_address(self, _call: Call, args: Args) -> SimpleNamespace:
        """Choose the default address."""
        customer, address, errors = self._address(args)
        if customer is None or address is None:
            return SimpleNamespace(customer=None, user_errors=errors)
        customer.default_address = address
        touch_customer(self._store, customer)
        return SimpleNamespace(customer=customer, user_errors=[])

    def _written(self, customer: Customer | None, args: Args) -> SimpleNamespace:
        given = args["input"]
        problems = customer_problems(self._store, given, customer, ())
        for index, each in enumerate(given.get("metafields") or ()):
            if found := self._metafields.problem("CUSTOMER", customer, each):
                problems.append(UserError(found.message, ("metafields", str(index), found.field)))
        if problems:
            return SimpleNamespace(customer=None, user_errors=problems)
        written = write_customer(self._store, given, customer)
        for metafield in given.get("metafields") or ():
            self._metafields.write(written, metafield)
        return SimpleNamespace(customer=written, user_errors=[])

    def _address(self, args: Args) -> tuple[Customer | None, MailingAddress | None, list[UserError]]:
        customer = self._store.find(Customer, args["customerId"])
        if customer is None:
            return None, None, [UserError(_NO_CUSTOMER, ("customerId",))]
        wanted = args["addressId"]
        address = next((each for each in customer.addresses if each.id == wanted), None)
        return customer, address, [] if address else [UserError(_NO_ADDRESS, ("addressId",))]


def _set_customer(
    store: Store, metafields: Metafields, identifier: Mapping[str, Any] | None, given: Mapping[str, Any]
) -> Customer | list[UserError]:
    """Create or update a customer; one made by a custom id may keep it."""
    if identifier is None:
        customer = store.find(Customer, given["id"]) if given.get("id") else None
        if given.get("id") and customer is None:
            return [UserError("Resource matching the identifier was not found.", ("input", "id"), "NOT_FOUND")]
    else:
        found = _identified(store, metafields, identifier, given)
        if isinstance(found, UserError):
            return [found]
        customer = found
    problems = customer_problems(store, given, customer, ("input",))
    if problems:
        return problems
    written = write_customer(store, given, customer)
    if customer is None and identifier and "customId" in identifier and store.switches.custom_id_kept:
        metafields.write(written, {**identifier["customId"], "type": "id"})
    return written


def _identified(
    store: Store, metafields: Metafields, identifier: Mapping[str, Any], given: Mapping[str, Any]
) -> Customer | UserError | None:
    if given.get("id"):
        return UserError("The id field is not allowed if identifier is provided.", ("input",), "ID_NOT_ALLOWED")
    ((name, value),) = identifier.items()
    if name == "customId":
        return cast("Customer | None", metafields.owner("CUSTOMER", value))
    if name == "id":
        customer = store.find(Customer, value)
        gone = UserError("Resource matching the identifier was not found.", ("input",), "NOT_FOUND")
        return customer or gone
    normal = normal_email if name == "email" else normal_phone
    if name not in given:
        message = f"The input field corresponding to the identifier is required: {name}."
        return UserError(message, ("input",), "MISSING_FIELD_REQUIRED")
    if normal(given[name]) != normal(value):
        message = "The identifier value does not match the value of the corresponding field in the input."
        return UserError(message, ("input",), "INPUT_MISMATCH")
    return customer_by(store, **{name: value})
