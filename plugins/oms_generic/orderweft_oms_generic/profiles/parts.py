"""What all of a profile is made of, and its settings, credentials and budgets."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from orderweft import decode_json
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Expression = str
"""JMESPath with the functions of `functions.FUNCTIONS`."""
Leaf = str
"""Text; with `=` in front an expression, and `${...}` in it one that becomes part of the text.

Text with an empty part is empty as a whole.
"""
Tree = Any
"""Maps, lists and leaves. A key that ends in `!` must not come out empty; an empty one without is left out.

Empty are null and a text, list or map with nothing in it. `{"$each": EXPRESSION, "$as": NAME, "$do": TREE}` makes a
list, whose entries must not come out empty, and in which `NAME_no` counts from 1. `{"$v": LEAF, "$type": TYPE, ...}`
is a typed value: integer, decimal (text, with `$scale` places), number (a JSON number, rounded to `$scale`), date or
datetime (with `$format`). A bare `true` or `12` is text; =`true` and =`12` are JSON's own.
"""
Kind = Literal["text", "secret"]


def _json(text: Any) -> Any:
    if not isinstance(text, str):
        raise ValueError("write it as JSON text, after `|`, so that numbers and truth values keep their types")
    try:
        return decode_json(text)
    except ValueError as error:
        raise ValueError(f"is not JSON: {error}") from None


def _body(text: Any) -> Any:
    """Return what an answer's body is read as: its JSON, else its text."""
    try:
        return _json(text)
    except ValueError:
        if isinstance(text, str) and not text.lstrip().startswith(("{", "[")):
            return text
        raise


Host = Annotated[str, StringConstraints(pattern=r"^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*$")]
JsonMap = Annotated[dict[str, Any], BeforeValidator(_json)]
"""A JSON object, written as text."""
JsonText = Annotated[Any, BeforeValidator(_body)]
"""Any JSON, written as text; other text stands for itself."""


class Part(BaseModel):
    """A part of a profile."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class SettingSpec(Part):
    """Something the user of the profile has to say."""

    kind: Kind = "text"
    needed: bool = False
    default: str | None = None
    default_from: Name | None = None
    """Another setting whose value is taken when this one is left out."""
    choices: tuple[str, ...] = ()
    """The only values there are, when they are few."""
    meaning: str


class Auth(Part):
    """How calls prove who we are."""

    kind: Literal["none", "headers", "basic", "bearer", "client_credentials", "jwt_assertion", "oauth1"]
    headers: dict[str, Leaf] = Field(default_factory=dict)
    user: Leaf | None = None
    password: Leaf | None = None
    token: Leaf | None = None
    token_url: Leaf | None = None
    client_id: Leaf | None = None
    client_secret: Leaf | None = None
    scope: Leaf | None = None
    key: Leaf | None = None
    """Private key in PEM, for `jwt_assertion`."""
    key_id: Leaf | None = None
    algorithm: Literal["PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "RS256"] = "PS256"
    lifetime: Annotated[int, Field(ge=30, le=3600)] = 300
    """Seconds an assertion holds."""
    claims: dict[str, Leaf] = Field(default_factory=dict)
    realm: Leaf | None = None
    consumer_key: Leaf | None = None
    consumer_secret: Leaf | None = None
    token_secret: Leaf | None = None


class Budget(Part):
    """How much the system bears."""

    kind: Literal["bucket", "window"] = "bucket"
    rate: Annotated[float, Field(gt=0)] = 1.0
    """Calls a second that come back to a bucket."""
    burst: Annotated[float, Field(ge=1)] = 1.0
    calls: Annotated[float, Field(ge=1)] = 1.0
    """Calls in one window."""
    seconds: Annotated[float, Field(gt=0)] = 60.0
    left_header: str | None = None
    """Header that tells how many calls are left; at 0 nothing more is sent until the bucket has some again."""
