"""The `[serve]` table: how the process behaves that runs pipelines by their schedules."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

OFF = "off"


def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        close = get_close_matches(name, available_timezones(), n=1)
        meant = f"; did you mean {close[0]!r}?" if close else ", such as 'Europe/London'"
        raise ValueError(f"must be the name of a time zone{meant}") from None
    return name


def _check_listen(address: str) -> str:
    try:
        parts = urlsplit(f"//{address}")
        if address != OFF and (not parts.hostname or not parts.port or parts.netloc != address or "@" in address):
            raise ValueError
    except ValueError:
        raise ValueError("must be an address with a port, such as '127.0.0.1:8787', or 'off'") from None
    return address


TimeZone = Annotated[str, AfterValidator(_check_zone)]
"""The name of a time zone."""


class ServeSettings(BaseModel):
    """The `[serve]` table."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    listen: Annotated[str, AfterValidator(_check_listen)] = "127.0.0.1:8787"
    """Where health and metrics are to be had, as address and port; `off` for nowhere. They need no sign-in and tell no
    secrets and no orders, but think twice before you open them to others."""
    timezone: TimeZone = "UTC"
    """The time zone of cron expressions, such as `Europe/London`, unless a pipeline names its own."""
    jitter: Annotated[int, Field(ge=0, le=3600)] = 60
    """Within how many seconds pipelines are spread that would begin at the same moment; each is put off by the same
    part of it every time, at most by a tenth of its interval."""
    stop_seconds: Annotated[int, Field(ge=1, le=600)] = 30
    """How long runs under way may take to finish what is in flight when the process is to stop."""
    unready_after: Annotated[int, Field(ge=1, le=1000)] = 3
    """`/readyz` tells of a pipeline that has been failing for longer than so many of its intervals."""

    @property
    def address(self) -> tuple[str, int] | None:
        """Return host and port to listen at, or None for nowhere."""
        parts = urlsplit(f"//{self.listen}")
        return None if self.listen == OFF else (parts.hostname or "", parts.port or 0)
