"""The root query fields."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from .bulk import BULK_FILTERS, BulkOperation, BulkOperations
from .call import Args, Call
from .changing import Job
from .customers import CUSTOMER_FILTERS, Customer, customer_identified
from .finding import BY_ID, CUSTOMER_SORTS, ORDER_SORTS, PRODUCT_SORTS, VARIANT_SORTS, Finder
from .fulfillment import FULFILLMENT_ORDER_FILTERS, Fulfillment, FulfillmentOrder
from .inventory import InventoryItem, InventoryLevel, Location
from .metafields import APP_NUMBER, MetafieldDefinition, Metafields, full_namespace
from .order_search import ORDER_FILTERS
from .orders import Count, Order
from .paging import Connection, page_of_rows
from .payments import PaymentTermsTemplate
from .product_set import ProductSetOperation, product_identified
from .products import ITEM_FILTERS, PRODUCT_FILTERS, VARIANT_FILTERS, Product, ProductVariant
from .schema import access_to, not_simulated, schema
from .store import Store
from .values import Refusal, kind_of

SHOP_NAME = "example"
VERSIONS = ("2026-07", "2026-10")


@dataclass(frozen=True)
class ShopPlan:
    """What the shop pays for."""

    partner_development: bool
    public_display_name: str
    shopify_plus: bool = False

    @property
    def display_name(self) -> str:
        """Return the name of the plan."""
        return self.public_display_name


@dataclass(frozen=True)
class ApiVersion:
    """A version of the API."""

    handle: str
    supported: bool = True

    @property
    def display_name(self) -> str:
        """Return the handle."""
        return self.handle


class QueryRoot(Finder):
    """Everything that can be asked for."""

    def __init__(self, store: Store, metafields: Metafields, bulk: BulkOperations) -> None:
        super().__init__(store)
        self._metafields = metafields
        self._bulk = bulk
        self._opened = store.now()

    @property
    def shop(self) -> SimpleNamespace:
        """Return the shop."""
        switches, domain = self._store.switches, f"{SHOP_NAME}.myshopify.com"
        trial = switches.order_limit != "off"
        return SimpleNamespace(
            id="gid://shopify/Shop/90000000001",
            name="Example Brand",
            myshopify_domain=domain,
            url=f"https://{domain}",
            email="shop@brand.example",
            contact_email="shop@brand.example",
            created_at=self._opened,
            updated_at=self._opened,
            currency_code=switches.currency,
            enabled_presentment_currencies=[switches.currency, *switches.presentment_currencies],
            taxes_included=False,
            tax_shipping=False,
            iana_timezone="Europe/London",
            timezone_abbreviation="GMT",
            timezone_offset="+0000",
            timezone_offset_minutes=0,
            unit_system="METRIC_SYSTEM",
            weight_unit="KILOGRAMS",
            order_number_format_prefix="#",
            order_number_format_suffix="",
            setup_required=False,
            plan=ShopPlan(trial, "Development" if trial else "Basic"),
        )

    @property
    def current_app_installation(self) -> SimpleNamespace:
        """Return the app as installed, with the scopes as they were granted."""
        scopes = [SimpleNamespace(handle=scope, description=scope) for scope in sorted(self._store.switches.scopes)]
        app = SimpleNamespace(
            id=f"gid://shopify/App/{APP_NUMBER}", handle="orders-app", title="Orders app", api_key="simulated-client-id"
        )
        return SimpleNamespace(id="gid://shopify/AppInstallation/80000000001", access_scopes=scopes, app=app)

    @property
    def public_api_versions(self) -> list[ApiVersion]:
        """Return the versions served."""
        return [ApiVersion(version) for version in VERSIONS]

    def payment_terms_templates(self, _call: Call, args: Args) -> list[PaymentTermsTemplate]:
        """Return the payment terms the shop knows."""
        wanted = args.get("paymentTermsType")
        return [each for each in self._store.all(PaymentTermsTemplate) if wanted in (None, each.payment_terms_type)]

    def location(self, _call: Call, args: Args) -> Location | None:
        """Return a location, the first one without an id."""
        return self._store.find(Location, args["id"]) if args.get("id") else self._store.all(Location)[0]

    def locations(self, _call: Call, args: Args) -> list[Location]:
        """Return the locations; inactive ones only when asked for."""
        if args.get("query") or args.get("sortKey") not in ("NAME", "ID"):
            raise not_simulated("locations with a query or that sort key")
        found = [each for each in self._store.all(Location) if each.is_active or args.get("includeInactive")]
        return sorted(found, key=lambda each: each.name) if args["sortKey"] == "NAME" else found

    def product(self, _call: Call, args: Args) -> Product | None:
        """Return a product."""
        return self._store.find(Product, args["id"])

    def products(self, call: Call, args: Args) -> Connection:
        """Search products."""
        return self._search(call, Product, PRODUCT_FILTERS, PRODUCT_SORTS, args, "products")

    def products_count(self, call: Call, args: Args) -> Count:
        """Count the products a search finds."""
        return _count(self._rows(call, Product, PRODUCT_FILTERS, "id", args, "productsCount"), args)

    def product_by_identifier(self, _call: Call, args: Args) -> Product | None:
        """Return a product by id, handle or custom id; sees writes at once."""
        return product_identified(self._store, self._metafields, args["identifier"])

    def product_operation(self, _call: Call, args: Args) -> ProductSetOperation | None:
        """Return what became of a product that is set in the background."""
        return self._store.find(ProductSetOperation, args["id"])

    def product_variant(self, _call: Call, args: Args) -> ProductVariant | None:
        """Return a variant."""
        return self._store.find(ProductVariant, args["id"])

    def product_variants(self, call: Call, args: Args) -> Connection:
        """Search variants."""
        return self._search(call, ProductVariant, VARIANT_FILTERS, VARIANT_SORTS, args, "productVariants")

    def inventory_item(self, _call: Call, args: Args) -> InventoryItem | None:
        """Return a stocked item."""
        return self._store.find(InventoryItem, args["id"])

    def inventory_level(self, _call: Call, args: Args) -> InventoryLevel | None:
        """Return a level."""
        return self._store.find(InventoryLevel, args["id"])

    def inventory_items(self, call: Call, args: Args) -> Connection:
        """Search stocked items."""
        return page_of_rows(
            self._rows(call, InventoryItem, ITEM_FILTERS, "id", args, "inventoryItems"), args, "ID", whole=call.whole
        )

    def customer(self, _call: Call, args: Args) -> Customer | None:
        """Return a customer."""
        return self._store.find(Customer, args["id"])

    def customer_by_identifier(self, _call: Call, args: Args) -> Customer | None:
        """Return a customer by id, e-mail address or phone number; sees writes at once."""
        return customer_identified(self._store, self._metafields, args["identifier"])

    def customers(self, call: Call, args: Args) -> Connection:
        """Search customers."""
        return self._search(call, Customer, CUSTOMER_FILTERS, CUSTOMER_SORTS, args, "customers")

    def order(self, _call: Call, args: Args) -> Order | None:
        """Return an order."""
        return self._visible(self._store.find(Order, args["id"]))

    def order_by_identifier(self, _call: Call, args: Args) -> Order | None:
        """Return an order by id or custom id."""
        ((name, value),) = args["identifier"].items()
        if name == "id":
            return self._visible(self._store.find(Order, value))
        known = self._store.clock.monotonic() - self._store.switches.identifier_delay
        for owner in self._metafields.owners("ORDER", value):
            if isinstance(owner, Order) and owner.born <= known:
                return self._visible(owner)
        return None

    def orders(self, call: Call, args: Args) -> Connection:
        """Search orders."""
        return self._search(call, Order, ORDER_FILTERS, ORDER_SORTS, args, "orders")

    def orders_count(self, call: Call, args: Args) -> Count:
        """Count the orders a search finds."""
        return _count(self._rows(call, Order, ORDER_FILTERS, "id", args, "ordersCount"), args)

    def fulfillment(self, _call: Call, args: Args) -> Fulfillment | None:
        """Return a parcel."""
        return self._store.find(Fulfillment, args["id"])

    def fulfillment_orders(self, call: Call, args: Args) -> Connection:
        """Search fulfillment orders; closed ones only when asked for."""
        found = self._rows(call, FulfillmentOrder, FULFILLMENT_ORDER_FILTERS, "id", args, "fulfillmentOrders")
        rows = [row for row in found if args.get("includeClosed") or row[1].status not in ("CLOSED", "CANCELLED")]
        if args.get("sortKey") not in (None, "ID"):
            raise not_simulated(f"fulfillmentOrders sorted by {args['sortKey']}")
        return page_of_rows(rows, args, "ID", whole=call.whole)

    def bulk_operation(self, _call: Call, args: Args) -> BulkOperation | None:
        """Return a bulk operation."""
        return self._store.find(BulkOperation, args["id"])

    def bulk_operations(self, call: Call, args: Args) -> Connection:
        """Search bulk operations; these are found at once."""
        return self._search(call, BulkOperation, BULK_FILTERS, BY_ID, args, "bulkOperations")

    def current_bulk_operation(self, _call: Call, args: Args) -> BulkOperation | None:
        """Return the latest bulk query or bulk mutation."""
        return self._bulk.latest(args["type"])

    def fulfillment_order(self, _call: Call, args: Args) -> FulfillmentOrder | None:
        """Return a fulfillment order."""
        return self._store.find(FulfillmentOrder, args["id"])

    def job(self, _call: Call, args: Args) -> Job | None:
        """Return a job."""
        return self._store.find(Job, args["id"])

    def metafield_definition(self, _call: Call, args: Args) -> MetafieldDefinition | None:
        """Return a definition."""
        if args.get("id"):
            return self._store.find(MetafieldDefinition, args["id"])
        wanted = args.get("identifier")
        if wanted is None:
            raise Refusal("Either id or identifier must be provided.", "BAD_REQUEST")
        return self._metafields.definition(wanted["ownerType"], full_namespace(wanted.get("namespace")), wanted["key"])

    def metafield_definitions(self, _call: Call, args: Args) -> list[MetafieldDefinition]:
        """Return the definitions of one owner type."""
        if args.get("query"):
            raise not_simulated("metafieldDefinitions with a query")
        namespace = full_namespace(args["namespace"]) if args.get("namespace") else None
        return [
            each
            for each in self._store.all(MetafieldDefinition)
            if each.owner_type == args["ownerType"]
            and namespace in (None, each.namespace)
            and args.get("key") in (None, each.key)
        ]

    def node(self, call: Call, args: Args) -> Any:
        """Return an object of any kind by id."""
        return self._node(call, args["id"], "node")

    def nodes(self, call: Call, args: Args) -> list[Any]:
        """Return objects of any kind by id, null for those that are not there."""
        return [self._node(call, gid, "nodes") for gid in args["ids"]]

    def _node(self, call: Call, gid: str, name: str) -> Any:
        scopes = access_to(schema().type_map.get(kind_of(gid)))
        if scopes:
            call.require(scopes, name)
        found = self._store.node(gid)
        return self._visible(found) if isinstance(found, Order) else found


def _count(found: Sized, args: Args) -> Count:
    limit = args.get("limit")
    return Count(len(found)) if limit is None or len(found) <= limit else Count(limit, "AT_LEAST")
