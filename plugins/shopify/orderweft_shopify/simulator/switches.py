"""What is uncertain about the real Shopify, and what differs from shop to shop, as switches."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

SCOPES = (
    "read_all_orders",
    "write_orders",
    "write_order_edits",
    "write_customers",
    "write_products",
    "write_inventory",
    "read_locations",
    "write_payment_terms",
    "write_merchant_managed_fulfillment_orders",
)


@dataclass(frozen=True, slots=True)
class Switches:
    """The keyword arguments of the simulator besides `clock` and `seed`."""

    currency: str = "GBP"
    """Currency of the shop."""
    presentment_currencies: Collection[str] = ("EUR", "USD", "JPY")
    """Further currencies customers may be shown."""
    scopes: Collection[str] = SCOPES
    """Access scopes granted; a write scope includes the read scope."""
    personal_data: bool = True
    """Whether the app may read names, addresses, e-mail addresses and phone numbers; if not: null and an error."""
    offline: bool = True
    """Whether client-credentials tokens count as offline tokens, which orderCreate asks for."""
    token_lifetime: int = 86399
    """Seconds until a token expires."""
    version: str | None = None
    """API version that answers whatever was asked for, as after a retirement."""
    bucket_size: int = 2000
    """Points the cost bucket holds."""
    restore_rate: int = 100
    """Points that come back per second."""
    search_delay: float = 5.0
    """Seconds until a write shows in search results."""
    identifier_delay: float = 0.0
    """Seconds until orderByIdentifier finds a new order by its custom id."""
    whole_skus: bool = False
    """Whether the index keeps SKUs and barcodes whole instead of cutting them at dashes, dots and slashes."""
    duplicate_external_id: Literal["refused", "accepted"] = "refused"
    """What orderCreate does with a unique metafield value that another order has."""
    out_of_stock_code: Literal["INVALID", "INVENTORY_CLAIM_FAILED"] = "INVALID"
    """Code of the refusal when DECREMENT_OBEYING_POLICY finds too little stock."""
    variant_defaults: bool = True
    """Whether a line without price, title or SKU takes the variant's; if not: price zero and blank texts."""
    order_limit: Literal["off", "user_error", "top_level"] = "off"
    """Whether a sixth order within a minute is refused, as on development stores, and where the refusal shows."""
    contact_limit: bool = False
    """Whether a second change of an order's email or phone within a minute is refused."""
    included_taxes: Literal["within", "added"] = "within"
    """Whether totals of orders with taxesIncluded leave the tax within the prices or add it."""
    order_tax_split: Literal["exact", "rounded"] = "exact"
    """Whether order-level tax spread over lines adds up to itself or each part is rounded alone."""
    foreign_currency: Literal["accepted", "refused"] = "accepted"
    """What orderCreate does with a `currency` other than the shop's."""
    custom_id_kept: bool = True
    """Whether a customer that customerSet creates by a custom id carries that id from then on."""
    job_seconds: float = 1.0
    """Seconds an asynchronous job takes, such as a cancellation, a large product or an image."""
    unstocked_location: Literal["accepted", "refused"] = "accepted"
    """What a write of stock does at a location where the item is not stocked: stock it there, or refuse all."""
    stale_field: Literal["entry", "quantity", "none"] = "quantity"
    """Where CHANGE_FROM_QUANTITY_STALE points at: the entry, its `changeFromQuantity`, or nothing."""
    stale_batch: Literal["refused", "partly"] = "refused"
    """Whether a stale entry refuses the whole batch, or the others are written."""
    replayed_quantities: Literal["current", "old"] = "current"
    """Whether a repeated call with an idempotency key shows quantities as they are, or as they were."""
    refused_key: Literal["replayed", "failed"] = "replayed"
    """What a repeated key gets after user errors: the same ones, or IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED."""
    working_seconds: float = 0.0
    """Seconds a call with an idempotency key counts as still running, whatever became of its answer."""
    sku_count: Literal["others", "all"] = "others"
    """Whether `duplicateSkuCount` leaves the item itself out."""
    handle_taken_code: Literal["none", "HANDLE_NOT_UNIQUE"] = "none"
    """Code of the refusal when another product has the handle."""
    bulk_seconds: float = 2.0
    """Seconds a bulk operation takes; a quarter of them it is CREATED, then RUNNING."""
    bulk_limit: int = 5
    """How many bulk queries, and as many bulk mutations, may run at once."""
    bulk_nesting: int = 2
    """How many connections deep a bulk query may be, the outermost one counted."""
    bulk_parent: Literal["node", "object"] = "node"
    """What `__parentId` names below an object within a node: the node, or that object."""

    @property
    def granted(self) -> frozenset[str]:
        """Return the scopes with the read scopes that write scopes include."""
        return frozenset(self.scopes) | {scope.replace("write_", "read_", 1) for scope in self.scopes}
