"""A store that answers by hand, for tests that need to say every answer themselves."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

import orderweft_shopify as shopify
from orderweft import (
    Connection,
    Delivery,
    Http,
    Order,
    OrderCustomer,
    OrderLine,
    Origin,
    Outcome,
)
from orderweft.testing import FakeClock, Request, Response, brand

SKUS = brand.skus()
KEY = "joor:9001"
CREATED = "gid://shopify/Order/42"
Answer = Mapping[str, Any] | Response | Callable[[dict[str, Any]], Any]


def money(amount: object) -> dict[str, Any]:
    return {"shopMoney": {"amount": str(amount), "currencyCode": "EUR"}}


def shop_node() -> dict[str, Any]:
    shop = {"name": "Example", "myshopifyDomain": "example.myshopify.com", "currencyCode": "EUR", "ianaTimezone": "UTC"}
    plan = {"publicDisplayName": "Basic", "partnerDevelopment": False}
    return {"shop": {**shop, "plan": plan}, "currentAppInstallation": {"accessScopes": []}}


def order_node(**changes: Any) -> dict[str, Any]:
    return {"id": CREATED, "name": "#1001", "createdAt": "2026-11-02T09:00:00Z", "cancelledAt": None, **changes}


def page_of(nodes: list[Any], cursor: str | None = None) -> dict[str, Any]:
    return {"nodes": nodes, "pageInfo": {"hasNextPage": cursor is not None, "endCursor": cursor}}


def variant_id(number: int) -> str:
    return f"gid://shopify/ProductVariant/{number}"


class HandMadeStore:
    """Answers each operation with what the test laid out, or as a store with the sample brand would."""

    def __init__(self, **answers: Answer | list[Answer]) -> None:
        self.answers = answers
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.tokens: list[str] = []
        self.stock = {variant_id(number): sku.stock for number, sku in enumerate(SKUS)}
        self.policy, self.tracked = "DENY", True
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Response:
        with self._lock:
            if request.path.endswith("access_token"):
                self.calls.append(("sign-in", request.form()))
                return self._say(self.answers.get("sign_in", {"access_token": "fresh", "expires_in": 86399}), {})
            body = request.json()
            self.tokens.append(request.headers["x-shopify-access-token"])
            operation, variables = body["operationName"], body["variables"]
            self.calls.append((operation, variables))
            answer = self.answers.get(operation, getattr(self, f"_{operation}", {}))
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        return self._say(answer, variables)

    def _say(self, answer: Any, variables: dict[str, Any]) -> Response:
        if callable(answer):
            answer = answer(variables)
        if isinstance(answer, Response):
            return answer
        whole = answer if {"errors", "access_token", "extensions"} & set(answer) else {"data": answer}
        return Response.of_json(whole, headers={"x-request-id": "req-1", "x-shopify-api-version": "2026-10"})

    def called(self, operation: str) -> list[dict[str, Any]]:
        return [variables for name, variables in self.calls if name == operation]

    def writes(self) -> list[str]:
        writes = ("CreateOrder", "CreateCustomer", "SetMetafields", "DefineMetafield")
        return [name for name, _ in self.calls if name in writes]

    def _FindOrder(self, variables: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  named after the operation
        return {"orderByIdentifier": None}

    def _FindCustomer(self, variables: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"customerByIdentifier": {"id": "gid://shopify/Customer/7", "accountCode": None}}

    def _VariantSearch(self, variables: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        codes = re.findall(r"(?:barcode|sku):'([^']+)'", variables["query"])
        found = [number for number, sku in enumerate(SKUS) if {sku.barcode, sku.sku} & set(codes)]
        return {"productVariants": page_of([self.variant(number) for number in found])}

    def _Variants(self, variables: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"nodes": [self.variant(int(id_.rpartition("/")[2])) for id_ in variables["ids"]]}

    def _CreateOrder(self, variables: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"orderCreate": {"order": order_node(), "userErrors": []}}

    def _CreateCustomer(self, variables: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        code = {"value": variables["identifier"].get("customId", {}).get("value")}
        return {"customerSet": {"customer": {"id": "gid://shopify/Customer/8", "accountCode": code}, "userErrors": []}}

    def _SetMetafields(self, variables: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"metafieldsSet": {"metafields": [{"id": "gid://shopify/Metafield/1"}], "userErrors": []}}

    def _DefineMetafield(self, variables: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"metafieldDefinitionCreate": {"createdDefinition": {"id": "gid://1"}, "userErrors": []}}

    def _Locations(self, variables: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        names = [("Main", True), ("Outlet", True), ("Outlet", True), ("Closed", False)]
        nodes = [
            {"id": f"gid://shopify/Location/{number}", "name": name, "isActive": active}
            for number, (name, active) in enumerate(names, 1)
        ]
        return {"locations": page_of(nodes)}

    def variant(self, number: int) -> dict[str, Any]:
        sku, id_ = SKUS[number], variant_id(number)
        places = [(1, True, self.stock[id_] - 1), (2, True, 1), (3, False, 900)]
        levels = [
            {
                "location": {"id": f"gid://shopify/Location/{place}", "isActive": active},
                "quantities": [{"name": "available", "quantity": quantity}],
            }
            for place, active, quantity in places
        ]
        return {
            "id": id_,
            "sku": sku.sku,
            "barcode": sku.barcode,
            "title": f"{sku.color} / {sku.size}",
            "inventoryPolicy": self.policy,
            "product": {"title": sku.style_name},
            "inventoryItem": {"id": "gid://i", "tracked": self.tracked, "inventoryLevels": page_of(levels)},
        }


def connect(
    store: Callable[[Request], Response], clock: FakeClock | None = None, **settings: Any
) -> Connection[shopify.Settings]:
    signed = {} if "client_id" in settings else {"token": "shpat_static"}
    checked = shopify.Settings.model_validate({"shop": "example", **signed, **settings})
    clock = clock or FakeClock()
    http = Http(checked.service_url, clock=clock, limits=shopify.describe().limits, handler=store)
    return Connection("shop", "shopify", checked, http, clock)


def lines_of(*wanted: tuple[int, int]) -> tuple[OrderLine, ...]:
    return tuple(
        OrderLine(
            key=str(position),
            style_number=SKUS[number].style_number,
            color=SKUS[number].color,
            size=SKUS[number].size,
            sku=SKUS[number].sku,
            barcode=SKUS[number].barcode,
            quantity=quantity,
            unit_price=SKUS[number].wholesale,
        )
        for position, (number, quantity) in enumerate(wanted)
    )


def order_of(*wanted: tuple[int, int], **changes: Any) -> Order:
    values = {
        "origin": Origin(channel="joor", connection="joor", id="9001"),
        "number": "9001",
        "status": "approved",
        "currency": "EUR",
        "customer": OrderCustomer(account_code="C101", name="Muster Mode GmbH", email="orders@c101.example"),
        "lines": lines_of(*(wanted or ((0, 2), (7, 1)))),
    }
    return Order.model_validate({**values, **changes})


def deliver(connection: Connection[shopify.Settings], order: Order | None = None, key: str = KEY) -> Outcome:
    [outcome] = shopify.deliver_orders(connection, [Delivery(order or order_of(), key)])
    return outcome


def errors(code: str | None, message: str = "no") -> dict[str, Any]:
    return {"errors": [{"message": message, "extensions": {"code": code} if code else {}}]}


def user_error(message: str, field: list[str] | None = None, code: str | None = "INVALID") -> dict[str, Any]:
    return {"orderCreate": {"order": None, "userErrors": [{"field": field, "message": message, "code": code}]}}


NO_DEFINITION = errors("NOT_FOUND", "Metafield definition of type 'id' is required when using custom ids.")


def http(status: int, body: bytes = b"", **headers: str) -> Response:
    return Response(status, {"x-request-id": "req-1", **{k.replace("_", "-"): v for k, v in headers.items()}}, body)


BAD_TOKEN = b'{"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}'
HTML = b"<html><body>Bad gateway</body></html>"
PARTIAL: dict[str, Any] = {"data": {"orderCreate": {"order": order_node(), "userErrors": []}}}
APP: dict[str, Any] = {"client_id": "id", "client_secret": "secret"}


def knowing(**known: dict[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def answer(variables: dict[str, Any]) -> dict[str, Any]:
        identifier = variables["identifier"]
        return {"customerByIdentifier": known.get("email" if "emailAddress" in identifier else "code")}

    return answer


def stored(number: int, updated: str = "2026-11-01T08:00:00Z", **changes: Any) -> dict[str, Any]:
    line: dict[str, Any] = {
        "id": f"gid://shopify/LineItem/{number}",
        "title": "Shirt",
        "variantTitle": None,
        "sku": "S",
        "quantity": 2,
        "currentQuantity": 2,
        "variant": None,
        "originalUnitPriceSet": money("10.0"),
        "discountedUnitPriceSet": money("10.0"),
        "customAttributes": [],
    }
    empty = dict.fromkeys(
        ("cancelledAt", "closedAt", "email", "phone", "note", "poNumber", "customer", "shippingAddress",
         "billingAddress")
    )  # fmt: skip
    sums = dict.fromkeys(("subtotalPriceSet", "currentSubtotalPriceSet", "totalPriceSet", "currentTotalPriceSet"))
    return {
        **empty,
        **{name: money("20.0") for name in sums},
        "id": f"gid://shopify/Order/{number}",
        "name": f"#{number}",
        "test": False,
        "displayFulfillmentStatus": "UNFULFILLED",
        "processedAt": "2026-10-01T08:00:00Z",
        "updatedAt": updated,
        "currencyCode": "EUR",
        "tags": [],
        "customAttributes": [],
        "shippingLines": {"nodes": []},
        "taxLines": [],
        "totalShippingPriceSet": money("0.0"),
        "lineItems": page_of([line]),
        **changes,
    }
