"""What all mappings use."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from orderweft import Origin


@dataclass(frozen=True, slots=True)
class Source:
    """The connection records are read from."""

    channel: str
    connection: str

    def origin(self, id_: str, revision: str | None = None) -> Origin:
        """Return the origin of the record *id_*."""
        return Origin(channel=self.channel, connection=self.connection, id=id_, revision=revision)


def known(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return *values* without those that say nothing."""
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def iso(instant: datetime) -> str:
    """Return *instant* as Shopify writes it: UTC, whole seconds."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def one_line(text: str) -> str:
    """Return *text* as the store tells descriptions: in one line, without character references."""
    # Tags are taken out of it; whether references are resolved is not said:
    # https://shopify.dev/docs/api/admin-graphql/latest/objects/Product
    return " ".join(html.unescape(text).split())


def number_of(gid: str) -> str:
    """Return the number at the end of *gid*, the one that stands in the addresses of Shopify's admin."""
    return gid.rpartition("/")[2].partition("?")[0]
