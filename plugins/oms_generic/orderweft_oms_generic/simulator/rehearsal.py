"""The simulators as a connection sees them: chosen by its profile, with the settings of this plugin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from orderweft import Clock
from orderweft.testing import Simulator as Protocol
from orderweft.testing import SystemClock

from ..profiles.answers import classify
from ..profiles.dry_run import asked
from ..profiles.loading import load_profile
from ..profiles.model import Profile
from .folder import FileSystem
from .in_house import InHouse
from .sampled import Sampled
from .samples import as_request
from .simulator import Simulator
from .wire import Refusal

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
_MORE = {
    "order_desk": {"style_separator": "-"},
    "cartrover": {"sku_field": "sku", "quantity_field": "quantity_available"},
    "skubana": {"style_separator": "-"},
    "netsuite": {"style_separator": "-"},
}
"""What else is true of the account that is played, such as how the sample brand's SKUs are made."""
_REFERENCES = ("env:", "file:", "keyring:")


class Rehearsed(Simulator):
    """One account of an order-management system.

    *system* is that of its profile, or `in_house`, which is spoken to by the profile that *account* names.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        seed: int = 0,
        system: str = "order_desk",
        account: Mapping[str, Any] | None = None,
        **switches: Any,
    ) -> None:
        super().__init__(clock=clock, seed=seed, system=system, **switches)
        self.title = self.system.title
        self._name = system
        self._account = account
        self._fields = {name: str(switches.get(name, text)) for name, text in _MORE.get(system, {}).items()}

    def settings(self) -> Mapping[str, Any]:
        """Return the profile and its values."""
        given = dict(super().settings())
        if self._account is not None:
            values = {name: text or given["token"] for name, text in self._account["values"].items()}
            return {**self._account, "values": values}
        if self._name not in _KNOWN:
            return {"profile": self._name, "values": given}
        renamed = _RENAMED.get(self._name, {})
        values = {renamed.get(name, name): text for name, text in given.items()}
        return {
            "profile": self._name,
            "values": {name: values[name] for name in _KNOWN[self._name]} | self._fields,
        }


def rehearsed(settings: Mapping[str, Any], folder: Path) -> Callable[..., Protocol]:
    """Return what plays the system that a connection with *settings*, as written, leads to.

    A profile of one's own is played by the in-house system where that understands it, else out of its own samples.
    Raises SettingsError when the profile does not load.
    """
    name = str(settings.get("profile") or "order_desk")
    if name in _KNOWN:
        return partial(Rehearsed, system=name)
    profile = load_profile(name, folder)
    account = _account(profile, settings)
    if profile.transport == "files":
        return partial(FileSystem, profile=profile, account=account)
    if _speaks_in_house(profile):
        return partial(Rehearsed, system="in_house", account=account, throttle="off")
    return partial(Sampled, profile=profile, account=account)


def _account(profile: Profile, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the account that is played: as written, with every secret and reference left open."""
    written = settings.get("values")
    values = {name: str(text) for name, text in written.items()} if isinstance(written, Mapping) else {}
    for name, spec in profile.settings.items():
        is_open = spec.kind == "secret" or values.get(name, "").startswith(_REFERENCES)
        is_asked = spec.needed or f"settings.{name}" in str(profile.auth)
        if is_open or (is_asked and name not in values):
            made_up = next(iter(spec.choices), f"simulated-{name}")
            values[name] = "" if spec.kind == "secret" else spec.default or made_up
    kept = {name: settings[name] for name in ("maps", "extra") if name in settings}
    return {"profile": settings["profile"], "values": values, **kept}


def _speaks_in_house(profile: Profile) -> bool:
    """Return whether the in-house system understands every request among the samples."""
    if [auth.kind for auth in profile.auth.values()] != ["bearer"]:
        return False
    base = urlsplit(profile.base).path.rstrip("/")
    system = InHouse(SystemClock(), 0, {"unknown_sku": "accepted"})
    for sample in profile.samples:
        if (found := asked(profile, sample)) is None:
            continue
        place, call = found
        try:
            answer = system.answer(as_request(f"https://in-house.example{base}", call))
        except Refusal:
            return False
        if classify(profile, place.call, answer.status, answer.headers, answer.json()).is_ != "ok":
            return False
    return True
