"""The v4 token endpoint and who may call which API."""

from __future__ import annotations

import base64
import email
import random
from collections.abc import Mapping
from uuid import UUID

from orderweft import Clock, Request, Response
from orderweft.testing import brand

from .switches import Switches

LIFETIME = 36_000
_NAMES = ("client_id", "client_secret", "username", "password")


class SignIn:
    """Issue v4 tokens and check what calls carry, against one account's *credentials*."""

    def __init__(
        self, credentials: Mapping[str, str], clock: Clock, switches: Switches, random_: random.Random
    ) -> None:
        self._credentials = credentials
        self._clock = clock
        self._strict = switches["auth"] == "strict"
        self._random = random_
        self._expires: dict[str, float] = {}

    def issue(self, request: Request) -> Response:
        """Answer a call of the token endpoint; earlier tokens stay valid."""
        fields = _fields(request)
        missing = [name for name in ("grant_type", *_NAMES) if not fields.get(name)]
        if missing:
            return _refused(400, "invalid_request", f"missing {', '.join(missing)}")
        if fields["grant_type"] != "password":
            return _refused(400, "unsupported_grant_type", "grant_type must be password")
        if any(fields[name] != self._credentials[name] for name in _NAMES):
            return _refused(401, "invalid_grant", "Invalid user credentials")
        access = self._opaque()
        self._expires[access] = self._clock.monotonic() + LIFETIME
        return Response.of_json(
            {
                "access_token": access,
                "expires_in": LIFETIME,
                "refresh_expires_in": 7_776_000,
                "refresh_token": self._opaque(),
                "token_type": "Bearer",
                "not-before-policy": 1615484461,
                "session_state": str(UUID(int=self._random.getrandbits(128), version=4)),
                "scope": "email profile",
            }
        )

    def allows_v2(self, request: Request) -> bool:
        """Return whether *request* carries the account's token in a form v2 takes."""
        token = self._credentials["token"]
        encoded = base64.b64encode(token.encode()).decode()
        accepted = {f"OAuth2 {encoded}"}
        if not self._strict:
            accepted |= {f"Bearer {encoded}", f"Bearer {token}"}
        return request.headers.get("authorization") in accepted

    def allows_v4(self, request: Request) -> bool:
        """Return whether *request* carries a token that was issued and has not expired."""
        given = request.headers.get("authorization", "")
        token = given.removeprefix("Bearer ")
        if self._strict and token == given:
            return False
        return self._clock.monotonic() < self._expires.get(token, float("-inf"))

    def _opaque(self) -> str:
        return brand.secret(base64.urlsafe_b64encode(self._random.randbytes(42)).decode())


def _fields(request: Request) -> dict[str, str]:
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/x-www-form-urlencoded"):
        return request.form()
    if not kind.startswith("multipart/form-data"):
        return {}
    message = email.message_from_bytes(b"content-type: " + kind.encode() + b"\r\n\r\n" + request.body)
    fields = {}
    for part in message.walk():
        name, text = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(text, bytes):
            fields[name] = text.decode("utf-8", "replace")
    return fields


def _refused(status: int, error: str, description: str) -> Response:
    return Response.of_json({"error": error, "error_description": description}, status)
