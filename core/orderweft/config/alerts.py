"""The `[alerts.NAME]` tables: who is told what needs a person, and how."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from ..records import Reason
from ..settings import is_loopback
from .secrets import PLACEHOLDER

AlertReason = Literal[Reason, "alert_failed", "changed", "run_failed", "run_stopped"]
"""What may be told: the reason class of a hold, or that an alert, an order or a run needs a look."""
Detail = Literal["none", "numbers", "names"]

_INTERVAL = re.compile(r"([1-9][0-9]{0,3})\s*(m|h|d)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def _interval(value: object) -> object:
    match = _INTERVAL.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("must be an interval such as '4h' or '1d'")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _address(text: str) -> str:
    if not re.fullmatch(r"[^@\s<>,;]+@[^@\s<>,;]+", text) or not text.isascii():
        raise ValueError("must be a plain e-mail address such as ops@example.com")
    return text


def _hook(secret: SecretStr) -> SecretStr:
    url = secret.get_secret_value()
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError("must be a full address such as https://hooks.example.com/abc") from None
    if url == PLACEHOLDER:
        return secret
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isprintable() or " " in url:
        raise ValueError("must be a full address such as https://hooks.example.com/abc")
    if parts.scheme == "http" and not is_loopback(url):
        raise ValueError("must begin with https:// (plain http is allowed for this machine only)")
    return secret


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Address = Annotated[str, AfterValidator(_address)]
HookUrl = Annotated[SecretStr, AfterValidator(_hook)]


class Alert(BaseModel, ABC):
    """What every `[alerts.NAME]` table may have."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: str
    """`email`, `slack` or `webhook`."""
    pipelines: tuple[str, ...] | None = None
    """The pipelines it tells of; all when left out."""
    reasons: tuple[AlertReason, ...] | None = None
    """What it tells of: reasons to hold such as `no_stock`, `run_failed`, `run_stopped` (by the guard), `changed` (an
    order, after it was delivered), `alert_failed` (another alert); all when left out."""
    detail: Detail = "numbers"
    """`none`: how many and why. `numbers`: also order numbers, account codes and what is wrong, with names left out.
    `names`: also what customers are called."""
    repeat: Annotated[timedelta, BeforeValidator(_interval)] = timedelta(days=1)
    """When what still waits is told again: minutes, hours or days, such as `4h`."""
    recovery: bool = True
    """Whether it tells that something told before is over."""
    escalate_days: Annotated[int, Field(ge=0, le=365)] = 7
    """A held order whose ship window closes within so many days is told once more, marked as urgent; 0 marks none."""
    timeout: Annotated[float, Field(gt=0, le=60)] = 10.0
    """Seconds to wait for an answer of the mail server or webhook."""

    @property
    @abstractmethod
    def place(self) -> str:
        """Return where it goes, without anything secret."""

    def tells(self, pipeline: str) -> bool:
        """Return whether it tells of *pipeline*."""
        return self.pipelines is None or pipeline in self.pipelines


class EmailAlert(Alert):
    """A mail server and whom it writes to."""

    kind: Literal["email"]
    where: Annotated[tuple[Address, ...], BeforeValidator(_listed), Field(min_length=1)]
    """Who gets it: one address or a list."""
    sender: Address
    """The address it comes from."""
    server: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")]
    """The mail server's name."""
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """587 with `starttls` and 465 with `tls` when left out."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """How the way to the server is protected. Its certificate is always verified. `none` is for this machine only."""
    user: str | None = None
    """Who signs in, where the server asks for it."""
    password: SecretStr | None = None
    """Goes with `user`."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password go together")
        if not f"{self.user}{self.password and self.password.get_secret_value()}".isascii():
            raise ValueError("user and password may hold plain ASCII characters only")
        if self.security == "none" and not is_loopback(f"//{self.server}"):
            raise ValueError('security = "none" is allowed for a mail server on this machine only')
        return self

    @property
    def address(self) -> tuple[str, int]:
        """Return name and port of the server."""
        return self.server, self.port or _PORTS[self.security]

    @property
    def place(self) -> str:
        """Return who gets it."""
        return ", ".join(self.where)


class HookAlert(Alert):
    """An address that takes messages over HTTP."""

    where: HookUrl
    """Its whole address. Whoever knows it can write there, so it is kept like a password."""

    @property
    def place(self) -> str:
        """Return the host, and nothing of the path."""
        return urlsplit(self.where.get_secret_value()).netloc.rpartition("@")[2] or "kept elsewhere"


class SlackAlert(HookAlert):
    """An incoming webhook of Slack, or of a chat that takes the same, such as Mattermost."""

    kind: Literal["slack"]


class WebhookAlert(HookAlert):
    """Any program that takes JSON."""

    kind: Literal["webhook"]
    secret: SecretStr
    """Messages are signed with it, so that the program can tell that they are ours."""


ALERTS: Mapping[str, type[Alert]] = {"email": EmailAlert, "slack": SlackAlert, "webhook": WebhookAlert}
"""Kind → what its table may have."""
