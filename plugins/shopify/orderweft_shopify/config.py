"""Settings of a Shopify connection, and what the channel is."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal, Self

from orderweft import Channel, CostBucket, Limits, Template, TemplateError, account_field, country_code, hookimpl
from orderweft import Settings as BaseSettings
from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator, model_validator

# The pattern of Shopify's own library @shopify/shopify-api 13.1.0.
_DOMAIN = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9-_]*\.myshopify\.com")
_NOTE = """\
{% if order.payment_terms %}Payment terms: {{ order.payment_terms.name or order.payment_terms.code }}
{% endif %}{% if order.ship_method %}Shipping method: {{ order.ship_method.name or order.ship_method.code }}
{% endif %}{% if order.linesheet %}Linesheet: {{ order.linesheet.name or order.linesheet.code }}
{% endif %}{{ order.note }}"""


class TaxRate(BaseModel):
    """The tax put on the lines of orders billed to one country."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str = Field(min_length=1)
    """Title of the tax line, such as `VAT`."""
    rate: Decimal = Field(ge=0, lt=1, decimal_places=6)
    """A fraction: 0.2 is 20 %."""


class Settings(BaseSettings):
    """Settings of one Shopify store."""

    shop: str = account_field(identity=True)
    """The store: `example` or `example.myshopify.com`, not its storefront domain."""
    api_version: str = account_field(default="2026-10", pattern=r"^(\d{4}-\d{2}|unstable)$")
    """Version of the Admin API, by month."""
    token: SecretStr | None = account_field(default=None)
    """Access token of a custom app made in the store's admin; otherwise `client_id` and `client_secret`."""
    client_id: str | None = account_field(default=None, suggested=True)
    """Client id of the app made in the Dev Dashboard."""
    client_secret: SecretStr | None = account_field(default=None, suggested=True)
    """Client secret of that app."""
    orders_per_minute: float | None = account_field(default=None, gt=0)
    """New orders a minute, evenly spread; 5 for development and trial stores, no limit when left out."""
    metafield_namespace: str = account_field(default="orderweft", pattern=r"^(\$app:)?[A-Za-z0-9_-]{3,200}$")
    """Namespace of the metafields that tell orders and customers apart; change it never once orders exist."""
    item_identifier: Literal["barcode", "sku"] = "barcode"
    """What a line and a product variant must have in common, exactly."""
    check_stock: bool = True
    """Hold an order unless every unit of it is available."""
    location: str | None = Field(default=None, min_length=1)
    """Name or gid of the location that gets the orders, which marks them fulfilled, and whose stock counts."""
    fulfil: bool = False
    """Mark orders as fulfilled even without a location."""
    reserve_stock: bool = True
    """Take the ordered units out of the available stock; without `check_stock` even below zero."""
    financial_status: Literal["PENDING", "PAID"] = "PENDING"
    """Whether orders arrive unpaid or paid in full."""
    foreign_currency: Literal["send", "hold"] = "send"
    """What happens to an order in another currency than the store's own."""
    create_customers: bool = True
    """Create a customer that the store does not have yet; otherwise its orders are held."""
    note_template: str = _NOTE
    """Template of the order's note; the order is `order`."""
    taxes: dict[str, TaxRate] = Field(default_factory=dict)
    """Tax by country of the bill, for orders that state none: `[taxes.GB]` with `name` and `rate`."""
    tags: tuple[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)], ...] = (
        "wholesale",
    )
    """Tags put on every order."""
    source_name: str = Field(default="orderweft", min_length=1)
    """Where orders say they come from; the handle of an order attribution makes it count as a sales channel."""
    first_run_days: int = Field(default=30, ge=0)
    """How many days back the first reading of orders goes; beyond 60 Shopify asks for the scope `read_all_orders`."""
    overlap_minutes: int = Field(default=10, ge=0)
    """How far each reading reaches back before the last one, because Shopify's index lags."""
    page_size: int = Field(default=50, ge=1, le=100)
    """Orders in one page of a reading."""

    @property
    def domain(self) -> str:
        """Return the store's own host name."""
        return f"{self.shop}.myshopify.com"

    @property
    def service_url(self) -> str:
        """Return the address requests go to."""
        return self.base_url or f"https://{self.domain}"

    @field_validator("shop")
    @classmethod
    def _check_shop(cls, shop: str) -> str:
        name = shop.strip().removesuffix(".myshopify.com")
        if not _DOMAIN.fullmatch(f"{name}.myshopify.com"):
            raise ValueError("must be the store's name such as example or example.myshopify.com")
        return name.lower()

    @field_validator("note_template")
    @classmethod
    def _check_template(cls, source: str) -> str:
        try:
            Template(source)
        except TemplateError as error:
            raise ValueError(str(error)) from None
        return source

    @field_validator("taxes")
    @classmethod
    def _check_countries(cls, taxes: dict[str, TaxRate]) -> dict[str, TaxRate]:
        for country in taxes:
            if country_code(country) != country:
                raise ValueError(f"{country!r} is not an ISO 3166 alpha-2 country code such as GB")
        return taxes

    @model_validator(mode="after")
    def _signs_in_one_way(self) -> Self:
        pair = (self.client_id, self.client_secret)
        if (self.token is not None and any(pair)) or (self.token is None and not all(pair)):
            raise ValueError("give either token, or client_id together with client_secret")
        return self


@hookimpl
def describe() -> Channel:
    """Say what the channel is."""
    # Points per second and bucket of the standard plan; every answer tells the store's own figures.
    # https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits
    pacing = CostBucket(rate=100, burst=2000, reserve=0.1)
    limits = Limits(in_flight=4, batch_size=1, settle_seconds=60, pacing=pacing)
    return Channel(title="Shopify", settings=Settings, limits=limits, min_interval=timedelta(minutes=5))
