"""What every channel's settings have in common; a channel subclasses `Settings`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def is_loopback(url: str) -> bool:
    """Return whether *url* points at this machine."""
    return (urlsplit(url).hostname or "") in _LOOPBACK


def _check_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be a full address such as https://api.example.com")
    if parts.query or parts.fragment or any(mark.isspace() for mark in url):
        raise ValueError("must end before any ? or # and hold no spaces")
    if parts.username or parts.password:
        raise ValueError("must not carry a user name or password; credentials have settings of their own")
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("must have a port up to 65535, or none") from None
    if parts.scheme == "http" and not is_loopback(url):
        raise ValueError("must begin with https:// (plain http is allowed for this machine only)")
    return url.rstrip("/")


ServiceUrl = Annotated[str, AfterValidator(_check_url)]
"""An https address; plain http only for loopback."""


def account_field(*, suggested: bool = False, identity: bool = False, **more: Any) -> Any:
    """Declare a setting that belongs to the account, so that no pipeline may override it.

    A *suggested* one is asked for by `orderweft init` although another setting could stand in for it. An *identity*
    tells which account it is: the ledger refuses to go on with another one under the same name. It is never a secret.
    """
    return Field(json_schema_extra={"account": True, "suggested": suggested, "identity": identity}, **more)


class Settings(BaseModel, ABC):
    """Settings of one connection: frozen, unknown keys refused, every field described.

    A pipeline may override any of them in `source_options` or `destination_options`, except those declared with
    `account_field`. Validators find in their context `folder`, that of the configuration, where relative paths begin.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    base_url: ServiceUrl | None = account_field(default=None)
    """Another address for the channel, such as a proxy or a simulator; the vendor's own when left out."""
    timeout: float = Field(default=30.0, gt=0, le=120)
    """Seconds to wait for the answer to a read; writes are given twice as long."""
    in_flight: int | None = Field(default=None, ge=1, le=8)
    """Calls at the same time; the channel's own figure when left out."""
    settle_seconds: float | None = Field(default=None, ge=0, le=3600)
    """Seconds after a call without an answer before it is looked up; the channel's own figure when left out."""

    @property
    @abstractmethod
    def service_url(self) -> str:
        """Return the address requests go to: `base_url` or the vendor's."""

    def identity(self) -> dict[str, str]:
        """Return the given settings that tell which account this is."""
        return {
            name: str(getattr(self, name))
            for name, field in type(self).model_fields.items()
            if isinstance(field.json_schema_extra, dict)
            and field.json_schema_extra.get("identity")
            and getattr(self, name) is not None
        }

    @classmethod
    def account_fields(cls) -> frozenset[str]:
        """Return the names of the settings that no pipeline may override."""
        return frozenset(
            name
            for name, field in cls.model_fields.items()
            if isinstance(field.json_schema_extra, dict) and field.json_schema_extra.get("account")
        )
