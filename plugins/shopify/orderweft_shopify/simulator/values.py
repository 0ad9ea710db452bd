"""Money, ids, time and refusals: the small values everything else is made of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

from graphql import GraphQLError
from orderweft import currency_exponent

_GID = re.compile(r"gid://shopify/([A-Za-z]+)/(0*[1-9][0-9]*)(\?.*)?")


class Refusal(GraphQLError):
    """Raised to answer with a top-level error of the given code."""

    def __init__(self, message: str, code: str, **extensions: Any) -> None:
        super().__init__(message, extensions={"code": code, **extensions})


@dataclass(frozen=True, slots=True)
class UserError:
    """A business refusal inside a payload."""

    message: str
    field: tuple[str, ...] | None = None
    code: str | None = None
    element_index: int | None = None


def number_of(gid: str) -> int:
    """Return the number at the end of a well-formed gid."""
    match = _GID.fullmatch(gid)
    if match is None:
        raise Refusal(f"Invalid id: {gid}", "RESOURCE_NOT_FOUND")
    return int(match[2])


def kind_of(gid: str) -> str:
    """Return the type named in a gid; a malformed one, or number zero, is a top-level error."""
    number_of(gid)
    return gid.split("/")[3]


def check_kind(gid: str, kind: str) -> str:
    """Return *gid* when it is a well-formed id of *kind*."""
    if kind_of(gid) != kind:
        raise Refusal(f"Invalid id: {gid}", "RESOURCE_NOT_FOUND")
    return gid


def timestamp(instant: datetime) -> str:
    """Return an instant as Shopify writes it."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def decimal_text(amount: Decimal) -> str:
    """Return an amount without trailing zeros but one, as in `24.0`."""
    text = f"{amount:f}"
    return text.rstrip("0") + ("0" if text.rstrip("0").endswith(".") else "") if "." in text else f"{text}.0"


def rounded(amount: Decimal, currency: str, rounding: str = ROUND_HALF_UP) -> Decimal:
    """Return *amount* in the minor units of *currency*."""
    return amount.quantize(_minor_unit(currency), rounding)


@cache
def _minor_unit(currency: str) -> Decimal:
    return Decimal(1).scaleb(-currency_exponent(currency))


@dataclass(frozen=True, slots=True)
class MoneyV2:
    """An amount in one currency."""

    amount: Decimal
    currency_code: str


@dataclass(frozen=True, slots=True)
class MoneyBag:
    """The same money in the currency of the shop and in the one shown to the customer; nothing converts."""

    shop_money: MoneyV2
    presentment_money: MoneyV2

    @classmethod
    def of(cls, shop: str, presentment: str, amount: Decimal = Decimal(0), shown: Decimal | None = None) -> MoneyBag:
        """Build a bag; *shown* is the presentment amount, the shop's when left out."""
        return cls(
            MoneyV2(rounded(amount, shop), shop),
            MoneyV2(rounded(amount if shown is None else shown, presentment), presentment),
        )

    def __add__(self, other: MoneyBag) -> MoneyBag:
        mine, shown = self.shop_money, self.presentment_money
        return MoneyBag(
            MoneyV2(mine.amount + other.shop_money.amount, mine.currency_code),
            MoneyV2(shown.amount + other.presentment_money.amount, shown.currency_code),
        )

    def __sub__(self, other: MoneyBag) -> MoneyBag:
        return self + other.times(-1)

    @property
    def amounts(self) -> tuple[Decimal, Decimal]:
        """Return both amounts, the shop's first."""
        return self.shop_money.amount, self.presentment_money.amount

    def times(self, factor: Decimal | int) -> MoneyBag:
        """Return *factor* times as much, in minor units."""
        return self.with_amounts(*(amount * factor for amount in self.amounts))

    def with_amounts(self, shop: Decimal, presentment: Decimal) -> MoneyBag:
        """Return other amounts in the same currencies, in minor units."""
        mine, shown = self.shop_money.currency_code, self.presentment_money.currency_code
        return MoneyBag(MoneyV2(rounded(shop, mine), mine), MoneyV2(rounded(presentment, shown), shown))

    def spread(self, weights: list[Decimal], *, exact: bool = True) -> list[MoneyBag]:
        """Split by *weights*; with *exact* the parts add up, the last weighty one taking what rounding leaves."""
        sides = [
            _spread(money.amount, money.currency_code, weights, exact)
            for money in (self.shop_money, self.presentment_money)
        ]
        return [self.with_amounts(shop, shown) for shop, shown in zip(*sides, strict=True)]


def total(bags: Iterable[MoneyBag], start: MoneyBag) -> MoneyBag:
    """Add *bags* to *start*."""
    for bag in bags:
        start += bag
    return start


def _spread(amount: Decimal, currency: str, weights: list[Decimal], exact: bool) -> list[Decimal]:
    whole = sum(weights)
    if not whole:
        return [Decimal(0)] * len(weights)
    rounding = ROUND_DOWN if exact else ROUND_HALF_UP
    parts = [rounded(amount * weight / whole, currency, rounding) for weight in weights]
    if exact:
        last = max(index for index, weight in enumerate(weights) if weight)
        parts[last] += amount - sum(parts)
    return parts
