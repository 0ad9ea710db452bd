"""The settings of a JOOR connection, and what the channel bears."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, Self

import orderweft
from orderweft import Channel, FixedWindow, Limits, OptionalText, ServiceUrl, account_field, hookimpl
from pydantic import Field, SecretStr, model_validator

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
    """Take only orders assigned to this JOOR warehouse (name or code) or to none, which get it; blank takes all."""
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
    """Orders asked for in one call."""

    @model_validator(mode="after")
    def _v4_is_complete(self) -> Self:
        if self.acknowledge == "v4" and self.missing_for_v4:
            raise ValueError(f'acknowledge = "v4" also needs {", ".join(self.missing_for_v4)}')
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
        limits=Limits(in_flight=1, batch_size=100, pacing=pacing),
        min_interval=timedelta(minutes=15),
    )
