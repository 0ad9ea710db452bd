"""What the facts leave open about NetSuite, as switches; `NetSuite` says what each means."""

from __future__ import annotations

from typing import Literal, TypedDict

Key = Literal["P-256", "P-384", "P-521", "RSA"]


class Switches(TypedDict, total=False):
    """The switches; the first value named is the default, flags are off and lists empty."""

    key: Key
    rs256: bool
    scope: Literal["any", "rest_webservices"]
    expires_in: Literal["text", "number"]
    tba: Literal["allowed", "barred"]
    legacy_tax: bool
    required_fields: tuple[str, ...]
    custom_fields: tuple[str, ...]
    put_location: Literal["always", "created", "never"]
    reput: Literal["appends", "replaces"]
    sublists: Literal["expanded", "linked"]
    unordered: Literal["shuffled", "stable"]
    suiteql_values: Literal["text", "typed"]
    suiteql_nulls: Literal["omitted", "null"]
    concurrency: Literal[5, 15, 1]
    overload: Literal["429", "429_with_code", "400", "401"]
    sync_idempotency: Literal["ignored", "honored"]
