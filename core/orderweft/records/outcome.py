"""What a destination answered: a receipt, and the five outcomes a write can have."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from .base import Instant, OptionalText, Record, Text

Reason = Literal[
    "unknown_item",
    "unknown_customer",
    "no_stock",
    "season_mismatch",
    "invalid_field",
    "refused",
    "in_doubt",
    "needs_person",
]
"""Why a record waits; each class has an owner and a fix."""


def _spelled_out(text: object) -> object:
    return text.encode("utf-8", "backslashreplace").decode() if isinstance(text, str) else text


Told = Annotated[Text, BeforeValidator(_spelled_out)]
"""A sentence for people, in which half of a surrogate pair that a channel has said is spelled out."""


class Receipt(Record):
    """What the destination gave in return for a record."""

    id: Text
    """The destination's own id."""
    number: OptionalText = None
    """The number people see there."""
    at: Instant | None = None
    """When the destination took it."""
    url: OptionalText = None
    """Where a person can look at it."""
    remarks: tuple[str, ...] = ()
    """What a person should know although it went well, such as a total that differs."""
    cancelled: bool = False
    """True when the destination has cancelled it since."""
    pending: bool = False
    """True when it was handed over and the destination has not confirmed it yet; it is asked about again."""


class Accepted(Record):
    """The destination has it now."""

    outcome: Literal["accepted"] = "accepted"
    receipt: Receipt


class AlreadyThere(Record):
    """The destination had it before this call."""

    outcome: Literal["already_there"] = "already_there"
    receipt: Receipt


class Refused(Record):
    """The destination will not have it as it is; nothing was written."""

    outcome: Literal["refused"] = "refused"
    reason: Reason
    message: Told
    """One sentence naming what is wrong."""
    fix: OptionalText = None
    """One sentence saying what to do."""


class NotSent(Record):
    """Nothing was applied; the same call may be made again."""

    outcome: Literal["not_sent"] = "not_sent"
    message: Told
    retry_after: float | None = None
    """Seconds after which trying again makes sense."""


class Unknown(Record):
    """It may have been applied; it must be looked up before it is sent again."""

    outcome: Literal["unknown"] = "unknown"
    message: Told


Outcome = Annotated[Accepted | AlreadyThere | Refused | NotSent | Unknown, Field(discriminator="outcome")]
