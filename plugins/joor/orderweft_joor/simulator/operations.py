"""What a request asks for, by its method and path."""

from __future__ import annotations

import re

from orderweft import Request

_PATHS = (
    ("auth.token", "POST", r"/auth"),
    ("orders.read", "GET", r"/v2/order"),
    ("order.read", "GET", r"/v2/order/[^/]+"),
    ("orders.v4_read", "GET", r"/v4/orders"),
    ("orders.acknowledge", "POST", r"/v4/orders/bulk_update"),
    ("styles.read", "GET", r"/v2/style"),
    ("style.read", "GET", r"/v2/style/[^/]+|/v2/style-number/[^/]+/[^/]+"),
    ("styles.write", "POST", r"/v2/bulk-style"),
    ("styles.job", "GET", r"/v2/bulk-style/[^/]+"),
    ("images.create", "POST", r"/v2/style-number/[^/]+/[^/]+/image"),
    ("images.delete", "DELETE", r"/v2/style-number/[^/]+/[^/]+/image"),
    ("inventory.write", "POST|PUT", r"/v2/bulk-inventory"),
    ("inventory.write_one", "PUT", r"/v2/style-number/[^/]+/[^/]+/inventory"),
    ("customers.read", "GET", r"/v2/connection"),
    ("customer.read", "GET", r"/v2/connection/customer_code/[^/]+|/v2/connection/[^/]+"),
    ("customer.write", "POST|PUT", r"/v2/connection"),
    ("customer.delete", "DELETE", r"/v2/connection"),
    ("customers.write", "POST|PUT", r"/v2/bulk-connection"),
    ("customers.job", "GET", r"/v2/bulk-connection/[^/]+"),
    ("products.read", "GET", r"/v4/products"),
    ("products.create", "POST", r"/v4/products/bulk_create"),
    ("products.update", "POST", r"/v4/products/bulk_update"),
    ("skus.read", "GET", r"/v4/skus"),
    ("skus.create", "POST", r"/v4/skus/bulk_create"),
    ("skus.update", "POST", r"/v4/skus/bulk_update"),
    ("skus.update_by_external_id", "POST", r"/v4/skus/bulk_update_by_external_id"),
    ("price_types.read", "GET", r"/v4/price_types"),
    ("prices.read", "GET", r"/v4/prices"),
    ("prices.create", "POST", r"/v4/prices/bulk_create"),
    ("prices.update", "POST", r"/v4/prices/bulk_update"),
    ("categories.read", "GET", r"/v4/categories"),
    ("traits.read", "GET", r"/v4/traits"),
    ("seasons.read", "GET", r"/v4/seasons"),
    ("collections.read", "GET", r"/v4/collections"),
    ("collections.create", "POST", r"/v4/collections/bulk_create"),
    ("collections.update", "POST", r"/v4/collections/bulk_update"),
    ("assets.create", "POST", r"/v4/assets/products"),
    ("swatches.create", "POST", r"/v4/assets/sku_trait_values"),
)
_OPERATIONS = tuple(
    (name, frozenset(methods.split("|")), re.compile(f"(?:{path})/?")) for name, methods, path in _PATHS
)


def operation_of(request: Request) -> str:
    """Name what *request* asks for, or `unknown`."""
    for name, methods, path in _OPERATIONS:
        if request.method in methods and path.fullmatch(request.path):
            return name
    return "unknown"
