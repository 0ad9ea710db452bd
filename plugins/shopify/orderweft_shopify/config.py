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
    quantity_name: Literal["available", "on_hand"] = "available"
    """Which of Shopify's numbers is read and written as stock; `on_hand` still counts what orders have committed."""
    locations: tuple[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)], ...] = ()
    """Names or gids of the locations whose stock is read; all active ones when left out."""
    stock_location: str | None = Field(default=None, min_length=1)
    """Name or gid of the location for stock that names no warehouse; not needed where the store has only one."""
    activate: bool = True
    """Stock an item at a location where it is not stocked yet; otherwise such levels are refused."""
    future_stock: Literal["refuse", "drop"] = "refuse"
    """What becomes of future and made-to-order stock, for which Shopify has no place."""
    untracked: Literal["skip", "made_to_order"] = "skip"
    """How items whose stock Shopify does not track are read: left out, or as made to order."""
    read_by: Literal["auto", "bulk", "pages"] = "auto"
    """How stock and products are read: page by page, in one bulk operation, or whichever suits the store's size."""
    bulk_from: int = Field(default=100, ge=0)
    """Number of products from which on a bulk operation reads them."""
    bulk_wait: float = Field(default=1800.0, ge=1, le=86400)
    """Seconds to wait for a bulk operation, or for a large product to be written."""
    product_search: str | None = Field(default=None, min_length=1)
    """Which products are read, in Shopify's search syntax such as `status:active`; all when left out."""
    flags_namespace: str = Field(default="orderweft", pattern=r"^[A-Za-z0-9_-]{3,255}$")
    """Namespace of the product and variant metafields that become custom fields, such as `skip_push`."""
    color_options: tuple[str, ...] = Field(default=("Color", "Colour"), min_length=1)
    """Names of the product option that tells the color; new products get the first."""
    size_options: tuple[str, ...] = Field(default=("Size",), min_length=1)
    """Names of the product option that tells the size, whatever other options follow it; new products get the first."""
    style_number: str = "{{ product.metafields.style_number or product.handle }}"
    """Template of the style number, made of `product` and its first `variant`."""
    style_identifier: str = "{{ product.metafields.style_identifier }}"
    """Template of the style identifier, made of the same."""
    color_code: str = "{{ variant.metafields.color_code }}"
    """Template of the color code, made of `product` and each `variant`."""
    price_is: Literal["wholesale", "retail"] = "retail"
    """What a variant's price is."""
    compare_at: bool = False
    """Take the price before a reduction, where there is one."""
    wholesale_metafield: str | None = Field(default=None, min_length=2, max_length=64)
    """Key of a variant's or product's metafield in `flags_namespace` that holds the wholesale price."""
    price_label: str | None = Field(default=None, min_length=1)
    """Name of the price list prices are read as, and written from; when left out, products whose lists give several
    prices in the store's currency are held."""
    zero_price: Literal["missing", "send"] = "missing"
    """Whether a price of 0.00 means that there is none, and is left out, or is sent."""
    product_identifier: Literal["metafield", "handle"] = "metafield"
    """How a style finds its product: by a unique metafield and then by its items, or by a handle that is its number."""
    product_status: Literal["DRAFT", "ACTIVE"] = "DRAFT"
    """Status of new products; that of others is left alone."""
    product_texts: Literal["overwrite", "keep"] = "overwrite"
    """What happens to title, description, vendor and type of products the store has already."""
    customers: Literal["accounts", "all"] = "accounts"
    """Which customers are read: those with an account code, or consumers too."""
    shipments: Literal["delivered", "all"] = "delivered"
    """Of which orders shipments are read: those a pipeline delivered, or all."""
    shipment_days: int = Field(default=30, ge=1)
    """How far back the orders were last changed whose shipments are read; beyond 60 days needs `read_all_orders`."""

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

    @field_validator("note_template", "style_number", "style_identifier", "color_code")
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
    def _has_one_wholesale_price(self) -> Self:
        if self.wholesale_metafield and self.price_is == "wholesale":
            raise ValueError('with wholesale_metafield, the variant\'s own price is retail; leave price_is = "retail"')
        return self

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
    sizes = {"inventory": 250, "catalog": 10, "customers": 20}
    limits = Limits(in_flight=4, batch_size=1, batch_sizes=sizes, settle_seconds=60, pacing=pacing)
    return Channel(title="Shopify", settings=Settings, limits=limits, min_interval=timedelta(minutes=5))
