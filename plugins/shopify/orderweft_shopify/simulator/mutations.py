"""The root mutation fields."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from graphql import GraphQLError

from .bulk import BulkOperations
from .bulk_mutations import BulkMutations
from .call import Args, Call
from .catalog_mutations import CatalogMutations
from .changing import TOO_MANY, Job, add_tags, request_cancel, update_order
from .creating import create_order
from .customer_mutations import CustomerMutations
from .customers import Customer, touch_customer
from .editing import EditMutations
from .idempotency import Keys
from .metafields import MAX_SET, HasMetafields, MetafieldDefinition, Metafields, full_namespace
from .orders import Order, touch
from .payments import PaymentTerms, set_terms
from .products import Product, ProductVariant, touch_product
from .stock import StockMutations
from .store import Store
from .values import Refusal, UserError, kind_of

_ORDERS_PER_MINUTE = 5
_WRITE = {
    "Customer": "write_customers",
    "CUSTOMER": "write_customers",
    "Order": "write_orders",
    "ORDER": "write_orders",
    "Product": "write_products",
    "PRODUCT": "write_products",
    "ProductVariant": "write_products",
    "PRODUCTVARIANT": "write_products",
}
"""The scope for changing what is attached to objects of a kind."""


class Mutation(StockMutations, CatalogMutations, CustomerMutations, BulkMutations, EditMutations):
    """Everything that can be done."""

    def __init__(self, store: Store, metafields: Metafields, keys: Keys, bulk: BulkOperations) -> None:
        super().__init__(store, metafields, keys, bulk)
        self._created: deque[float] = deque(maxlen=_ORDERS_PER_MINUTE)

    def order_create(self, call: Call, args: Args) -> SimpleNamespace:
        """Create an order."""
        if not call.switches.offline:
            message = "Access denied for orderCreate field. Required access: apps authenticated using offline tokens."
            raise Refusal(message, "ACCESS_DENIED")
        if self._too_many_orders():
            if call.switches.order_limit == "top_level":
                raise GraphQLError(TOO_MANY)
            return SimpleNamespace(order=None, user_errors=[UserError(TOO_MANY)])
        made = create_order(self._store, self._metafields, args["order"], args.get("options") or {})
        if isinstance(made, Order):
            self._created.append(self._store.clock.monotonic())
            return SimpleNamespace(order=made, user_errors=[])
        return SimpleNamespace(order=None, user_errors=made)

    def _too_many_orders(self) -> bool:
        limited = self._store.switches.order_limit != "off" and len(self._created) == _ORDERS_PER_MINUTE
        return limited and self._store.clock.monotonic() - self._created[0] < 60

    def order_update(self, _call: Call, args: Args) -> SimpleNamespace:
        """Change an order."""
        done = update_order(self._store, self._metafields, args["input"])
        if isinstance(done, Order):
            return SimpleNamespace(order=done, user_errors=[])
        return SimpleNamespace(order=None, user_errors=done)

    def order_cancel(self, _call: Call, args: Args) -> SimpleNamespace:
        """Cancel an order, a little later."""
        job = request_cancel(self._store, args)
        if isinstance(job, Job):
            return SimpleNamespace(job=job, order_cancel_user_errors=[], user_errors=[])
        return SimpleNamespace(job=None, order_cancel_user_errors=[job], user_errors=[job])

    def tags_add(self, call: Call, args: Args) -> SimpleNamespace:
        """Add tags to an order, a customer or a product."""
        kind = kind_of(args["id"])
        if kind in _WRITE:
            call.require([_WRITE[kind]], "tagsAdd")
        target = self._store.node(args["id"])
        if target is None or not hasattr(target, "tags"):
            return SimpleNamespace(node=None, user_errors=[UserError(f"{kind} does not exist", ("id",))])
        add_tags(self._store, target, args["tags"])
        return SimpleNamespace(node=target, user_errors=[])

    def payment_terms_create(self, _call: Call, args: Args) -> SimpleNamespace:
        """Give an order payment terms."""
        gid = args["referenceId"]
        order = self._store.find(Order, gid) if kind_of(gid) == "Order" else None
        done = set_terms(self._store, order, args["paymentTermsAttributes"])
        if isinstance(done, PaymentTerms):
            touch(self._store, done.order)
            return SimpleNamespace(payment_terms=done, user_errors=[])
        return SimpleNamespace(payment_terms=None, user_errors=[done])

    def metafield_definition_create(self, call: Call, args: Args) -> SimpleNamespace:
        """Create a metafield definition."""
        owner_type = args["definition"]["ownerType"]
        if owner_type in _WRITE:
            call.require([_WRITE[owner_type]], "metafieldDefinitionCreate")
        done = self._metafields.define(args["definition"])
        if isinstance(done, MetafieldDefinition):
            return SimpleNamespace(created_definition=done, user_errors=[])
        return SimpleNamespace(created_definition=None, user_errors=[done])

    def metafields_set(self, call: Call, args: Args) -> SimpleNamespace:
        """Write metafields, all or none."""
        given = args["metafields"]
        if len(given) > MAX_SET:
            message = f"Exceeded the maximum metafields input limit of {MAX_SET}."
            error = UserError(message, ("metafields",), "LESS_THAN_OR_EQUAL_TO")
            return SimpleNamespace(metafields=[], user_errors=[error])
        for each in given:
            kind = kind_of(each["ownerId"])
            if kind in _WRITE:
                call.require([_WRITE[kind]], "metafieldsSet")
        errors = [found for index, each in enumerate(given) if (found := self._metafield_error(index, each))]
        if errors:
            return SimpleNamespace(metafields=[], user_errors=errors)
        written = [self._metafields.write(self._store.node(each["ownerId"]), each) for each in given]
        for owner in {metafield.owner: None for metafield in written}:
            self._touch(owner)
        return SimpleNamespace(metafields=written, user_errors=[])

    def _touch(self, owner: HasMetafields) -> None:
        if isinstance(owner, Order):
            touch(self._store, owner)
        elif isinstance(owner, Customer):
            touch_customer(self._store, owner)
        elif isinstance(owner, ProductVariant):
            touch_product(self._store, owner.product, [owner])
        elif isinstance(owner, Product):
            touch_product(self._store, owner)

    def _metafield_error(self, index: int, given: Mapping[str, Any]) -> UserError | None:
        path, owner = ("metafields", str(index)), self._store.node(given["ownerId"])
        if not isinstance(owner, HasMetafields):
            return UserError("Owner does not exist.", (*path, "ownerId"), "INVALID", index)
        stored = owner.held.get((full_namespace(given.get("namespace")), given["key"]))
        if "compareDigest" in given and given["compareDigest"] != (stored.compare_digest if stored else None):
            message = (
                "The resource has been updated since it was loaded. Try again with an updated `compareDigest` value."
            )
            return UserError(message, path, "STALE_OBJECT", index)
        problem = self._metafields.problem(owner.owner_type, owner, given)
        return UserError(problem.message, (*path, problem.field), problem.code, index) if problem else None
