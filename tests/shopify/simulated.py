"""Somebody signed in at a simulated shop, without our own client, which must not share its misreadings."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from orderweft.testing import FakeClock, Request, Response
from orderweft_shopify.simulator import Simulator

ENDPOINT = "https://example.myshopify.com/admin/api/2026-10/graphql.json"
TOKEN = "https://example.myshopify.com/admin/oauth/access_token"
SKU = "1001-401-XS"
CREATE = """
mutation CreateOrder($order: OrderCreateOrderInput!, $options: OrderCreateOptionsInput) {
  orderCreate(order: $order, options: $options) {
    order {
      id name number sourceIdentifier sourceName poNumber test createdAt processedAt updatedAt
      displayFinancialStatus displayFulfillmentStatus taxesIncluded tags email capturable
      customer { id }
      subtotalPriceSet { shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }
      totalTaxSet { shopMoney { amount currencyCode } }
      totalShippingPriceSet { shopMoney { amount currencyCode } }
      totalDiscountsSet { shopMoney { amount currencyCode } }
      totalPriceSet { shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }
      totalOutstandingSet { shopMoney { amount currencyCode } }
      totalCapturableSet { shopMoney { amount } }
      lineItems(first: 50) {
        nodes {
          id title sku quantity requiresShipping variant { id } originalUnitPriceSet { shopMoney { amount } }
          discountAllocations { allocatedAmountSet { shopMoney { amount } } }
        }
        pageInfo { hasNextPage endCursor }
      }
      fulfillmentOrders(first: 10) { nodes { id status requestStatus assignedLocation { name location { id } } } }
      transactions(first: 10) { id kind status gateway amountSet { shopMoney { amount currencyCode } } }
    }
    userErrors { field message code }
  }
}
"""
DEFINE = """
mutation Define($definition: MetafieldDefinitionInput!) {
  metafieldDefinitionCreate(definition: $definition) { createdDefinition { id } userErrors { field code } }
}
"""
DEFINITION = {"ownerType": "ORDER", "namespace": "oms", "key": "external_id", "name": "External id", "type": "id"}
FIND = """
query Find($value: String!) {
  orderByIdentifier(identifier: {customId: {namespace: "oms", key: "external_id", value: $value}}) { id name }
}
"""
ORDERS = """
query Orders($q: String, $first: Int, $after: String) {
  orders(first: $first, after: $after, query: $q, sortKey: UPDATED_AT) {
    nodes { id name } pageInfo { hasNextPage endCursor }
  }
}
"""
VARIANTS = """
query Variants($q: String!) { productVariants(first: 50, query: $q) { nodes { id sku barcode inventoryQuantity } } }
"""


class Shop:
    """A simulator with somebody signed in."""

    def __init__(self, start: datetime = datetime(2026, 11, 2, 9, tzinfo=UTC), **switches: Any) -> None:
        self.clock = FakeClock(start)
        self.simulator = Simulator(clock=self.clock, **switches)
        self.token = self.sign_in().json()["access_token"]

    def sign_in(self, **changes: str) -> Response:
        """Ask for a token."""
        body = {"grant_type": "client_credentials", **self.simulator.settings(), **changes}
        return self.simulator.handle(
            Request("POST", TOKEN, {"content-type": "application/json"}, json.dumps(body).encode())
        )

    def post(self, query: str, variables: dict[str, Any] | None = None, url: str = ENDPOINT) -> Response:
        """Send a document."""
        body = json.dumps({"query": query, "variables": variables or {}}).encode()
        return self.simulator.handle(Request("POST", url, {"x-shopify-access-token": self.token}, body))

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """Send a document and return the decoded answer."""
        answer: dict[str, Any] = json.loads(self.post(query, variables).body)
        return answer

    def data(self, query: str, **variables: Any) -> dict[str, Any]:
        """Return the data of an answer without errors."""
        answer = self.ask(query, **variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    def variant(self, sku: str = SKU) -> dict[str, Any]:
        """Return the first variant of a SKU."""
        nodes = self.data(VARIANTS, q=f"sku:'{sku}'")["productVariants"]["nodes"]
        found: dict[str, Any] = next(node for node in nodes if node["sku"] == sku)
        return found

    def line(self, quantity: int = 2, sku: str = SKU, **changes: Any) -> dict[str, Any]:
        """Return the input of a line."""
        line = {
            "variantId": self.variant(sku)["id"],
            "quantity": quantity,
            "title": "Shirt",
            "sku": sku,
            "requiresShipping": True,
            "priceSet": money("12.00"),
        }
        return {key: value for key, value in (line | changes).items() if value is not None}

    def read(self, order_id: str, selection: str) -> dict[str, Any]:
        """Return a selection of an order."""
        query = f"query Read($id: ID!) {{ order(id: $id) {{ {selection} }} }}"
        found: dict[str, Any] = self.data(query, id=order_id)["order"]
        return found

    def create(self, *lines: dict[str, Any], stock: str = "BYPASS", **order: Any) -> dict[str, Any]:
        """Create an order and return the payload."""
        order = {"lineItems": list(lines) or [self.line()], **order}
        payload: dict[str, Any] = self.data(CREATE, order=order, options={"inventoryBehaviour": stock})["orderCreate"]
        return payload

    def made(self, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Create an order that is not refused."""
        payload = self.create(*lines, **more)
        assert payload["userErrors"] == []
        order: dict[str, Any] = payload["order"]
        return order


def money(amount: str, currency: str = "GBP") -> dict[str, Any]:
    """Return a money bag of one currency."""
    return {"shopMoney": {"amount": amount, "currencyCode": currency}}


def tax(amount: str, currency: str = "GBP") -> dict[str, Any]:
    """Return a tax line."""
    return {"title": "VAT", "rate": "0.10", "priceSet": money(amount, currency)}


def external(value: str) -> list[dict[str, str]]:
    """Return the metafield that carries our id."""
    return [{"namespace": "oms", "key": "external_id", "type": "id", "value": value}]
