"""The settings of a Zedonk connection, the column profile they refer to, and what follows for the records."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from importlib import resources
from typing import Annotated, Any, Literal, Self

import orderweft
from orderweft import (
    Channel,
    Connection,
    CurrencyCode,
    Kind,
    Limits,
    OptionalText,
    ServiceUrl,
    Template,
    TemplateError,
    Text,
    account_field,
    hookimpl,
)
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

_COMMENTS = "{% if order.purchase_order %}PO {{ order.purchase_order }}. {% endif %}{{ order.note }}"


class Dataset(BaseModel):
    """What the profile says of one kind of file or report."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    report: str
    by_season: bool = False
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Return all columns, those that are needed first."""
        return (*self.required, *self.optional)


class Call(BaseModel):
    """How a report is asked for and where its rows are in the answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    default: str
    season: str
    prefix: str
    clause: str
    code: str
    ok: tuple[str, ...]
    message: str
    rows: tuple[str, ...]
    parameters: Mapping[str, str]


class Profile(BaseModel):
    """The names Zedonk's side uses."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: str
    words: Mapping[Literal["true", "false"], frozenset[str]]
    currencies: Mapping[str, str]
    call: Call
    datasets: Mapping[str, Dataset]


PROFILE = Profile.model_validate(
    tomllib.loads(resources.files(__package__).joinpath("columns.toml").read_text(encoding="utf-8"))
)


class Settings(orderweft.Settings):
    """Settings of one Zedonk tenant."""

    folder: str | None = account_field(default=None, min_length=1, suggested=True, identity=True)
    """Where files are exchanged: a path on this machine, or `sftp://user@host/path`."""
    password: SecretStr | None = account_field(default=None, min_length=1)
    """Password of the SFTP user, and of the report user where `report_password` is left out."""
    private_key: SecretStr | None = account_field(default=None, min_length=1)
    """Private key of the SFTP user, as text, in the place of a password."""
    host_key: str | None = account_field(default=None, min_length=1)
    """The SFTP server's public key, such as `ssh-ed25519 AAAA...` or `SHA256:...`; no other server is spoken to."""
    read_by: Literal["files", "reports"] = account_field(default="files")
    """Whether data are read from files Zedonk exports or by its report calls; orders always go out as files."""
    report_url: ServiceUrl | None = account_field(default=None, identity=True)
    """Address of the tenant, for report calls."""
    report_path: str = account_field(default="/API/REST/{operation}", pattern=r"^/[^?#]*\{operation\}[^?#]*$")
    """Path of the report calls below that address."""
    username: str | None = account_field(default=None, min_length=1)
    """User name for report calls."""
    report_password: SecretStr | None = account_field(default=None, min_length=1)
    """Password for report calls, where it is not the SFTP user's."""
    key: SecretStr | None = account_field(default=None, min_length=1)
    """API key for report calls."""
    reports: dict[str, str] = account_field(default_factory=dict)
    """The tenant's own report by dataset, such as `prices = "Price Export"`; an empty name means there is none."""
    report_quote: Literal["refuse", "double"] = account_field(default="refuse")
    """What is done with an apostrophe in a season name a report is filtered by."""

    columns: dict[str, dict[str, str]] = account_field(default_factory=dict)
    """The tenant's own column names by dataset: `[columns.products]` with `Colour = "Farbe"`."""
    encoding: Literal["utf-8-sig", "utf-8", "cp1252"] = account_field(default="utf-8-sig")
    """How written files are encoded; files that are read may be any of these."""
    delimiter: Literal[",", ";", "|", "tab"] = account_field(default=",")
    """What separates the columns of written files; files that are read may use any of these."""
    decimal_mark: Literal["auto", ".", ","] = account_field(default="auto")
    """The decimal mark of amounts; `auto` tells it from each file's own amounts and writes a point."""
    date_order: Literal["year", "day", "month"] = account_field(default="year")
    """What dates that are read begin with; `2027-01-31` is understood always."""
    ends_with_line_break: bool = account_field(default=True)
    """Take a file whose last line has no line break for cut off."""
    max_age_hours: int | None = Field(default=168, ge=1)
    """How old an exported file may be; nothing is done with an older one. Lists of seasons and users may be older."""

    order_columns: Literal["extended", "community"] = "extended"
    """Which columns order files have: the twelve a known importer takes, or those and season, approval, owner, dates,
    comments, key and addresses."""
    results: Literal["wait", "none"] = "wait"
    """Whether an order counts as delivered when its import is confirmed, by a result file or by moving it to `done/`,
    or when its file is written."""
    import_season: OptionalText = None
    """Season of orders whose own season Zedonk does not have."""
    season_by: Literal["name", "code"] = "name"
    """Which part of an order's season must be equal to the name of Zedonk's; the code stands in where there is no
    name."""
    import_approved: bool = False
    """Import orders as approved."""
    order_owner: OptionalText = None
    """The Zedonk user who owns imported orders; Zedonk's own import setting when left out."""
    order_reference_template: str = "{{ order.number }}"
    """Template of the order reference; the order is `order`."""
    comments_template: str = _COMMENTS
    """Template of the comments; the order is `order`."""
    unit_price_means: Literal["line_total", "unit"] = "line_total"
    """What stands in the column `Unit Price`; the price of one piece always stands in `Amount per Unit`."""
    check_items: bool = True
    """Hold an order unless Zedonk's product export has every barcode on it."""
    check_customers: bool = True
    """Hold an order unless Zedonk's customer export has its account code among the active customers."""
    add_addresses: bool = True
    """Add delivery and accounts addresses that Zedonk's customer lacks, by a file of their own."""
    barcode_match: Literal["gtin", "exact"] = "gtin"
    """Compare barcodes as numbers, whatever zeros a spreadsheet or another length cost them, or character by
    character."""
    barcode_type: Literal["auto", "ean_13", "upc_a"] = account_field(default="auto")
    """Which barcodes the tenant has, of which there is one kind only; `auto` tells it from the exported ones."""
    currencies: tuple[CurrencyCode, ...] = ()
    """Currencies Zedonk takes orders in; those of the price export when left out."""
    currency_names: dict[str, CurrencyCode] = account_field(default_factory=dict)
    """What the tenant calls its currencies: `"Pound Sterling" = "GBP"`."""

    customers_without_code: bool = False
    """Read customers that have no account code, too."""
    inactive_customers: bool = False
    """Read inactive customers, too."""
    catalogue_only: bool = True
    """Read only products that are in the connector catalogue."""
    without_barcode: Literal["leave_out", "send"] = "leave_out"
    """What happens to sizes without a barcode, in the catalog and in stock."""
    price_seasons: tuple[Text, ...] = ()
    """Seasons prices are taken from; products are read without prices when there are none."""
    price_lists: tuple[Text, ...] = ()
    """Price lists prices are taken from, such as `Wholesale`; all when left out."""
    invisible_price: Literal["zero", "missing"] = "zero"
    """What a product costs that is visible in none of the price seasons."""
    fit_images: bool = False
    """Make copies of images that have another form than 660 x 900 pixels or are larger than 1320 x 1800, never
    distorted."""
    image_folder: OptionalText = None
    """A folder on this machine that keeps copies of the images."""
    image_url: Annotated[str | None, Field(pattern=r"^https?://[^\s]*\{name\}[^\s]*$")] = None
    """Address the images, or the copies in `image_folder`, are reachable at, such as `https://cdn.example/{name}`."""
    stock_seasons: tuple[Text, ...] = ()
    """Seasons whose available-to-sell is added up; without any, there is no stock to read."""
    empty_seasons: Literal["refuse", "allow"] = "refuse"
    """What happens when one of these has no stock at all, as when its export is missing or cut off."""
    negative_ats: Literal["zero", "send"] = "zero"
    """What becomes of a total below zero."""
    include_future_ats: bool = False
    """Read what production still brings, dated with the start date of the docket."""

    @property
    def service_url(self) -> str:
        """Return the address of the report calls, or nothing when only files are used."""
        return self.base_url or self.report_url or ""

    @property
    def password_for_reports(self) -> SecretStr | None:
        """Return the report user's password."""
        return self.report_password or self.password

    @field_validator("order_reference_template", "comments_template")
    @classmethod
    def _check_template(cls, source: str) -> str:
        try:
            Template(source)
        except TemplateError as error:
            raise ValueError(str(error)) from None
        return source

    @field_validator("columns", "reports")
    @classmethod
    def _check_names(cls, given: dict[str, Any]) -> dict[str, Any]:
        for name, value in given.items():
            if name not in PROFILE.datasets:
                raise ValueError(f"there is no dataset {name!r}; there are {', '.join(PROFILE.datasets)}")
            columns = PROFILE.datasets[name].columns
            unknown = [column for column in value if column not in columns] if isinstance(value, dict) else []
            if unknown:
                raise ValueError(f"{name} has no column {unknown[0]!r}; it has {', '.join(columns)}")
        return given

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.folder is None and self.read_by == "files":
            raise ValueError('give folder, or read_by = "reports"')
        if self.read_by == "reports":
            needed = {"report_url": self.service_url, "username": self.username, "key": self.key,
                      "report_password": self.password_for_reports}  # fmt: skip
            missing = [name for name, value in needed.items() if not value]
            if missing:
                raise ValueError(f'read_by = "reports" also needs {", ".join(missing)}')
            if self.password and not self.report_password and (self.folder or "").startswith("sftp:"):
                raise ValueError("password is the SFTP user's; give report_password, too")
        return self


@hookimpl
def describe() -> Channel:
    """Say what the channel is."""
    # One account, one folder: import files are looked for and written by one thread at a time.
    return Channel(
        title="Zedonk",
        settings=Settings,
        limits=Limits(in_flight=1, batch_size=20, settle_seconds=5),
        min_interval=timedelta(minutes=15),
    )


@hookimpl
def provides(connection: Connection[Settings], kind: Kind) -> dict[str, Any] | None:
    """Say what every record read from this tenant carries."""
    settings = connection.settings
    coded = ["barcode"] if settings.without_barcode == "leave_out" else []
    if kind == "inventory" and settings.stock_seasons:
        # A docket names no more than a barcode, a season and a day.
        item = ["style_number", "style_identifier", "color", "size"] if not settings.include_future_ats else []
        never = dict.fromkeys(("style_name", "color_code", "size_code", "sku"), False)
        return {
            "type": "object",
            "required": ["origin", "item", "bucket", "quantity"],
            "properties": {
                "item": {"type": "object", "required": [*item, *coded], "properties": never},
                "bucket": {"enum": ["future", "immediate"] if settings.include_future_ats else ["immediate"]},
                **({} if settings.include_future_ats else {"available_on": False}),
                "updated_at": False,
            },
        }
    if kind == "catalog":
        return _products(settings, coded)
    if kind == "customers":
        required = ["origin", "name", "status", *([] if settings.customers_without_code else ["account_code"])]
        never = dict.fromkeys(("price_label", "ship_method", "company", "tax_number", "updated_at"), False)
        address = {"type": "object", "required": ["role"], "properties": {"role": {"enum": ["accounts", "delivery"]}}}
        return {
            "type": "object",
            "required": required,
            "properties": {**never, "addresses": {"type": "array", "items": address}},
        }
    return None


def _products(settings: Settings, coded: Sequence[str]) -> dict[str, Any]:
    never = ("vendor", "division", "hs_code", "minimum", "updated_at")
    none = {"type": "array", "maxItems": 0}
    sku = {
        "type": "object",
        "required": ["size", *coded],
        "properties": dict.fromkeys(("id", "size_code", "sku"), False),
    }
    color = {
        "type": "object",
        "required": ["color", "skus"],
        "properties": {
            "color_code": False,
            "skus": {"type": "array", "items": sku},
            **({} if settings.price_seasons else {"prices": none}),
        },
    }
    return {
        "type": "object",
        "required": ["origin", "style_number", "style_identifier", "name", "status", "sizes", "colors"],
        "properties": {
            **dict.fromkeys(never, False),
            **({} if settings.price_seasons else {"prices": none}),
            "colors": {"type": "array", "items": color},
        },
    }


@hookimpl
def accepts(connection: Connection[Settings], kind: Kind) -> dict[str, Any] | None:
    """Say what an order needs before it can be handed over."""
    if kind != "orders" or connection.settings.folder is None:
        return None
    line = {
        "type": "object",
        "required": ["quantity"],
        "properties": {"quantity": {"minimum": 1}},
        "anyOf": [{"required": ["barcode"]}, {"required": ["gtin"]}],
    }
    return {
        "type": "object",
        "required": ["number", "currency", "customer", "lines"],
        "properties": {
            "customer": {"type": "object", "required": ["account_code"]},
            "lines": {"type": "array", "minItems": 1, "items": line},
        },
    }
