"""How the tests of the fakes send calls."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from orderweft import Request, Response
from orderweft.testing import FakeClock
from orderweft_oms_generic.simulator import Simulator

HOST = "https://oms.example"


def simulator(system: str, clock: FakeClock | None = None, **switches: Any) -> Simulator:
    """Return a fake whose clock stands still."""
    return Simulator(clock=clock or FakeClock(), system=system, **switches)


def request(
    method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, **query: Any
) -> Request:
    """Return a call with *body* as JSON; a list in *query* is repeated as `name[]`."""
    pairs = [
        pair
        for name, value in query.items()
        for pair in ([(f"{name}[]", one) for one in value] if isinstance(value, list) else [(name, value)])
    ]
    sent = {} if body is None else {"content-type": "application/json"}
    coded = b"" if body is None else json.dumps(body).encode()
    address = f"{HOST}{path}" + (f"?{urlencode(pairs)}" if pairs else "")
    return Request(method, address, {**sent, **(headers or {})}, coded)


def basic(user: str, password: str) -> dict[str, str]:
    """Return the header of Basic authentication."""
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def bearer(token: str) -> dict[str, str]:
    """Return the header of Bearer authentication."""
    return {"authorization": f"Bearer {token}"}


def says(response: Response) -> Any:
    """Return the decoded body of an answer that was no refusal."""
    assert response.status < 300, response.text
    return response.json()
