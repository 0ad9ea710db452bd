"""Answers of Shopify that have nothing to do with the request: for faults, and for the simulator's own refusals."""

from __future__ import annotations

from typing import Any

from orderweft.testing import Response

REQUEST_ID = "5d3b9f0e-0000-4000-8000-000000000001"
_RATE_LIMITS = "https://shopify.dev/api/usage/rate-limits"


def refusal(status: int, message: str, **headers: str) -> Response:
    """Build an answer below GraphQL, whose `errors` is a plain text."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response.of_json({"errors": message}, status, {"x-request-id": REQUEST_ID, **named})


def throttled(requested: int = 70, available: int = 12, *, maximum: int = 2000, restore_rate: int = 100) -> Response:
    """Return THROTTLED, which comes with HTTP 200."""
    status = {"maximumAvailable": maximum, "currentlyAvailable": available, "restoreRate": restore_rate}
    cost = {"requestedQueryCost": requested, "actualQueryCost": None, "throttleStatus": status}
    return Response.of_json({"errors": [throttled_error()], "extensions": {"cost": cost}})


def throttled_error() -> dict[str, Any]:
    """Return the error that says THROTTLED."""
    return {"message": "Throttled", "extensions": {"code": "THROTTLED", "documentation": _RATE_LIMITS}}


def internal_error(status: int = 200) -> Response:
    """Return INTERNAL_SERVER_ERROR; whether anything was done is not known."""
    message = (
        "Internal error. Looks like something went wrong on our end.\n"
        f"Request ID: {REQUEST_ID} (include this in support requests)."
    )
    extensions = {"code": "INTERNAL_SERVER_ERROR", "requestId": REQUEST_ID}
    body = {"errors": [{"message": message, "extensions": extensions}]}
    return Response.of_json(body, status, {"x-request-id": REQUEST_ID})


def shop_inactive() -> Response:
    """Return SHOP_INACTIVE."""
    error = {"message": "This shop is currently unavailable.", "extensions": {"code": "SHOP_INACTIVE"}}
    return Response.of_json({"errors": [error]})


def html_502() -> Response:
    """Return what a proxy says when Shopify does not."""
    body = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
    return Response(502, {"content-type": "text/html"}, body)


def too_many_requests(retry_after: float = 2.0) -> Response:
    """Return 429 with the seconds to wait."""
    message = "Exceeded 2 calls per second for api client. Reduce request rates to resume uninterrupted service."
    return refusal(429, message, retry_after=str(retry_after))


def blocked_430() -> Response:
    """Return what a client gets that looks malicious."""
    return refusal(430, "Shopify Security Rejection")


def frozen_402() -> Response:
    """Return what a shop gets that has not paid."""
    return refusal(402, "Unavailable Shop")


def locked_423() -> Response:
    """Return what a locked shop gets."""
    return refusal(423, "Locked")


def unauthorized() -> Response:
    """Return what a missing, wrong or expired token gets."""
    return refusal(401, "[API] Invalid API key or access token (unrecognized login or wrong password)")


def not_found() -> Response:
    """Return what an unknown shop or path gets."""
    return refusal(404, "Not Found")


def truncated_json() -> Response:
    """Return an answer that ends in the middle, with HTTP 200."""
    return Response(200, {"content-type": "application/json"}, b'{"data":{"orderCreate":{"order":{"id":"gid://shopi')
