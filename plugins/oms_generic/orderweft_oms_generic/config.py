"""The settings of a connection to an order-management system, the profile they name, and what the channel is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

import orderweft
from orderweft import Channel, Limits, SettingsError, Template, TemplateError, account_field, hookimpl
from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from .client.overrides import with_extra, with_maps
from .profiles.calls import addresses, auth_of, base_url, render_auth, resolve_settings
from .profiles.expressions import NAMED_SETTING
from .profiles.folders import check_files
from .profiles.hosts import is_private, told
from .profiles.lint import RECORDS
from .profiles.loading import bundled, load_profile
from .profiles.model import Profile
from .profiles.places import calls_of, readings_of


def _text(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, bool | float):
        raise ValueError("must be text; put it in quotes")
    return value


Value = Annotated[SecretStr, BeforeValidator(_text)]


class Settings(orderweft.Settings):
    """Settings of one account of an order-management system."""

    profile: str = account_field(min_length=1, identity=True)
    """The profile that knows the system: the id of one that comes with the plugin (`order_desk`, `cartrover`,
    `skubana`, `netsuite`), or the path of a file of your own, which ends in `.yaml` and begins at the folder of
    `orderweft.toml`."""
    values: dict[str, Value] = account_field(default_factory=dict)
    """What the profile's own settings ask for, such as the access token: `[connections.NAME.values]`. Secrets are best
    given as `env:NAME`, `file:PATH` or `keyring:SERVICE/USER`."""
    subtract_in_flight: bool = account_field(default=False)
    """For profiles of files: whether orders handed over after the stock was written are taken off it."""
    allow_private: bool = account_field(default=False)
    """Whether the profile may lead to this machine or its own network, where in-house systems are; `base_url` always
    may."""
    maps: dict[str, dict[str, str]] = account_field(default_factory=dict)
    """Entries to add to the profile's maps of words, or to change in them: `[connections.NAME.maps.NAME_OF_MAP]`."""
    extra: dict[str, str] = account_field(default_factory=dict)
    """More fields of new orders, by their path in what is sent: `"custbody_season" = "=order.season.name"`. What begins
    with `=` is an expression as in profiles; `items.*.FIELD` is a field of every line, named as in the profile."""

    folder: str | None = account_field(default=None, min_length=1, identity=True)
    """Where files are exchanged, for profiles of files: a path on this machine, `sftp://user@host/path`,
    `ftps://user@host/path` or `s3://bucket/prefix`."""
    password: SecretStr | None = account_field(default=None, min_length=1)
    """Password of the SFTP or FTPS user."""
    private_key: SecretStr | None = account_field(default=None, min_length=1)
    """Private key of the SFTP user, as text, in the place of a password."""
    host_key: str | None = account_field(default=None, min_length=1)
    """The SFTP server's public key, such as `ssh-ed25519 AAAA...` or `SHA256:...`; no other server is spoken to."""
    access_key: str | None = account_field(default=None, min_length=1)
    """Access key of the S3 bucket."""
    secret_key: SecretStr | None = account_field(default=None, min_length=1)
    """Secret key of the S3 bucket."""
    region: str | None = account_field(default=None, min_length=1)
    """Region of the S3 bucket."""
    endpoint: str | None = account_field(default=None, min_length=1)
    """Address of an S3 server other than Amazon's."""
    ca_certificate: str | None = account_field(default=None, min_length=1)
    """Certificate of an authority to trust besides this machine's, in PEM, for FTPS and S3."""

    item_code: str | None = Field(default=None, min_length=1)
    """What the system calls an item by: `sku`, `barcode`, or a template over `line`, such as
    `{{ line.style_number }}-{{ line.color_code }}-{{ line.size }}`, which counts for what is sent only. As the profile
    says when left out."""
    stock_scope: Literal["location", "total"] = "location"
    """Whether stock is told per `location`, as the profile reads it, or in `total`, summed over all locations."""
    stock_code: Literal["sku", "barcode"] | None = None
    """The only code stock is told by; what has no such code is left out and named. Every code there is when left
    out."""
    minimum_stock: int | None = Field(default=None, ge=0)
    """Stock below this many pieces is told as 0; when left out, stock is told as it is, below zero when oversold."""
    earliest_order_date: date | None = None
    """Orders taken before this day are left out when orders are read."""
    first_run_days: int = Field(default=30, ge=1, le=3650)
    """How many days back the first reading of orders goes."""
    overlap_minutes: int = Field(default=60, ge=0, le=10080)
    """How far each reading of orders reaches back behind the newest change the one before has seen."""

    _system: Profile = PrivateAttr()
    _texts: Mapping[str, str | None] = PrivateAttr()
    _barcodes: frozenset[type[BaseModel]] = PrivateAttr()

    @field_validator("item_code")
    @classmethod
    def _check_item_code(cls, source: str | None) -> str | None:
        if source is None or source in ("sku", "barcode"):
            return source
        try:
            names = Template(source).names()
        except TemplateError as error:
            raise ValueError(str(error)) from None
        fields = set(orderweft.OrderLine.model_fields) & set(orderweft.Item.model_fields)
        strange = sorted(name for name in names if name not in {"line", *(f"line.{field}" for field in fields)})
        if strange or not names:
            there = f"there is only `line`, with {', '.join(sorted(fields))}"
            raise ValueError(f"must be sku, barcode or a template over a line; {there}")
        return source

    @model_validator(mode="after")
    def _knows_the_system(self, info: ValidationInfo) -> Self:
        try:
            profile = load_profile(self.profile, (info.context or {}).get("folder"))
            self._system = with_extra(with_maps(profile, self.maps), self.extra)
            given = {name: value.get_secret_value() for name, value in self.values.items()}
            if self.item_code is not None and "item_code" in profile.settings:
                given.setdefault("item_code", "barcode" if self.item_code == "barcode" else "sku")
            self._texts = resolve_settings(profile, given)
            self._barcodes = frozenset(RECORDS[name] for name, (_, reading) in readings_of(profile).items()
                                       if "barcode" in _keys(reading.rows.record))  # fmt: skip
            self._check()
        except SettingsError as error:
            raise ValueError(str(error)) from None
        limits = {"in_flight": profile.in_flight, "settle_seconds": profile.settle_seconds}
        # defaults come from the profile; they do not count as given, so that they are not written anywhere
        self.__dict__.update({name: value for name, value in limits.items() if getattr(self, name) is None})
        return self

    def _check(self) -> None:
        profile = self._system
        if profile.transport == "files":
            if self.folder is None:
                raise SettingsError(f"folder is needed, for {profile.id} exchanges files")
            check_files(profile, self._texts)
        stock = profile.inventory.read
        if self.subtract_in_flight and not (
            stock and stock.file and stock.file.pick == "newest" and profile.orders and profile.orders.file
        ):
            raise SettingsError(
                f"subtract_in_flight is for systems that take orders and give stock as files; {profile.title} tells"
                " what it has when it is asked, and what it holds back for orders is known to it alone"
            )
        if profile.transport == "files":
            return
        if profile.status == "retired" and self.base_url is None:
            raise SettingsError(f"{profile.title} is no longer there; its profile serves as an example only")
        base_url(profile, self._texts)
        wrong: list[str] = []
        for name in sorted({auth_of(profile, place.call, self._texts) or "" for place in calls_of(profile)} - {""}):
            try:
                render_auth(profile, name, self._texts)
            except SettingsError as error:
                wrong.append(str(error))
        if wrong:
            raise SettingsError("\n".join(wrong))
        for host in self._hosts():
            if is_private(host):
                raise SettingsError(told(host, profile.title))

    def _hosts(self) -> set[str]:
        """Return the hosts the profile leads to, unless the connection names or allows them."""
        if self.base_url is not None or self.allow_private or self._system.transport == "files":
            return set()
        return {urlsplit(url).hostname or "" for url in addresses(self._system, self._texts)}

    @property
    def doubtful_hosts(self) -> set[str]:
        """Return the hosts to resolve before the first call: those only a profile of the user's own leads to."""
        return set() if self.profile in bundled() else self._hosts()

    @property
    def system(self) -> Profile:
        """Return the profile, with this account's maps and extra fields."""
        return self._system

    @property
    def texts(self) -> Mapping[str, str | None]:
        """Return the value of every setting of the profile, secrets among them."""
        return self._texts

    @property
    def kinds_with_barcodes(self) -> frozenset[type[BaseModel]]:
        """Return the records whose barcodes the profile reads from a field of their own."""
        return self._barcodes

    @property
    def secret_texts(self) -> list[str]:
        """Return the secrets among the values."""
        specs = self._system.settings
        return [text for name, text in self._texts.items() if text and specs[name].kind == "secret"]

    @property
    def service_url(self) -> str:
        """Return the address of the host; the paths of the profile's base and calls come behind it."""
        if self._system.transport == "files":
            return self.base_url or ""
        return self.base_url or _origin(base_url(self._system, self._texts))

    @property
    def path(self) -> str:
        """Return the path all calls go below."""
        return urlsplit(base_url(self._system, self._texts)).path.rstrip("/")

    def identity(self) -> dict[str, str]:
        """Return what tells which account this is: the profile, the folder and the values that sign in, no secret."""
        specs = self._system.settings
        named = {name for source in _sources(self._system) for name in NAMED_SETTING.findall(source)}
        shown = {name: self._texts[name] for name in sorted(named & specs.keys()) if specs[name].kind != "secret"}
        return super().identity() | {"profile": self._system.id} | {name: text for name, text in shown.items() if text}


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _keys(tree: Any) -> Iterator[str]:
    """Yield the names of all fields in a tree."""
    for key, below in tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ():
        yield str(key).removesuffix("!")
        yield from _keys(below)


def _sources(profile: Profile) -> Iterator[str]:
    yield profile.base
    for auth in profile.auth.values():
        yield from auth.headers.values()
        yield from filter(None, (auth.user, auth.client_id, auth.realm))


@hookimpl
def describe() -> Channel:
    """Describe the channel; how much a system bears stands in its profile."""
    return Channel(
        title="Order-management system",
        settings=Settings,
        limits=Limits(in_flight=1, batch_size=1, batch_sizes={"inventory": 200, "customers": 50}),
    )
