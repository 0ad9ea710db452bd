"""The simulators as a connection sees them: with the settings of this plugin, not the bare credentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orderweft import Clock

from .simulator import Simulator

_RENAMED = {"cartrover": {"api_user": "cart_user", "api_key": "cart_key",
                          "merchant_api_user": "merchant_user", "merchant_api_key": "merchant_key"}}  # fmt: skip
_KNOWN = {
    "order_desk": ("store_id", "api_key"),
    "cartrover": ("cart_user", "cart_key", "merchant_user", "merchant_key"),
    "skubana": ("token", "sales_channel_id"),
    "netsuite": ("account", "client_id", "certificate_id", "private_key", "consumer_key", "consumer_secret",
                 "token_id", "token_secret"),
}  # fmt: skip
"""What the profile of each system asks for."""
_MORE = {"cartrover": {"sku_field": "sku", "quantity_field": "quantity_available"}}


class Rehearsed(Simulator):
    """One account of an order-management system; *system* is that of its profile, or `in_house`, which has none."""

    def __init__(
        self, *, clock: Clock | None = None, seed: int = 0, system: str = "order_desk", **switches: Any
    ) -> None:
        super().__init__(clock=clock, seed=seed, system=system, **switches)
        self._name = system
        self._fields = {name: str(switches.get(name, text)) for name, text in _MORE.get(system, {}).items()}

    def settings(self) -> Mapping[str, Any]:
        """Return the profile and its values."""
        given = dict(super().settings())
        if self._name not in _KNOWN:
            return {"profile": self._name, "values": given}
        renamed = _RENAMED.get(self._name, {})
        values = {renamed.get(name, name): text for name, text in given.items()}
        return {
            "profile": self._name,
            "values": {name: values[name] for name in _KNOWN[self._name]} | self._fields,
        }
