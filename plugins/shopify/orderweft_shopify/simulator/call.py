"""One request while it is answered: what the caller may see, and what the answer has to mention."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .values import Refusal

if TYPE_CHECKING:
    from .store import Store
    from .switches import Switches

Args = dict[str, Any]
"""Arguments of a field, coerced, by the names they have in the schema."""


@dataclass
class Call:
    """What resolvers get as context."""

    store: Store
    version: str
    searches: list[dict[str, Any]] = field(default_factory=list)
    """Searches with warnings, for the extensions of the answer."""
    base: str = ""
    """Scheme and host the caller reached the shop at; files are served there, too."""
    variables: dict[str, Any] = field(default_factory=dict)
    """Variables as sent, before they were coerced."""
    answer_name: str = ""
    """The name in the answer of the mutation field being executed."""
    key: str | None = None
    """The idempotency key of the mutation field being executed."""
    answered: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Keyed mutation fields executed, with where to keep what they answered."""
    sku_counts: Counter[str | None] | None = None
    """How many items have each SKU, once somebody asked."""
    whole: bool = False
    """Whether connections are read to the end, as bulk queries do, whatever page they ask for."""

    @property
    def switches(self) -> Switches:
        """Return the switches of the simulator."""
        return self.store.switches

    def require(self, scopes: Collection[str], name: str) -> None:
        """Refuse the field *name* unless one of *scopes* was granted."""
        if self.store.granted.isdisjoint(scopes):
            needed = _sentence(tuple(scopes))
            raise Refusal(
                f"Access denied for {name} field. Required access: {needed}",
                "ACCESS_DENIED",
                documentation="https://shopify.dev/api/usage/access-scopes",
                requiredAccess=needed,
            )

    def require_personal(self, name: str) -> None:
        """Refuse the field *name* unless the app may read personal data."""
        if not self.switches.personal_data:
            page = "https://shopify.dev/docs/apps/launch/protected-customer-data"
            raise Refusal(
                f"This app is not approved to use the {name} field. See {page} for more details.", "ACCESS_DENIED"
            )


def _sentence(scopes: tuple[str, ...]) -> str:
    named = [f"`{scope}` access scope" for scope in scopes]
    return (", ".join(named[:-1]) + " or " if len(named) > 1 else "") + named[-1] + "."
