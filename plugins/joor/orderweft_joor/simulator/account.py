"""One account: all that JOOR remembers of it, and which part answers which call."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from orderweft import Clock, Request, Response

from . import catalog, v2_wire, v4_wire
from .books import Books
from .customers import Customers
from .jobs import Jobs
from .model import Order
from .stock import Stock
from .style_job import StyleJob
from .switches import Switches
from .v2 import V2
from .v2_customers import Connections
from .v2_images import Images
from .v2_inventory import Inventory
from .v2_styles import Styles
from .v4 import V4
from .v4_assets import Assets
from .v4_collections import Collections
from .v4_prices import Prices
from .v4_products import Products

Answer = Callable[[Request], Response]


class Account:
    """The books, the catalog, the stock and the customers of one account, and the calls that reach them."""

    def __init__(
        self, orders: Iterable[Order], account_id: str, clock: Clock, switches: Switches, random_: random.Random
    ) -> None:
        self.books = Books(orders, clock, switches)
        self.catalog = catalog.Catalog(clock, switches)
        self.stock = Stock(self.catalog, self.books, switches)
        self.customers = Customers(clock, switches)
        self.v2 = v2_wire.Wire(switches, random_)
        self.v4 = v4_wire.Wire(account_id, switches)
        styles = StyleJob(self.catalog)
        self._jobs = Jobs({"style": styles.write, "connection": self.customers.try_write}, clock, switches, self.v2)
        self._answers = {**self._orders(switches), **self._v2(switches), **self._v4(switches)}

    def fill(self) -> None:
        """Add the sample brand's catalog, stock and customers."""
        catalog.fill(self.catalog)
        self.stock.fill()
        self.customers.fill()

    def answer(self, operation: str, request: Request) -> Response:
        """Answer *request*, after whatever time has brought about."""
        self._jobs.settle()
        self.customers.settle()
        return self._answers[operation](request)

    def _orders(self, switches: Switches) -> dict[str, Answer]:
        v2, v4 = V2(self.books, switches, self.v2), V4(self.books, switches, self.v4)
        return {
            "orders.read": v2.read_list,
            "order.read": v2.read_one,
            "orders.v4_read": v4.read,
            "orders.acknowledge": v4.bulk_update,
        }

    def _v2(self, switches: Switches) -> dict[str, Answer]:
        styles = Styles(self.catalog, self.stock.available, switches, self.v2)
        images = Images(self.catalog, self.v2)
        inventory = Inventory(self.stock, self.catalog, switches, self.v2)
        connections = Connections(self.customers, switches, self.v2)
        return {
            "styles.read": styles.read,
            "style.read": styles.read_one,
            "styles.write": self._jobs.start,
            "styles.job": self._jobs.poll,
            "images.create": images.create,
            "images.delete": images.delete,
            "inventory.write": inventory.write,
            "inventory.write_one": inventory.write_one,
            "customers.read": connections.read,
            "customer.read": connections.read_one,
            "customer.write": connections.write,
            "customer.delete": connections.delete,
            "customers.write": self._jobs.start,
            "customers.job": self._jobs.poll,
        }

    def _v4(self, switches: Switches) -> dict[str, Answer]:
        products = Products(self.catalog, self.books, switches, self.v4)
        prices = Prices(self.catalog, switches, self.v4)
        collections = Collections(self.catalog, switches, self.v4)
        assets = Assets(self.catalog, switches, self.v4)
        return {
            "products.read": products.read_products,
            "products.create": products.create_products,
            "products.update": products.update_products,
            "skus.read": products.read_skus,
            "skus.create": products.create_skus,
            "skus.update": products.update_skus,
            "skus.update_by_external_id": products.update_skus_by_external_id,
            "categories.read": products.read_categories,
            "traits.read": products.read_traits,
            "seasons.read": products.read_seasons,
            "price_types.read": prices.read_types,
            "prices.read": prices.read,
            "prices.create": prices.create,
            "prices.update": prices.update,
            "collections.read": collections.read,
            "collections.create": collections.create,
            "collections.update": collections.update,
            "assets.create": assets.create,
            "swatches.create": assets.create_swatches,
        }
