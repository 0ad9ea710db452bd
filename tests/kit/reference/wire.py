"""How the reference channel talks to its back office; the only I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orderweft
from orderweft import (
    Accepted,
    AlreadyThere,
    AuthenticationError,
    Connection,
    NotSent,
    Origin,
    Outcome,
    Receipt,
    Refused,
    Response,
    UnavailableError,
    Unknown,
    UnknownOutcomeError,
    account_field,
    retry_after,
)
from pydantic import Field, SecretStr


class Settings(orderweft.Settings):
    """Settings of one account of the back office."""

    token: SecretStr = account_field(min_length=1)
    """The access token."""
    page_size: int = Field(default=100, ge=1, le=1000)
    """Rows asked for in one call."""

    @property
    def service_url(self) -> str:
        """Return the address of the back office."""
        return self.base_url or "https://reference.example"


Office = Connection[Settings]


def headers(connection: Office) -> dict[str, str]:
    """Return what signs a call in."""
    return {"authorization": f"Bearer {connection.settings.token.get_secret_value()}"}


def decoded(connection: Office, response: Response) -> dict[str, Any]:
    """Return the body of an answer, or raise what it means when it is none; fit for reads."""
    if response.status in (401, 403):
        raise AuthenticationError("the back office refuses the token; check token")
    try:
        body = response.json()
    except ValueError:
        body = None
    if response.status != 200 or not isinstance(body, dict):
        raise UnavailableError(f"{connection.name}: an answer cannot be read (HTTP {response.status})", retry_after=60)
    return body


def ask(connection: Office, path: str, **params: Any) -> dict[str, Any]:
    """Read."""
    return decoded(connection, connection.http.read("GET", path, params=params, headers=headers(connection)))


def pages(connection: Office, table: str, **params: Any) -> Iterator[tuple[list[dict[str, Any]], int]]:
    """Yield the rows of a table page by page, each with the version reached."""
    after, more = int(params.pop("after", 0)), True
    while more:
        body = ask(connection, table, after=after, size=connection.settings.page_size, **params)
        after, more = max([after, *(row["version"] for row in body["rows"])]), body["more"]
        yield body["rows"], after


def put(connection: Office, table: str, rows: Sequence[Any], **more: Any) -> list[dict[str, Any]]:
    """Write, once; raises UnknownOutcomeError when it may have been applied."""
    response = connection.http.write("POST", table, json={"rows": rows, **more}, headers=headers(connection))
    if response.status in (401, 403):
        raise AuthenticationError("the back office refuses the token; check token")
    if response.status == 429:
        after = retry_after(response, connection.clock)
        raise UnavailableError(f"{connection.name}: too many calls", retry_after=after)
    try:
        body = response.json()
    except ValueError:
        body = None
    if response.status != 200 or not isinstance(body, dict):
        raise UnknownOutcomeError(f"{connection.name}: an answer cannot be read (HTTP {response.status})")
    results: list[dict[str, Any]] = body.get("results", [body])
    return results


def outcome_of(result: Mapping[str, Any]) -> Outcome:
    """Read one result."""
    if "refused" in result:
        return Refused(reason="unknown_item", message=result["refused"], fix="add the item")
    receipt = Receipt(id=result["id"], number=result.get("number"))
    return AlreadyThere(receipt=receipt) if result.get("known") else Accepted(receipt=receipt)


def written(connection: Office, table: str, rows: Sequence[Any], **more: Any) -> list[Outcome]:
    """Write *rows* in one call; one outcome each."""
    if not rows:
        return []
    try:
        return [outcome_of(result) for result in put(connection, table, rows, **more)]
    except UnknownOutcomeError as error:
        return [Unknown(message=str(error))] * len(rows)
    except UnavailableError as error:
        return [NotSent(message=str(error), retry_after=error.retry_after)] * len(rows)


def origin(connection: Office, row: Mapping[str, Any]) -> Origin:
    """Return where a row comes from."""
    return Origin(channel=connection.channel, connection=connection.name, id=row["id"], revision=str(row["version"]))
