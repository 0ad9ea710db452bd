"""The settings of a JOOR connection, and what the channel bears."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, Self

import orderweft
from orderweft import (
    Channel,
    FixedWindow,
    Item,
    Limits,
    OptionalText,
    ServiceUrl,
    Template,
    TemplateError,
    Text,
    account_field,
    hookimpl,
)
from pydantic import Field, SecretStr, field_validator, model_validator

OrderFilterName = Literal["notes", "approved_shipped", "pending", "all", "cancelled", "approved", "shipped"]

_SERVICE = "https://api.jooraccess.com"
_SANDBOX_SERVICE = "https://apisandbox.jooraccess.com"
_SIGN_IN = "https://atlas.jooraccess.com/auth"
_SANDBOX_SIGN_IN = "https://atlas-sandbox.jooraccess.com/auth"


class Settings(orderweft.Settings):
    """Settings of one JOOR account."""

    token: SecretStr = account_field(min_length=1)
    """The access token JOOR issues for the account; sandbox and production have different ones."""
    sandbox: bool = account_field(default=False, identity=True)
    """Talk to JOOR's sandbox, which touches no real data."""
    auth_url: ServiceUrl | None = account_field(default=None)
    """Another address for the v4 sign-in; JOOR's own, or `auth/` below `base_url`, when left out."""
    account_id: str | None = account_field(default=None, min_length=1, identity=True)
    """JOOR's id of the account; the v4 calls need it."""
    client_id: str | None = account_field(default=None, min_length=1)
    """OAuth client id for the v4 sign-in."""
    client_secret: SecretStr | None = account_field(default=None, min_length=1)
    """OAuth client secret for the v4 sign-in."""
    username: str | None = account_field(default=None, min_length=1)
    """JOOR user name for the v4 sign-in."""
    password: SecretStr | None = account_field(default=None, min_length=1)
    """JOOR password for the v4 sign-in."""

    order_status: OrderFilterName = "approved"
    """Which orders are taken; `all` means everything that is not cancelled, `pending` includes returned ones."""
    warehouse: OptionalText = None
    """Take only orders assigned to this JOOR warehouse (name or code) or to none, which get it; blank takes all. Stock
    that names no warehouse goes to it, by its name in JOOR; stock cannot be sent without one."""
    skip_empty_customer_code: bool = True
    """Leave out orders whose customer has no code in JOOR."""
    case_packs: Literal["hold", "units", "packs"] = "hold"
    """What the quantity of a case-pack line counts where the order's own figures do not tell: hold such orders, or take
    it for `units` or for `packs`."""

    acknowledge: Literal["none", "v4"] = "none"
    """Whether JOOR is told what became of each order: not at all, or by the v4 order API."""
    acknowledge_with_status: bool = True
    """Send each order's present status back with its export result, as JOOR's reference asks."""

    read_mode: Literal["window", "sync"] = "window"
    """How orders are read: by modification date, which changes nothing, or from JOOR's own export queue, which marks
    them as exported."""
    first_run_days: int = Field(default=30, ge=1, le=3650)
    """How many days the first run looks back."""
    overlap_minutes: int = Field(default=60, ge=1, le=10080)
    """How far each run reaches back behind the end of the one before."""
    page_size: int = Field(default=50, ge=1, le=500)
    """Orders, styles or customers asked for in one call."""
    rows_per_call: int | None = Field(default=None, ge=1)
    """Rows of stock, customers or products sent in one call at most, where JOOR takes fewer than it is sent otherwise;
    it documents no figure. An overwrite and the SKUs of one product are never divided."""

    item_identifier: Literal["upc", "style"] = "upc"
    """How stock names its item: by UPC, which is the barcode, or by the four templates below."""
    style_number: str = "{{ item.style_number }}"
    """Template of the style number, for `item_identifier = "style"`; the item is `item`."""
    style_identifier: str = "{{ item.style_identifier or item.style_number }}"
    """Template of the style identifier, for `item_identifier = "style"`."""
    color_code: str = "{{ item.color_code }}"
    """Template of the color code, for `item_identifier = "style"`."""
    size: str = "{{ item.size }}"
    """Template of the name of the size, for `item_identifier = "style"`."""
    known_warehouses: tuple[Text, ...] = ()
    """The warehouses by their names in JOOR's order settings, besides `warehouse`. JOOR neither lists them nor refuses
    unknown ones, so stock for any other is held."""
    negative_stock: Literal["zero", "refuse"] = "zero"
    """What becomes of stock below zero: it is sent as 0, or held."""
    dec_pending: bool = False
    """Let JOOR subtract the pieces on its own pending orders from the stock sent; for sources that do not count
    them."""
    overwrite_scope: Literal["account", "warehouse"] = "account"
    """What overwriting stock clears: everything not named in the whole account, or in the warehouses named. JOOR's
    pages contradict each other. The assumption `account` is the careful one: overwriting then needs stock of every
    known warehouse. Confirm with JOOR before changing it."""
    inventory_json: Literal["object", "list"] = "object"
    """Whether stock is sent as one JSON object or as a list that holds it. Assumption from public code; confirm with
    one call in the sandbox."""
    immediate_date: Literal["omit", "IMMEDIATE"] = "omit"
    """What stands for the date of stock that is there now: nothing, as documented, or the word some clients send.
    Assumption; confirm that JOOR shows such stock as immediate."""
    future_dates: Literal["YYYY-MM-DD", "MM-DD-YYYY"] = "YYYY-MM-DD"
    """How the day of future stock is written; JOOR documents both."""
    identifier_spelling: Literal["style_identifier", "style_identifer"] = "style_identifier"
    """How the style identifier is spelt in stock rows. Assumption: as everywhere else in JOOR; its page on stock lacks
    an `i`. Confirm with one call in the sandbox."""
    made_to_order_flag: Literal["when_true", "always"] = "when_true"
    """Whether the flag goes out with made-to-order stock only, or as false with counted stock, too. Assumption: counted
    stock ends made to order by itself; confirm it with an item that was made to order before."""

    catalog_api: Literal["v4", "v2"] = "v4"
    """The API products are read and written by: v4, which JOOR asks new integrations to use, or the older styles."""
    v4_external_id: Literal["style_identifier", "style_number"] = "style_identifier"
    """Which key of a style the v4 field `external_id` holds; `product_identifier` holds the other one. Assumption;
    compare a product that is in JOOR already before the first write. Products found the other way round are held."""
    collections: Literal["add", "leave"] = "add"
    """Whether a product is added to the collections it names; it is never taken out of one."""
    zero_price: Literal["missing", "send"] = "missing"
    """Whether a wholesale price of 0.00 means that there is none, and is left out, or is sent."""
    incomplete_grid: Literal["fill", "refuse"] = "fill"
    """What becomes of a product that lacks some color in some size: JOOR wants each combination, so the others are
    added without a UPC, or the product is held."""
    one_color: Text = "One Color"
    """Name JOOR is given for the color of products that come in a color without a name."""
    one_size: Text = "One Size"
    """Name JOOR is given for the size of products that come in a size without a name."""
    upc_type: Literal["UPC", "upc", "EAN", "GTIN"] = "UPC"
    """Type a barcode is sent under by the v4 API. Assumption: as documented, in capitals; other clients send `upc`.
    Confirm that the UPC shows on the SKU in JOOR."""
    images: Literal["add", "leave"] = "add"
    """Whether new pictures are sent; none is ever removed. Assumption: names and asset ids that carry the picture's
    checksum keep JOOR from storing one twice."""

    customer_list: bool = True
    """Read customers as one list, `GET /v2/connection`. Assumption: it is paged like orders and styles; JOOR documents
    such an answer but not the address. Without it customers cannot be read as a source, and are looked up one by
    one."""
    customer_json: Literal["plain", "nested"] = "plain"
    """Whether addresses are sent as a plain JSON list or inside the nodes of the XML form. Assumption; confirm with one
    customer in the sandbox."""
    customer_statuses: tuple[Literal["active", "inactive", "on_hold"], ...] = ("active",)
    """Which customers JOOR is given; those whose source tells no status always."""
    experimental_shipments: bool = False
    """Tell JOOR what was shipped: tracking numbers on its orders, and the status SHIPPED once all was sent. Assumption:
    JOOR documents no call for shipments, but such fields of an order; try it with one order in the sandbox. Needs the
    v4 sign-in."""
    job_wait: float = Field(default=120.0, ge=0, le=3600)
    """Seconds to wait for one of JOOR's background jobs, which take customers and v2 styles."""

    @field_validator("style_number", "style_identifier", "color_code", "size")
    @classmethod
    def _check_template(cls, source: str) -> str:
        try:
            names = Template(source).names()
        except TemplateError as error:
            raise ValueError(str(error)) from None
        for name in sorted(names):
            head, _, field = name.partition(".")
            if head != "item" or (field and field.partition(".")[0] not in Item.model_fields):
                fields = ", ".join(Item.model_fields)
                raise ValueError(f"{name!r} does not exist; there is only `item`, with {fields}")
        return source

    @model_validator(mode="after")
    def _v4_is_complete(self) -> Self:
        if self.acknowledge == "v4" and self.missing_for_v4:
            raise ValueError(f'acknowledge = "v4" also needs {", ".join(self.missing_for_v4)}')
        if self.experimental_shipments and self.missing_for_v4:
            raise ValueError(f"experimental_shipments = true also needs {', '.join(self.missing_for_v4)}")
        return self

    @property
    def missing_for_v4(self) -> tuple[str, ...]:
        """Return the names of the settings the v4 calls need and that are not given."""
        names = ("account_id", "client_id", "client_secret", "username", "password")
        return tuple(name for name in names if getattr(self, name) is None)

    @property
    def service_url(self) -> str:
        """Return the address of the v2 and v4 calls."""
        return self.base_url or (_SANDBOX_SERVICE if self.sandbox else _SERVICE)

    @property
    def sign_in_url(self) -> str:
        """Return the address of the v4 sign-in."""
        own = f"{self.base_url}/auth" if self.base_url else _SANDBOX_SIGN_IN if self.sandbox else _SIGN_IN
        return f"{self.auth_url or own}/"


@hookimpl
def describe() -> Channel:
    """Describe JOOR with the limits it documents."""
    # A fixed window of 300 s has 300 credits; a GET costs 1, a write 5: api-docs.jooraccess.com/docs/rate-limits
    pacing = FixedWindow(credits=300, seconds=300, cost={"POST": 5, "PUT": 5, "DELETE": 5})
    return Channel(
        title="JOOR",
        settings=Settings,
        # Bulk calls are wanted and their greatest size is not documented; these have room in the 300 credits.
        limits=Limits(
            in_flight=1,
            batch_size=100,
            batch_sizes={"inventory": 1000, "catalog": 25, "customers": 100, "shipments": 100},
            pacing=pacing,
        ),
        min_interval=timedelta(minutes=15),
    )
