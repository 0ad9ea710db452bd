"""The channel in memory, in its own wire format."""

from collections.abc import Mapping
from typing import Any

from orderweft import Clock, Request, Response
from orderweft.testing import brand


class Simulator:
    """One account that stocks the sample brand, and keeps each order under the key it was put at."""

    def __init__(self, *, clock: Clock | None = None, seed: int = 0) -> None:
        self._token = brand.secret(f"simulated-token-{seed}")
        self._barcodes = {sku.barcode for sku in brand.skus()}
        self.orders: dict[str, Any] = {}

    def operation(self, request: Request) -> str:
        """Name what *request* asks for, such as `PUT orders`, so that faults can be aimed at it."""
        return f"{request.method} {request.path.split('/')[2]}"

    def handle(self, request: Request) -> Response:
        """Answer *request*."""
        if request.headers.get("authorization") != f"Bearer {self._token}":
            return Response.of_json({"error": "who are you?"}, 401)
        if request.path == "/v1/account":
            return Response.of_json({"id": "P1", "name": "Sample Brand"})
        key = request.path.removeprefix("/v1/orders/")
        if key in self.orders or request.method == "GET":
            return Response.of_json(self.orders.get(key), 200 if key in self.orders else 404)
        return self._create(key, request.json())

    def settings(self) -> Mapping[str, Any]:
        """Return the credentials it takes."""
        return {"token": self._token}

    def facts(self) -> Mapping[str, int]:
        """Return what a person would count there."""
        return {"orders": len(self.orders)}

    def _create(self, key: str, order: dict[str, Any]) -> Response:
        if not order["lines"] or not {line["barcode"] for line in order["lines"]} <= self._barcodes:
            return Response.of_json({"error": "the order has an item that nobody stocks"}, 422)
        number = f"P{1001 + len(self.orders)}"
        self.orders[key] = {**order, "id": f"id-{number}", "number": number}
        return Response.of_json(self.orders[key], 201)
